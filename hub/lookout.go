package hub

import (
	"reflect"
	"slices"
	"sync"
)

// watchSize is how many channels one goroutine watches. More of them make
// each wake-up dearer, fewer cost more goroutines.
const watchSize = 64

// lookout waits on the Ready channels of many devices with few goroutines.
type lookout struct {
	mu      sync.Mutex
	watches []*watch
}

// watch is one goroutine of a lookout and the channels it waits on.
type watch struct {
	changed chan struct{} // capacity 1
	entries []*watched    // guarded by lookout.mu
}

// watched is one channel.
type watched struct {
	channel <-chan struct{}
	wake    func() // must not block
}

// add has wake called for each value that comes from channel, until remove is
// called; once more may follow.
func (l *lookout) add(channel <-chan struct{}, wake func()) (remove func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := &watched{channel, wake}
	i := slices.IndexFunc(l.watches, func(w *watch) bool { return len(w.entries) < watchSize })
	if i < 0 {
		i = len(l.watches)
		w := &watch{changed: make(chan struct{}, 1)}
		l.watches = append(l.watches, w)
		go l.run(w)
	}
	w := l.watches[i]
	w.entries = append(w.entries, e)
	w.nudge()
	return func() { l.remove(w, e) }
}

// remove takes e out of w, and w out of the lookout when that was the last.
func (l *lookout) remove(w *watch, e *watched) {
	l.mu.Lock()
	defer l.mu.Unlock()
	w.entries = slices.DeleteFunc(w.entries, func(x *watched) bool { return x == e })
	if len(w.entries) == 0 {
		l.watches = slices.DeleteFunc(l.watches, func(x *watch) bool { return x == w })
	}
	w.nudge()
}

// nudge makes the goroutine look at its entries again.
func (w *watch) nudge() {
	select {
	case w.changed <- struct{}{}:
	default:
	}
}

// run waits until w is empty.
func (l *lookout) run(w *watch) {
	for {
		entries := l.entries(w)
		if len(entries) == 0 {
			return
		}
		cases := make([]reflect.SelectCase, 1, len(entries)+1)
		cases[0] = reflect.SelectCase{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(w.changed)}
		for _, e := range entries {
			cases = append(cases, reflect.SelectCase{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(e.channel)})
		}
		for {
			i, _, open := reflect.Select(cases)
			if i == 0 {
				break
			}
			if !open { // it would be ready for ever
				cases[i].Chan = reflect.Value{}
			}
			entries[i-1].wake()
		}
	}
}

func (l *lookout) entries(w *watch) []*watched {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(w.entries)
}
