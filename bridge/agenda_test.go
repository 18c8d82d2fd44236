package bridge

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestAgenda(t *testing.T) {
	t.Parallel()
	at := func(s int) time.Time { return time.Unix(int64(1000+s), 0) }
	var a agenda
	if !a.next().IsZero() || a.due(at(99)) != nil {
		t.Error("something is due of nothing")
	}
	a.add(at(3), "c")
	a.add(at(1), "a")
	a.add(at(2), "b")
	a.add(at(9), "a") // later: the earlier time stays
	a.add(at(0), "c") // earlier
	if got := a.next(); !got.Equal(at(0)) {
		t.Errorf("next is %v", got)
	}
	if diff := cmp.Diff([]string{"c", "a"}, a.due(at(1))); diff != "" {
		t.Errorf("due (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"b"}, a.due(at(99))); diff != "" {
		t.Errorf("due later (-want +got):\n%s", diff)
	}
	a.add(at(5), "a") // once it was due it can be asked for anew
	if diff := cmp.Diff([]string{"a"}, a.due(at(5))); diff != "" {
		t.Errorf("asked for again (-want +got):\n%s", diff)
	}
}

// However often nodes are to be looked at, the agenda has one entry for each.
func TestAgendaIsBounded(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	var a agenda
	first := map[string]time.Time{}
	for range 10_000 {
		device, at := fmt.Sprint(r.IntN(20)), time.Unix(r.Int64N(1_000_000), 0)
		if was, ok := first[device]; !ok || at.Before(was) {
			first[device] = at
		}
		a.add(at, device)
	}
	if len(a.entries) != 20 || len(a.of) != 20 {
		t.Errorf("%d entries for 20 nodes", len(a.entries))
	}
	order := a.due(time.Unix(2_000_000, 0))
	if !slices.IsSortedFunc(order, func(x, y string) int { return first[x].Compare(first[y]) }) {
		t.Errorf("not in the order of their times: %v", order)
	}
	if len(order) != 20 || len(a.of) != 0 {
		t.Errorf("%d were due, %d are left", len(order), len(a.of))
	}
}
