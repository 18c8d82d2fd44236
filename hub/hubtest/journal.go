package hubtest

import (
	"context"
	"fmt"
	"io"
	"sync"
)

// flusher is a Record that buffers.
type flusher interface{ Flush() error }

// journal remembers events, hands them on, and wakes who waits for them.
type journal struct {
	out      io.Writer
	callback func(Event)
	keep     int

	mu       sync.Mutex // guards what follows, and the order of out and callback
	events   []Event
	messages []Message
	total    int           // messages ever, also those no longer kept
	changed  chan struct{} // closed and replaced at each event
	readers  map[chan Event]struct{}
}

func newJournal(o Options) *journal {
	return &journal{
		out: o.Record, callback: o.Recorder, keep: o.Keep,
		changed: make(chan struct{}), readers: map[chan Event]struct{}{},
	}
}

// add appends e. If it cannot be written it did not happen: nobody sees it,
// and the caller must not acknowledge it.
func (j *journal) add(e Event) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := j.write(e); err != nil {
		return err
	}
	j.events = keepLast(append(j.events, e), j.keep)
	if e.Kind == EventD2C {
		j.messages = keepLast(append(j.messages, e.message()), j.keep)
		j.total++
	}
	if j.callback != nil {
		j.callback(e)
	}
	for r := range j.readers {
		select {
		case r <- e:
		default: // a reader that does not read must not stop the hub
		}
	}
	close(j.changed)
	j.changed = make(chan struct{})
	return nil
}

// write appends the line of e to out, in one Write.
func (j *journal) write(e Event) error {
	if j.out == nil {
		return nil
	}
	line, err := e.MarshalJSON()
	if err != nil {
		return fmt.Errorf("record: %w", err)
	}
	if _, err := j.out.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("record: %w", err)
	}
	if f, ok := j.out.(flusher); ok {
		if err := f.Flush(); err != nil {
			return fmt.Errorf("record: %w", err)
		}
	}
	return nil
}

// keepLast drops the oldest of s beyond n, in one move for many.
func keepLast[T any](s []T, n int) []T {
	if len(s) < n+n/4+1 {
		return s
	}
	return append([]T(nil), s[len(s)-n:]...)
}

// wait returns when done, which is called with j.mu held after every event,
// says so.
func (j *journal) wait(ctx context.Context, done func() bool) error {
	for {
		j.mu.Lock()
		ok, changed := done(), j.changed
		j.mu.Unlock()
		if ok {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		}
	}
}

// Messages returns what devices have sent, oldest first: the last
// Options.Keep or a few more.
func (h *Hub) Messages() []Message {
	h.journal.mu.Lock()
	defer h.journal.mu.Unlock()
	return append([]Message(nil), h.journal.messages...)
}

// WaitMessages returns Messages as soon as devices have sent n messages, or
// what there is and an error when ctx ends.
func (h *Hub) WaitMessages(ctx context.Context, n int) ([]Message, error) {
	var got int
	err := h.journal.wait(ctx, func() bool {
		got = h.journal.total
		return got >= n
	})
	if err != nil {
		err = fmt.Errorf("%d of %d messages arrived: %w", got, n, err)
	}
	return h.Messages(), err
}

// History returns what has happened, oldest first: the last Options.Keep
// events or a few more.
func (h *Hub) History() []Event {
	h.journal.mu.Lock()
	defer h.journal.mu.Unlock()
	return append([]Event(nil), h.journal.events...)
}

// WaitEvents returns as soon as n events of the History match: those. When
// ctx ends it returns those there are and an error. match must not call the
// Hub.
func (h *Hub) WaitEvents(ctx context.Context, n int, match func(Event) bool) ([]Event, error) {
	var found []Event
	err := h.journal.wait(ctx, func() bool {
		found = found[:0:0]
		for _, e := range h.journal.events {
			if match(e) {
				found = append(found, e)
			}
		}
		return len(found) >= n
	})
	if err != nil {
		err = fmt.Errorf("%d of %d events happened: %w", len(found), n, err)
	}
	return found, err
}

// Events returns a channel of the events from now on, and a function that
// ends it. An event that finds the channel's buffer full is left out of it.
func (h *Hub) Events(buffer int) (events <-chan Event, stop func()) {
	ch := make(chan Event, buffer)
	h.journal.mu.Lock()
	defer h.journal.mu.Unlock()
	h.journal.readers[ch] = struct{}{}
	return ch, func() {
		h.journal.mu.Lock()
		defer h.journal.mu.Unlock()
		if _, ok := h.journal.readers[ch]; ok {
			delete(h.journal.readers, ch)
			close(ch)
		}
	}
}
