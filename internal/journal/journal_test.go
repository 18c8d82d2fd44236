package journal

import (
	"slices"
	"testing"
)

func values(entries []Entry[int]) (all []int) {
	for _, e := range entries {
		all = append(all, e.Value)
	}
	return all
}

func TestJournal(t *testing.T) {
	t.Parallel()
	j := New[int](4)
	if got, _ := j.Since(0); len(got) != 0 {
		t.Errorf("new: %v", got)
	}
	for i := 1; i <= 10; i++ {
		_, more := j.Since(uint64(i - 1))
		j.Add(i)
		select {
		case <-more:
		default:
			t.Fatalf("entry %d woke nobody", i)
		}
		got, _ := j.Since(uint64(i - 1))
		if !slices.Equal(values(got), []int{i}) || got[0].Seq != uint64(i) {
			t.Errorf("after %d: %v", i-1, got)
		}
	}
	if got, _ := j.Since(0); !slices.Equal(values(got), []int{7, 8, 9, 10}) {
		t.Errorf("all that is kept: %v", values(got))
	}
	if got, _ := j.Since(9); !slices.Equal(values(got), []int{10}) {
		t.Errorf("after 9: %v", values(got))
	}
	if got, _ := j.Since(10); len(got) != 0 {
		t.Errorf("after the newest: %v", values(got))
	}
	for _, after := range []uint64{11, 99} {
		if got, _ := j.Since(after); !slices.Equal(values(got), []int{7, 8, 9, 10}) {
			t.Errorf("for a reader of an earlier journal, at %d: %v", after, values(got))
		}
	}
}
