package store

import (
	"cmp"
	"errors"
	"slices"

	"go.uber.org/zap"
)

const (
	// A portion of cleaning is cleanBase bytes and cleanShare times what the
	// commit itself writes, at most cleanMost: a commit is never slowed down
	// by much, and the log does not outgrow its cleaning.
	cleanBase  = 8 << 10
	cleanShare = 4
	cleanMost  = 128 << 10
	// sweepPortion is that of Compact and of salvage, where nobody waits.
	sweepPortion = 512 << 10
)

// cleaner empties the log's oldest segment: it copies what still counts to the
// end, then says that the log begins later. Taking the oldest keeps it simple:
// whatever a done or delete record stands for lies in front of it, so that
// such records are never copied. A value: a commit that fails goes back to it.
type cleaner struct {
	victim *segment
	jobs   []job
	// until is the last segment that must go, needed or not.
	until uint64
}

// job is something that lay in the victim when it was chosen: a key-value
// record, a node's nonces, or an outbox entry.
type job struct {
	name  name
	nonce string
	lane  *lane
	seq   uint64
}

// clean adds a portion of cleaning to buf, in proportion to the size bytes that
// a commit is about to write. It reads what it copies from disk.
func (s *Store) clean(buf []byte, size int) []byte {
	c := &s.cleaner
	if len(s.log.list) < 2 {
		return buf
	}
	if c.victim != s.log.list[0] {
		if !s.cleanDue() {
			return buf
		}
		s.mu.Lock()
		c.victim = s.log.list[0]
		c.jobs = s.state.jobs(c.victim)
		s.mu.Unlock()
	}
	budget := min(cleanBase+cleanShare*size, cleanMost)
	if c.victim.number <= c.until {
		budget = sweepPortion
	}
	for most := len(buf) + budget; len(c.jobs) > 0 && len(buf) < most; c.jobs = c.jobs[1:] {
		buf = s.carry(buf, c.jobs[0])
	}
	if len(c.jobs) > 0 {
		return buf
	}
	c.victim = nil
	return appendRecord(buf, &record{kind: kindTrim, number: s.log.list[1].number})
}

// cleanDue reports whether more than half of the log is garbage, two segments
// not counted: these are the least to work with.
func (s *Store) cleanDue() bool {
	if s.log.list[0].number <= s.cleaner.until {
		return true
	}
	garbage := s.log.bytes() - 2*s.log.size
	if garbage <= 0 {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return garbage > 2*s.state.liveBytes()
}

// jobs lists what counts in segment g.
func (st *state) jobs(g *segment) []job {
	var jobs []job
	for n, v := range st.keys.all() {
		if v.seg == g {
			jobs = append(jobs, job{name: n})
		}
	}
	for node, set := range st.nonces {
		if set.since.number <= g.number {
			jobs = append(jobs, job{nonce: node})
		}
	}
	for l := range st.outbox.lanes() {
		for i := range l.items {
			if it := &l.items[i]; it.seg == g && !it.done {
				jobs = append(jobs, job{lane: l, seq: it.seq})
			}
		}
	}
	slices.SortFunc(jobs, job.compare)
	return jobs
}

// compare orders jobs: keys, nonces, then the outbox as it was filled.
func (j job) compare(k job) int {
	return cmp.Or(cmp.Compare(j.seq, k.seq), cmp.Compare(j.nonce, k.nonce), j.name.compare(k.name))
}

// carry copies what j stands for, if it still lies in the victim.
func (s *Store) carry(buf []byte, j job) []byte {
	if j.lane != nil {
		return s.carryEntry(buf, j)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if set := s.state.nonces[j.nonce]; set != nil {
		return appendRecord(buf, &record{kind: kindNonceSet, node: j.nonce, nonces: set.used})
	}
	v, ok := s.state.keys.get(j.name)
	if !ok || v.seg != s.cleaner.victim {
		return buf
	}
	return appendRecord(buf, &record{kind: kindPut, bucket: j.name.bucket, key: j.name.key, value: v.data})
}

func (s *Store) carryEntry(buf []byte, j job) []byte {
	s.mu.Lock()
	i, found := j.lane.find(j.seq)
	var it item
	if found {
		it = j.lane.items[i]
	}
	s.mu.Unlock()
	if !found || it.done || it.seg != s.cleaner.victim {
		return buf
	}
	payload, err := it.seg.payload(it)
	if err != nil {
		s.spoil(j.lane.node, j.seq, err)
		return buf
	}
	return appendRecord(buf, &record{
		kind: kindEntry, seq: it.seq, at: it.at, priority: j.lane.priority, node: j.lane.node,
		sum: it.sum, value: payload,
	})
}

// spoil gives up an entry whose payload cannot be read back: it is counted as
// dropped by the next Commit or Flush.
func (s *Store) spoil(node string, seq uint64, err error) {
	s.mu.Lock()
	lost := s.markDone(node, seq)
	if lost {
		s.spoiled[node]++
	}
	s.mu.Unlock()
	if lost {
		s.zap.Error("a waiting message is lost: the disk does not return what was written; replace it",
			zap.String("outbox", node), zap.Error(err))
	}
}

// append writes a group. When the disk has no space for another segment, it
// takes the oldest if nothing in there counts any more.
func (s *Store) append(buf []byte) (place, error) {
	s.mu.Lock()
	seq := s.state.seq
	s.mu.Unlock()
	at, err := s.log.append(buf, seq)
	for errors.Is(err, errNoRoom) && s.reclaim() {
		at, err = s.log.append(buf, seq)
	}
	return at, err
}

// reclaim gives up the oldest segment if nothing in it counts, with a trim in
// the space that each segment keeps for it.
func (s *Store) reclaim() bool {
	if s.log.current == nil || len(s.log.list) < 2 || s.log.current.end+reserved > int64(s.log.current.size) {
		return false
	}
	if s.counts(s.log.list[0]) {
		return false
	}
	trim := s.log.list[1].number
	buf := appendRecord(make([]byte, groupHead), &record{kind: kindTrim, number: trim})
	if _, err := s.log.write(buf); err != nil {
		return false
	}
	s.mu.Lock()
	s.state.trim = trim
	s.mu.Unlock()
	for _, err := range s.log.retire(trim) {
		s.complain("a segment that is no longer needed stays on disk", err)
	}
	return true
}

// counts reports whether anything in segment g is still needed, if only as the
// older version of what is deferred.
func (s *Store) counts(g *segment) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, old := range s.spool.keys {
		if old == g {
			return true
		}
	}
	return len(s.state.jobs(g)) > 0
}

// sweep empties and retires every segment up to number last, whatever counts in
// there.
func (s *Store) sweep(last uint64, p plan) error {
	s.cleaner.until = last
	defer func() { s.cleaner.until = 0 }()
	for len(s.log.list) > 1 && s.log.list[0].number <= last {
		if err := s.write(p); err != nil {
			return err
		}
		p = plan{lost: map[string]int{}}
	}
	return nil
}

// complain mentions what went wrong without consequences for what is stored.
func (s *Store) complain(what string, err error) {
	if err != nil {
		s.zap.Warn(what, zap.String("store", s.dir), zap.Error(err))
	}
}
