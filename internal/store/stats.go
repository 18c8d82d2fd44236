package store

import "time"

// Stats are figures since Open.
type Stats struct {
	// DeviceBytes estimates what the device was given to write: whole sectors,
	// or pages of 4 KiB where writes go through the page cache, and what ext4
	// adds for names and times. Measured, it is within some per cent there;
	// other file systems differ.
	DeviceBytes int64
	Commits     uint64        // groups written
	SyncTime    time.Duration // spent writing them
	SyncLongest time.Duration

	Segments     int
	LogBytes     int64     // in these segments
	GarbageBytes int64     // of which no longer count
	Oldest       time.Time // acceptance of the entry that waits longest; zero: none, or unknown
}

// Stats returns a snapshot. It never waits for the disk.
func (s *Store) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.stats
	st.GarbageBytes = max(0, st.LogBytes-s.state.liveBytes())
	st.Oldest = s.state.outbox.oldest()
	return st
}

// count notes one more group, which took d. Called by whoever holds writing.
func (s *Store) count(d time.Duration) {
	m := &s.log.meter
	s.stats.DeviceBytes, s.stats.Commits = m.device, m.commits
	s.stats.SyncTime += d
	s.stats.SyncLongest = max(s.stats.SyncLongest, d)
	s.stats.Segments, s.stats.LogBytes = len(s.log.list), s.log.bytes()
}
