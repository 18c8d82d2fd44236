package bridge

import (
	"container/heap"
	"time"
)

// agenda says when to look at each node next: once at a time, at the earliest
// time asked for. Whoever looks asks for the time after that. Owned by
// Bridge.Run.
type agenda struct {
	entries entries
	of      map[string]*entry
}

type entry struct {
	at     time.Time
	device string
	index  int
}

// add has the node looked at by at.
func (a *agenda) add(at time.Time, device string) {
	if e := a.of[device]; e != nil {
		if at.Before(e.at) {
			e.at = at
			heap.Fix(&a.entries, e.index)
		}
		return
	}
	if a.of == nil {
		a.of = map[string]*entry{}
	}
	e := &entry{at: at, device: device}
	a.of[device] = e
	heap.Push(&a.entries, e)
}

// next is the time of the first entry, zero if there is none.
func (a *agenda) next() time.Time {
	if len(a.entries) == 0 {
		return time.Time{}
	}
	return a.entries[0].at
}

// due takes the devices whose time has come by now.
func (a *agenda) due(now time.Time) []string {
	var devices []string
	for len(a.entries) > 0 && !a.entries[0].at.After(now) {
		device := a.entries[0].device
		heap.Pop(&a.entries)
		delete(a.of, device)
		devices = append(devices, device)
	}
	return devices
}

// entries is a heap.Interface.
type entries []*entry

func (e entries) Len() int           { return len(e) }
func (e entries) Less(i, j int) bool { return e[i].at.Before(e[j].at) }

func (e entries) Swap(i, j int) {
	e[i], e[j] = e[j], e[i]
	e[i].index, e[j].index = i, j
}

// Push is heap.Interface's.
func (e *entries) Push(x any) {
	if v, ok := x.(*entry); ok {
		v.index = len(*e)
		*e = append(*e, v)
	}
}

// Pop is heap.Interface's.
func (e *entries) Pop() any {
	last := (*e)[len(*e)-1]
	(*e)[len(*e)-1] = nil
	*e = (*e)[:len(*e)-1]
	return last
}
