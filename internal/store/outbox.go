package store

import (
	"fmt"

	bolt "go.etcd.io/bbolt"
)

// Pending returns up to limit entries of node with Seq greater than after,
// oldest first, without those done. It is empty only if there are none.
func (s *Store) Pending(node string, after uint64, limit int) ([]Entry, error) {
	for {
		s.mu.Lock()
		seqs := s.index.waiting(node, after, limit)
		s.mu.Unlock()
		if len(seqs) == 0 {
			return nil, nil
		}
		entries, err := s.read(node, seqs)
		if err != nil || len(entries) > 0 {
			return entries, err
		}
		after = seqs[len(seqs)-1] // all dropped by the bounds since
	}
}

// read returns the entries of node that are still there.
func (s *Store) read(node string, seqs []uint64) ([]Entry, error) {
	entries := make([]Entry, 0, len(seqs))
	err := s.db.View(func(tx *bolt.Tx) error {
		outbox := tx.Bucket(bucketOutbox)
		for _, seq := range seqs {
			v := outbox.Get(outboxKey(node, seq))
			if len(v) < 8 { // dropped by the bounds since
				continue
			}
			entries = append(entries, Entry{Node: node, Seq: seq, Record: append([]byte{}, v[8:]...)})
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("store %s: %w", s.db.Path(), err)
	}
	return entries, nil
}

// Done forgets an entry. It does not wait for the disk: the deletion is part
// of the next Commit or Flush.
func (s *Store) Done(node string, seq uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.index.markDone(node, seq)
}

// Depth is the number of entries that wait, and the bytes they take with
// those not yet deleted.
func (s *Store) Depth() (entries int, bytes int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	entries = s.index.count
	for _, seqs := range s.index.done {
		entries -= len(seqs)
	}
	return entries, s.index.bytes
}

// Waiting is the number of entries that wait, by node; nodes without any are
// not in it.
func (s *Store) Waiting() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	waiting := map[string]int{}
	for node, items := range s.index.nodes {
		if n := len(items) - len(s.index.done[node]); n > 0 {
			waiting[node] = n
		}
	}
	return waiting
}
