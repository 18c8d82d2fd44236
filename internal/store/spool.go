package store

import (
	"maps"
	"slices"
	"time"
)

// Bounds of what waits in memory.
const (
	maxHeld = 1 << 20 // bytes
	// Counters alone, when every entry has been done in time, are written
	// once heldBatches have gathered, or after heldLongest.
	heldBatches = 64
	heldLongest = time.Hour
	// seqBlock is how many sequence numbers are reserved at a time: those of
	// entries that never reach the disk must not come again either.
	seqBlock = 1 << 16
)

// spool is what deferred batches have changed in memory only. It is written
// with the next group, whatever that is for: a group that trims the log must
// hold what has replaced older records.
type spool struct {
	// keys are the records changed, each with the segment in which an older
	// version of it lies, if one does.
	keys    map[name]*segment
	entries []held // oldest first
	bytes   int
	batches int
	since   time.Time // of the first batch
}

// held is an entry that is only in memory.
type held struct {
	node     string
	priority uint8
	seq      uint64
	size     int
	since    time.Time
}

func newSpool() spool { return spool{keys: map[name]*segment{}} }

// due reports whether what waits should be written now.
func (sp *spool) due(now time.Time, window time.Duration) bool {
	waited := now.Sub(sp.since)
	switch {
	case sp.batches == 0:
		return false
	case sp.bytes > maxHeld:
		return true
	case len(sp.entries) > 0 && now.Sub(sp.entries[0].since) >= window:
		return true
	}
	return waited >= window && (sp.batches >= heldBatches || waited >= heldLongest)
}

// mayDefer reports whether b may stay in memory.
func (s *Store) mayDefer(b Batch, p plan) bool {
	if !b.Deferrable || s.opts.Spool <= 0 || len(p.nonces) > 0 || b.Jumped || s.state.seq > s.state.reserved() {
		return false
	}
	s.drain()
	return !s.spool.due(s.now(), s.opts.Spool)
}

// drain forgets the entries at the front that are done: they need not be
// written any more.
func (s *Store) drain() {
	for len(s.spool.entries) > 0 {
		h := s.spool.entries[0]
		if l, i, found := s.state.outbox.find(h.node, h.seq); found && !l.items[i].done {
			return
		}
		s.spool.bytes -= h.size
		s.spool.entries = s.spool.entries[1:]
	}
}

// hold carries out p in memory. What is on disk leaves with the next group.
func (s *Store) hold(p plan) {
	now := s.now()
	if s.spool.batches == 0 {
		s.spool.since = now
	}
	s.spool.batches++
	for _, r := range p.puts {
		s.holdKey(r)
	}
	for _, f := range p.fresh {
		s.state.outbox.put(f.Node, f.Priority, item{
			seq: f.Seq, at: f.at, size: len(f.Record), sum: payloadSum(f.Seq, f.Record),
		})
		s.state.outbox.ram[f.Seq] = append([]byte{}, f.Record...)
		s.spool.entries = append(s.spool.entries, held{f.Node, f.Priority, f.Seq, len(f.Record), now})
		s.spool.bytes += len(f.Record)
	}
	s.state.outbox.remove(s.hide(p.gone))
}

func (s *Store) holdKey(r Record) {
	n := name{r.Bucket, r.Key}
	if old, ok := s.state.keys.get(n); ok && old.seg != nil {
		s.spool.keys[n] = old.seg
	} else if s.spool.keys[n] == nil {
		s.spool.keys[n] = nil
	}
	s.spool.bytes += len(r.Value)
	if r.Value == nil {
		s.state.keys.remove(n)
		return
	}
	s.state.keys.put(n, value{data: r.Value})
}

// hide marks entries as done, and returns those that are only in memory.
func (s *Store) hide(refs []ref) (inMemory []ref) {
	for _, r := range refs {
		s.markDone(r.lane.node, r.seq)
		if _, held := s.state.outbox.ram[r.seq]; held {
			inMemory = append(inMemory, r)
		}
	}
	return inMemory
}

// puts are p's records behind those that were deferred and are not among them.
func (s *Store) puts(p plan) []Record {
	later := map[name]bool{}
	for _, r := range p.puts {
		later[name{r.Bucket, r.Key}] = true
	}
	var puts []Record
	for _, n := range slices.SortedFunc(maps.Keys(s.spool.keys), name.compare) {
		if later[n] {
			continue
		}
		v, _ := s.state.keys.get(n)
		puts = append(puts, Record{Bucket: n.bucket, Key: n.key, Value: v.data})
	}
	return append(puts, p.puts...)
}

// heldEntries are the deferred entries that p neither gives up nor finds done.
func (s *Store) heldEntries(p plan) []fresh {
	var entries []fresh
	for _, h := range s.spool.entries {
		l, i, found := s.state.outbox.find(h.node, h.seq)
		if !found || l.items[i].done || p.dropped[h.seq] {
			continue
		}
		e := Entry{Node: h.node, Seq: h.seq, Priority: h.priority, Record: s.state.outbox.ram[h.seq]}
		entries = append(entries, fresh{e, l.items[i].at})
	}
	return entries
}
