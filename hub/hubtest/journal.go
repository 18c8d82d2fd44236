package hubtest

import (
	"context"
	"fmt"
	"io"
	"slices"
	"sync"
)

// flusher is a Record that buffers.
type flusher interface{ Flush() error }

// journal remembers events, hands them on, and wakes who waits for them.
type journal struct {
	out       io.Writer
	callback  func(Event)
	keep      int // events
	keepBytes int // of their bodies

	mu       sync.Mutex // guards what follows, and the order of out and callback
	events   []Event    // those kept, oldest first
	dropped  int        // how many were kept before them
	size     int        // bytes of their bodies
	messages int        // messages ever, also those no longer kept
	changed  chan struct{}
	readers  map[chan Event]struct{}
}

func newJournal(o Options) *journal {
	return &journal{
		out: o.Record, callback: o.Recorder, keep: o.Keep, keepBytes: o.KeepBytes, readers: map[chan Event]struct{}{},
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
	j.remember(e)
	if j.callback != nil {
		j.callback(e)
	}
	for r := range j.readers {
		select {
		case r <- e:
		default: // a reader that does not read must not stop the hub
		}
	}
	if j.changed != nil {
		close(j.changed)
		j.changed = nil
	}
	return nil
}

// remember keeps e, and forgets the oldest beyond the bounds: many at once,
// so that it is rarely done.
func (j *journal) remember(e Event) {
	j.events = append(j.events, e)
	j.size += len(e.Body)
	if e.Kind == EventD2C {
		j.messages++
	}
	if len(j.events) <= j.keep+j.keep/4 && j.size <= j.keepBytes+j.keepBytes/4 {
		return
	}
	gone := 0
	for len(j.events)-gone > j.keep || j.size > j.keepBytes {
		j.size -= len(j.events[gone].Body)
		gone++
	}
	j.events = slices.Clone(j.events[gone:])
	j.dropped += gone
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

// wait calls done after every event, with j.mu held, until it returns true.
func (j *journal) wait(ctx context.Context, done func() bool) error {
	for {
		j.mu.Lock()
		ok := done()
		if j.changed == nil {
			j.changed = make(chan struct{})
		}
		changed := j.changed
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

// Messages returns what devices have sent, oldest first, of the events kept.
func (h *Hub) Messages() []Message {
	h.journal.mu.Lock()
	defer h.journal.mu.Unlock()
	var messages []Message
	for i := range h.journal.events {
		if e := &h.journal.events[i]; e.Kind == EventD2C {
			messages = append(messages, e.message())
		}
	}
	return messages
}

// WaitMessages returns Messages as soon as devices have sent n messages, or
// what there is and an error when ctx ends.
func (h *Hub) WaitMessages(ctx context.Context, n int) ([]Message, error) {
	var got int
	err := h.journal.wait(ctx, func() bool {
		got = h.journal.messages
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
	return slices.Clone(h.journal.events)
}

// WaitEvents returns as soon as n events of the History and of what follows
// match: those. When ctx ends it returns those there are and an error. match
// must not call the Hub.
func (h *Hub) WaitEvents(ctx context.Context, n int, match func(Event) bool) ([]Event, error) {
	var found []Event
	next := 0 // the first event not looked at, of all there ever were
	err := h.journal.wait(ctx, func() bool {
		for next = max(next, h.journal.dropped); next < h.journal.dropped+len(h.journal.events); next++ {
			if e := h.journal.events[next-h.journal.dropped]; match(e) {
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
