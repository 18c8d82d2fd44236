package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gatewayd/internal/store"
	"gatewayd/internal/store/storetest"
)

// size is what an entry of node counts for in MaxBytes.
func size(node, record string) int64 { return int64(len(node) + len(record) + 24) }

func bounded(t *testing.T, o store.Options) *store.Store {
	t.Helper()
	o.FS, o.SegmentBytes = storetest.New(1), small
	return open(t, "disk", o)
}

func TestBoundBytesDropsOldestFirst(t *testing.T) {
	t.Parallel()
	rec := func(i int) string { return fmt.Sprintf("record %03d", i) }
	s := bounded(t, store.Options{MaxBytes: 3 * size("a", rec(0))})
	var lost int
	for i := range 5 {
		lost += commit(t, s, store.Batch{Outbox: []store.Entry{entry("a", rec(i))}})["a"]
	}
	if lost != 2 {
		t.Errorf("dropped %d, want 2", lost)
	}
	if diff := cmp.Diff([]string{rec(2), rec(3), rec(4)}, records(t, s, "a", 0, 10)); diff != "" {
		t.Errorf("left (-want +got):\n%s", diff)
	}
}

// TestBoundBytesIsFair has room for six entries of one byte.
func TestBoundBytesIsFair(t *testing.T) {
	t.Parallel()
	type put struct {
		node     string
		record   string
		priority uint8
	}
	for _, tt := range []struct {
		name    string
		puts    []put
		lost    map[string]int
		a, b, c []string
	}{
		{
			name: "the node with the most bytes gives first",
			puts: []put{{"b", "1", 1}, {"a", "2", 1}, {"a", "3", 1}, {"a", "4", 1}, {"a", "5", 1}, {"c", "6", 1}, {"c", "7", 1}},
			lost: map[string]int{"a": 1},
			a:    []string{"3", "4", "5"}, b: []string{"1"}, c: []string{"6", "7"},
		},
		{
			name: "of equal ones that with the oldest entry",
			puts: []put{{"b", "1", 1}, {"a", "2", 1}, {"a", "3", 1}, {"b", "4", 1}, {"c", "5", 1}, {"c", "6", 1}, {"c", "7", 0}, {"c", "8", 1}},
			lost: map[string]int{"b": 0, "c": 2},
			a:    []string{"2", "3"}, b: []string{"1", "4"}, c: []string{"6", "8"},
		},
		{
			name: "the lowest priority before anything else, whoever has it",
			puts: []put{{"a", "1", 2}, {"a", "2", 2}, {"a", "3", 2}, {"a", "4", 2}, {"b", "5", 1}, {"b", "6", 2}, {"c", "7", 2}},
			lost: map[string]int{"b": 1},
			a:    []string{"1", "2", "3", "4"}, b: []string{"6"}, c: []string{"7"},
		},
		{
			name: "what comes in is no better than what is there",
			puts: []put{{"a", "1", 2}, {"a", "2", 2}, {"a", "3", 2}, {"a", "4", 2}, {"b", "5", 2}, {"b", "6", 2}, {"c", "7", 0}},
			lost: map[string]int{"c": 1},
			a:    []string{"1", "2", "3", "4"}, b: []string{"5", "6"},
		},
		{
			name: "no more than needed",
			puts: []put{{"a", "1", 0}, {"a", "2", 0}, {"a", "3", 0}, {"a", "4", 0}, {"a", "5", 0}, {"a", "6", 0}},
			a:    []string{"1", "2", "3", "4", "5", "6"},
		},
	} {
		for _, together := range []bool{false, true} {
			s := bounded(t, store.Options{MaxBytes: 6 * size("a", "1")})
			lost, all := map[string]int{}, store.Batch{}
			for _, p := range tt.puts {
				e := entry(p.node, p.record)
				e.Priority = p.priority
				if all.Outbox = append(all.Outbox, e); together {
					continue
				}
				for node, n := range commit(t, s, store.Batch{Outbox: []store.Entry{e}}) {
					lost[node] += n
				}
			}
			if together {
				lost = commit(t, s, all)
			}
			for _, node := range []string{"a", "b", "c"} {
				if lost[node] != tt.lost[node] {
					t.Errorf("%s (together %v): %s lost %d, want %d", tt.name, together, node, lost[node], tt.lost[node])
				}
			}
			for node, want := range map[string][]string{"a": tt.a, "b": tt.b, "c": tt.c} {
				if diff := cmp.Diff(want, records(t, s, node, 0, 10)); diff != "" {
					t.Errorf("%s (together %v): left of %s (-want +got):\n%s", tt.name, together, node, diff)
				}
			}
		}
	}
}

func TestBoundDoesNotCountDoneAsLost(t *testing.T) {
	t.Parallel()
	s := bounded(t, store.Options{MaxBytes: 2 * size("a", "1")})
	commit(t, s, store.Batch{Outbox: []store.Entry{entry("a", "1"), entry("a", "2")}})
	pending, _ := s.Pending("a", 0, 10)
	s.Done("a", pending[0].Seq)
	if lost := commit(t, s, store.Batch{Outbox: []store.Entry{entry("a", "3")}}); len(lost) != 0 {
		t.Errorf("dropped %v, want none", lost)
	}
	if diff := cmp.Diff([]string{"2", "3"}, records(t, s, "a", 0, 10)); diff != "" {
		t.Errorf("left (-want +got):\n%s", diff)
	}
}

func TestBoundAge(t *testing.T) {
	t.Parallel()
	s := bounded(t, store.Options{MaxAge: time.Hour})
	commit(t, s, store.Batch{Outbox: []store.Entry{entry("a", "old")}, Now: noon, NowTrusted: true})
	commit(t, s, store.Batch{Outbox: []store.Entry{entry("b", "young")}, Now: noon.Add(59 * time.Minute), NowTrusted: true})
	if oldest := s.Stats().Oldest; !oldest.Equal(noon) {
		t.Errorf("oldest %v, want %v", oldest, noon)
	}
	lost := commit(t, s, store.Batch{Outbox: []store.Entry{entry("a", "new")}, Now: noon.Add(61 * time.Minute), NowTrusted: true})
	if diff := cmp.Diff(map[string]int{"a": 1}, lost); diff != "" {
		t.Errorf("dropped (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"new"}, records(t, s, "a", 0, 10)); diff != "" {
		t.Errorf("left of a (-want +got):\n%s", diff)
	}
}

// A Pi starts in 1970: what it hears then is not 56 years old when its clock
// is set, and a clock that cannot be trusted ages nothing.
func TestBoundAgeWithWrongClock(t *testing.T) {
	t.Parallel()
	d := storetest.New(1)
	opts := store.Options{MaxAge: time.Hour, FS: d, SegmentBytes: small}
	s := open(t, "disk", opts)
	add := func(record string, now time.Time, trusted bool) map[string]int {
		t.Helper()
		return commit(t, s, store.Batch{Outbox: []store.Entry{entry("a", record)}, Now: now, NowTrusted: trusted})
	}
	add("at noon", noon, true)
	for _, lost := range []map[string]int{
		add("in 1970", time.Unix(100, 0), false),
		add("in 2090", noon.AddDate(64, 0, 0), false),
		add("clock set", noon.Add(30*time.Minute), true),
	} {
		if len(lost) > 0 {
			t.Errorf("dropped %v, want none", lost)
		}
	}
	closeStore(t, s)
	s = open(t, "disk", opts)
	if lost := add("later", noon.Add(89*time.Minute), true); lost["a"] != 1 {
		t.Errorf("dropped %v, want the one of noon", lost)
	}
	if diff := cmp.Diff([]string{"in 1970", "in 2090", "clock set", "later"}, records(t, s, "a", 0, 10)); diff != "" {
		t.Errorf("left (-want +got):\n%s", diff)
	}
	if lost := add("much later", noon.Add(3*time.Hour), true); lost["a"] != 4 {
		t.Errorf("dropped %v, want the four: they are of age now", lost)
	}
}

func TestFlushDropsWhatIsTooOld(t *testing.T) {
	t.Parallel()
	s := bounded(t, store.Options{MaxAge: time.Hour})
	commit(t, s, store.Batch{Outbox: []store.Entry{entry("a", "old")}, NowTrusted: true})
	for _, tt := range []struct {
		now     time.Time
		trusted bool
		want    map[string]int
	}{
		{noon.Add(59 * time.Minute), true, nil},
		{noon.Add(61 * time.Minute), false, nil},
		{noon.Add(61 * time.Minute), true, map[string]int{"a": 1}},
		{noon.Add(62 * time.Minute), true, nil},
	} {
		lost, err := s.Flush(tt.now, tt.trusted)
		if diff := cmp.Diff(tt.want, lost); diff != "" || err != nil {
			t.Errorf("at %v: %v (-want +got):\n%s", tt.now, err, diff)
		}
	}
}

// The last seen time is worth a record every ten minutes, and never goes by a
// clock that is not trusted.
func TestLastSeen(t *testing.T) {
	t.Parallel()
	d := storetest.New(1)
	s := on(t, d)
	for _, tt := range []struct {
		now     time.Time
		trusted bool
		want    time.Time
	}{
		{noon.AddDate(50, 0, 0), false, time.Time{}},
		{noon, true, noon},
		{noon.Add(9 * time.Minute), true, noon},
		{noon.Add(10 * time.Minute), true, noon.Add(10 * time.Minute)},
		{noon, true, noon.Add(10 * time.Minute)},
	} {
		commit(t, s, store.Batch{Nonces: []store.Nonce{{Node: "a"}}, Now: tt.now, NowTrusted: tt.trusted})
		for _, s := range []*store.Store{s, on(t, d)} {
			if seen, err := s.LastSeen(); err != nil || !seen.Equal(tt.want) {
				t.Errorf("after %v: %v, %v, want %v", tt.now, seen, err, tt.want)
			}
		}
	}
}
