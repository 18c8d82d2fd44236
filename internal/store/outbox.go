package store

import (
	"errors"
	"fmt"
	"time"
)

// Pending returns up to limit entries of node with Seq greater than after,
// oldest first, without those done. It is empty only if there are none.
func (s *Store) Pending(node string, after uint64, limit int) ([]Entry, error) {
	for {
		s.mu.Lock()
		items := s.state.outbox.waiting(node, after, limit)
		s.mu.Unlock()
		if len(items) == 0 {
			return nil, nil
		}
		entries := make([]Entry, 0, len(items))
		for _, it := range items {
			e, ok, err := s.read(node, it.seq)
			if err != nil {
				return nil, fmt.Errorf("store %s: %w", s.dir, err)
			}
			if ok {
				entries = append(entries, e)
			}
		}
		if len(entries) > 0 {
			return entries, nil
		}
		after = items[len(items)-1].seq // all gone since
	}
}

// Newest is the highest Seq of node's entries; 0 if it has none.
func (s *Store) Newest(node string) (seq uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.state.outbox.nodes[node] {
		seq = max(seq, l.items[len(l.items)-1].seq)
	}
	return seq
}

// read returns an entry that still waits. Cleaning may move it meanwhile, which
// is why it is looked up while no file can be closed.
func (s *Store) read(node string, seq uint64) (e Entry, ok bool, err error) {
	s.log.reading.RLock()
	defer s.log.reading.RUnlock()
	s.mu.Lock()
	l, i, found := s.state.outbox.find(node, seq)
	if !found || l.items[i].done {
		s.mu.Unlock()
		return Entry{}, false, nil
	}
	it, payload := l.items[i], s.state.outbox.ram[seq]
	if p, kept := s.recent.payloads[seq]; kept {
		payload = p
	}
	e = Entry{Node: node, Seq: seq, Priority: l.priority}
	s.mu.Unlock()
	if payload != nil || it.seg == nil {
		e.Record = append([]byte{}, payload...)
		return e, true, nil
	}
	e.Record, err = it.seg.payload(it)
	if errors.Is(err, errRecord) {
		s.spoil(node, seq, err)
		return Entry{}, false, nil
	}
	return e, err == nil, err
}

// Done forgets an entry. It does not wait for the disk: the entry leaves with
// a later commit.
func (s *Store) Done(node string, seq uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.markDone(node, seq)
}

// markDone hides an entry, and notes since when there is one to write off.
func (s *Store) markDone(node string, seq uint64) bool {
	if !s.state.outbox.markDone(node, seq) {
		return false
	}
	s.recent.drop(seq)
	if s.doneSince.IsZero() {
		s.doneSince = s.now()
	}
	return true
}

// Depth is the number of entries that wait, and the bytes they take with
// those that are done but have not left.
func (s *Store) Depth() (entries int, bytes int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state.outbox.count - s.state.outbox.done, s.state.outbox.bytes
}

// Waiting is the number of entries that wait, by node; nodes without any are
// not in it.
func (s *Store) Waiting() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	waiting := map[string]int{}
	for l := range s.state.outbox.lanes() {
		if n := len(l.items) - l.done; n > 0 {
			waiting[l.node] += n
		}
	}
	return waiting
}

// oldest is when the entry that waits longest was accepted, zero if none waits
// or its age is unknown.
func (q *queues) oldest() time.Time {
	first := int64(0)
	for l := range q.lanes() {
		for i := range l.items {
			it := &l.items[i]
			if it.done || it.at == undated {
				continue
			}
			if first == 0 || it.at < first {
				first = it.at
			}
			break
		}
	}
	if first == 0 {
		return time.Time{}
	}
	return time.Unix(first, 0)
}
