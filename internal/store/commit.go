package store

import (
	"encoding/binary"
	"fmt"
	"math"
	"time"

	bolt "go.etcd.io/bbolt"
)

// lastSeenEvery is how much the clock must have moved for its value to be
// worth a page in a commit.
const lastSeenEvery = 10 * time.Minute

// Session is node's new record.
type Session struct {
	Node   string
	Record []byte
}

// Nonce is a DevNonce that node has used.
type Nonce struct {
	Node     string
	DevNonce uint16
}

// Entry is one outbox entry: an accepted uplink of node.
type Entry struct {
	Node   string
	Seq    uint64 // given by Commit; unique and growing over all nodes
	Record []byte
}

// Batch is what one Commit makes durable, all of it or nothing.
type Batch struct {
	Sessions []Session
	Nonces   []Nonce
	Outbox   []Entry // Seq is ignored
	Now      time.Time
	// NowTrusted says that Now may age entries, and may be kept as the last
	// seen time, before which no clock is believed after a restart.
	NowTrusted bool
}

// Commit writes b with one fsync, together with the deletion of what Done has
// forgotten. Where the bounds ask for it the oldest entries are dropped in
// the same transaction, and returned as the number of drops by node: these
// uplinks are lost. On an error nothing has changed for this process; where
// the disk failed in the very last write, a restart may find b done all the
// same.
func (s *Store) Commit(b Batch) (dropped map[string]int, err error) {
	var need int64
	for _, e := range b.Outbox {
		need += int64(len(e.Node) + 17 + len(e.Record))
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	gone, lost := s.leaving(need, b)

	var entries []added
	err = s.db.Update(func(tx *bolt.Tx) error {
		entries, err = apply(tx, b, gone)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("store %s: %w", s.db.Path(), err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.index.remove(gone)
	for _, a := range entries {
		s.index.add(a.node, a.item)
	}
	return lost, nil
}

// leaving lists the entries to delete in a commit that adds need bytes: those
// done, and those that the bounds push out, which are lost.
func (s *Store) leaving(need int64, b Batch) (gone []ref, lost map[string]int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	gone = s.index.doneRefs()
	isDone := make(map[ref]bool, len(gone))
	for _, r := range gone {
		isDone[r] = true
	}
	lost = map[string]int{}
	for _, r := range s.overflow(need, b) {
		if !isDone[r] {
			gone = append(gone, r)
			lost[r.node]++
		}
	}
	return gone, lost
}

func (s *Store) overflow(need int64, b Batch) []ref {
	maxBytes, minAt := s.opts.MaxBytes, int64(0)
	if maxBytes == 0 {
		maxBytes = math.MaxInt64
	}
	if s.opts.MaxAge > 0 && b.NowTrusted {
		s.index.date(b.Now.Unix())
		minAt = b.Now.Add(-s.opts.MaxAge).Unix()
	}
	return s.index.overflow(need, maxBytes, minAt)
}

type added struct {
	node string
	item item
}

// apply writes b and deletes gone within tx.
func apply(tx *bolt.Tx, b Batch, gone []ref) ([]added, error) {
	sessions, nonces, outbox := tx.Bucket(bucketSessions), tx.Bucket(bucketNonces), tx.Bucket(bucketOutbox)
	for _, e := range b.Sessions {
		if err := sessions.Put([]byte(e.Node), e.Record); err != nil {
			return nil, err
		}
	}
	for _, n := range b.Nonces {
		if err := nonces.Put(nonceKey(n.Node, n.DevNonce), []byte{}); err != nil {
			return nil, err
		}
	}
	for _, r := range gone {
		if err := outbox.Delete(outboxKey(r.node, r.seq)); err != nil {
			return nil, err
		}
	}
	var all []added
	for _, e := range b.Outbox {
		seq, err := outbox.NextSequence()
		if err != nil {
			return nil, err
		}
		at := int64(undated)
		if b.NowTrusted {
			at = b.Now.Unix()
		}
		k := outboxKey(e.Node, seq)
		v := append(binary.BigEndian.AppendUint64(nil, uint64(at)), e.Record...)
		if err := outbox.Put(k, v); err != nil {
			return nil, err
		}
		all = append(all, added{e.Node, item{seq: seq, size: len(k) + len(v), at: at}})
	}
	return all, putLastSeen(tx, b)
}

func putLastSeen(tx *bolt.Tx, b Batch) error {
	if !b.NowTrusted {
		return nil
	}
	meta := tx.Bucket(bucketMeta)
	if v := meta.Get(keyLastSeen); len(v) == 8 {
		last := time.Unix(int64(binary.BigEndian.Uint64(v)), 0)
		if b.Now.Sub(last) < lastSeenEvery {
			return nil
		}
	}
	return meta.Put(keyLastSeen, binary.BigEndian.AppendUint64(nil, uint64(b.Now.Unix())))
}

// Flush deletes what Done has forgotten and drops what is too old by now, if
// there is anything of either. It returns drops as Commit does.
func (s *Store) Flush(now time.Time, nowTrusted bool) (dropped map[string]int, err error) {
	b := Batch{Now: now, NowTrusted: nowTrusted}
	if gone, _ := s.leaving(0, b); len(gone) == 0 {
		return nil, nil
	}
	return s.Commit(b)
}
