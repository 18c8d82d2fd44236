package hub

import "sync"

// Signal tells whoever watches that there may be more to send. The zero value
// is one that has told nothing yet. It wakes by a call and not through a
// channel: ten thousand channels to wait on take goroutines, and a look at many
// of them for each value.
type Signal struct {
	mu      sync.Mutex
	told    bool // and nobody was watching
	watcher *watcher
}

// watcher is somebody who watches; its address tells it from others.
type watcher struct{ wake func() }

// Tell wakes who watches, or who comes to watch next.
func (s *Signal) Tell() {
	s.mu.Lock()
	w := s.watcher
	s.told = w == nil
	s.mu.Unlock()
	if w != nil {
		w.wake()
	}
}

// Watch has wake called by each Tell, and at once if there was one that nobody
// watched, until stop is called; once more may follow. wake must not block.
// Only the last one who comes is woken.
func (s *Signal) Watch(wake func()) (stop func()) {
	w := &watcher{wake}
	s.mu.Lock()
	told := s.told
	s.told, s.watcher = false, w
	s.mu.Unlock()
	if told {
		wake()
	}
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.watcher == w {
			s.watcher = nil
		}
	}
}
