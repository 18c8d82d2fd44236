package bridge

import (
	"container/heap"
	"time"
)

// agenda says when to look at a node next. An entry too many costs a look.
// Owned by Bridge.Run.
type agenda struct{ entries entries }

type entry struct {
	at     time.Time
	device string
}

func (a *agenda) add(at time.Time, device string) { heap.Push(&a.entries, entry{at, device}) }

// next is the time of the first entry, zero if there is none.
func (a *agenda) next() time.Time {
	if len(a.entries) == 0 {
		return time.Time{}
	}
	return a.entries[0].at
}

// due takes the devices whose time has come by now, each once.
func (a *agenda) due(now time.Time) []string {
	var devices []string
	taken := map[string]bool{}
	for len(a.entries) > 0 && !a.entries[0].at.After(now) {
		e, _ := heap.Pop(&a.entries).(entry)
		if !taken[e.device] {
			taken[e.device] = true
			devices = append(devices, e.device)
		}
	}
	return devices
}

// entries is a heap.Interface.
type entries []entry

func (e entries) Len() int           { return len(e) }
func (e entries) Less(i, j int) bool { return e[i].at.Before(e[j].at) }
func (e entries) Swap(i, j int)      { e[i], e[j] = e[j], e[i] }

// Push is heap.Interface's.
func (e *entries) Push(x any) {
	if v, ok := x.(entry); ok {
		*e = append(*e, v)
	}
}

// Pop is heap.Interface's.
func (e *entries) Pop() any {
	last := (*e)[len(*e)-1]
	*e = (*e)[:len(*e)-1]
	return last
}
