package store

import (
	"encoding/binary"
	"time"
)

// state is what the log says, in memory. Commits and the replay at Open build
// it by the same means: apply.
type state struct {
	keys   keys
	nonces nonces
	outbox *queues
	seq    uint64 // the next
	trim   uint64 // segments before this one no longer count
}

func newState() *state {
	return &state{keys: newKeys(), nonces: nonces{}, outbox: newQueues(), seq: 1}
}

// entries takes the records of the outbox.
type entries interface {
	entry(r record, it item)
	done(seqs []uint64)
}

// apply carries out the records of a group whose body lies at p.
func (st *state) apply(records []record, p place, outbox entries) {
	for _, r := range records {
		switch r.kind {
		case kindPut:
			st.keys.put(name{r.bucket, r.key}, value{data: r.value, seg: p.seg})
		case kindDelete:
			st.keys.remove(name{r.bucket, r.key})
		case kindNonces, kindNonceSet:
			st.nonces.add(r.node, r.nonces, p.seg, r.kind == kindNonceSet)
		case kindTrim:
			st.trim = max(st.trim, r.number)
		case kindEntry:
			st.seq = max(st.seq, r.seq+1)
			outbox.entry(r, item{
				seq: r.seq, at: r.at, seg: p.seg, off: p.body + int64(r.off), size: len(r.value), sum: r.sum,
			})
		case kindDone:
			outbox.done(r.seqs)
		}
	}
}

// live takes the outbox's records of a commit that has just been written. Its
// done records are known as refs already.
type live struct {
	outbox *queues
	recent *recent
}

func (l live) entry(r record, it item) {
	if _, _, moved := l.outbox.find(r.node, r.seq); !moved {
		l.recent.add(r.seq, r.value)
	}
	l.outbox.put(r.node, r.priority, it)
}
func (l live) done([]uint64) {}

// replayed gathers the outbox's records of a whole log: what was moved comes
// out of order.
type replayed map[uint64]replayedEntry

type replayedEntry struct {
	node     string
	priority uint8
	item     item
}

func (p replayed) entry(r record, it item) { p[r.seq] = replayedEntry{r.node, r.priority, it} }

func (p replayed) done(seqs []uint64) {
	for _, seq := range seqs {
		delete(p, seq)
	}
}

// liveBytes is about what the state would take in a log without garbage.
func (st *state) liveBytes() int64 {
	return st.keys.bytes + st.nonces.bytes() + st.outbox.bytes - st.outbox.dead
}

// forget drops what lies in segments that no longer count: a file of theirs
// may outlive a power cut.
func (st *state) forget(entries replayed) {
	for n, v := range st.keys.all() {
		if v.seg.number < st.trim {
			st.keys.remove(n)
		}
	}
	for seq, e := range entries {
		if e.item.seg.number < st.trim {
			delete(entries, seq)
		}
	}
}

// internal returns a value of the store's own bucket.
func (st *state) internal(key string) []byte {
	v, _ := st.keys.get(name{"", key})
	return v.data
}

// lastSeen is the latest time a commit has noted, zero if none has.
func (st *state) lastSeen() (time.Time, error) {
	switch b := st.internal(keyLastSeen); len(b) {
	case 0:
		return time.Time{}, nil
	case 8:
		return time.Unix(int64(binary.BigEndian.Uint64(b)), 0), nil
	}
	return time.Time{}, errRecord
}

// reserved is the sequence number up to which entries may be given one without
// a commit, see seqBlock.
func (st *state) reserved() uint64 {
	if b := st.internal(keySeq); len(b) == 8 {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}
