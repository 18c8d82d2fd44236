package store

import (
	"errors"
	"io/fs"
	"maps"
	"slices"

	"go.uber.org/zap"
)

// seqJump is how far the outbox's sequence numbers are moved past those that a
// damaged log may have given out.
const seqJump = 1 << 20

// build fills an empty index with the entries of a whole log.
func (q *queues) build(entries replayed) {
	for _, seq := range slices.Sorted(maps.Keys(entries)) {
		e := entries[seq]
		q.put(e.node, e.priority, e.item)
	}
}

// take begins to work with what a replay has found: the log goes on where it
// ends, unless that place is damaged.
func (s *Store) take(r replay) {
	st := s.state
	st.seq = max(st.seq, st.reserved())
	s.report.Records = len(maps.Collect(st.keys.all()))
	s.report.Outbox = st.outbox.count
	s.report.SalvagedCounters = len(s.report.Damaged) > 0 || st.internal(keyJump) != nil
	if len(s.report.Damaged) > 0 {
		st.seq += seqJump
	}
	last := s.log.list[len(s.log.list)-1]
	if !last.damaged && r.next >= last.first {
		s.log.current = last
	}
}

// salvage finishes what load has begun, on disk: files that are not part of
// the log go, and a damaged log is written anew.
func (s *Store) salvage() error {
	s.sweepFiles()
	if len(s.log.list) == 0 {
		return s.log.begin(0, s.state.seq)
	}
	if len(s.report.Damaged) == 0 {
		return nil
	}
	s.zap.Error("the store is damaged; what can be read is being copied", zap.String("store", s.dir),
		zap.Strings("segments", s.report.Damaged), zap.Uint64("commits_lost", s.report.LostCommits))
	last := s.log.list[len(s.log.list)-1].number
	jump := plan{puts: []Record{{Key: keyJump, Value: []byte{1}}}, lost: map[string]int{}}
	err := s.log.begin(0, s.state.seq)
	if err == nil {
		err = s.sweep(last, jump)
	}
	// A store that cannot be mended now still works, and its next Open finds
	// the same damage.
	s.complain("the damaged segments stay where they are, the next start tries again", err)
	return nil
}

// sweepFiles keeps segments that no longer count as spare ones, and removes
// what an interrupted start of a segment has left.
func (s *Store) sweepFiles() {
	err := s.log.fs.Remove(newName)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	s.complain("a file that is not needed stays on disk", err)
	for _, err := range s.log.retire(s.state.trim) {
		s.complain("a segment that is no longer needed stays on disk", err)
	}
}
