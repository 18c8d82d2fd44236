package store

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"slices"
	"time"
)

const (
	// lastSeenEvery is how much the clock must have moved for its value to be
	// worth a record.
	lastSeenEvery = 10 * time.Minute
	// doneWaits is how long what is done waits for a commit to leave with,
	// and doneMost how many. A crash meanwhile sends them again.
	doneWaits = time.Minute
	doneMost  = 256
)

// plan is what one group is to do besides cleaning.
type plan struct {
	puts    []Record
	nonces  []Nonce
	fresh   []fresh         // entries that have found room
	gone    []ref           // entries that leave: done or given up
	dropped map[uint64]bool // those given up
	lost    map[string]int  // their number by node
}

// Commit makes b durable with one fdatasync, together with the departure of
// what Done has forgotten. Where the bounds ask for it entries are dropped in
// the same group, see [Options], and returned as the number of drops by node:
// these uplinks are lost; entries of b may be among them. On an error nothing
// of b has happened, and the next Commit tries a new segment; only if the
// process ends before that has come about, a restart may find b done all the
// same.
func (s *Store) Commit(b Batch) (dropped map[string]int, err error) {
	if err := b.check(); err != nil {
		return nil, fmt.Errorf("store %s: %w", s.dir, err)
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	if s.closed {
		return nil, fmt.Errorf("store %s: %w", s.dir, os.ErrClosed)
	}
	s.mu.Lock()
	p := s.plan(b)
	if s.mayDefer(b, p) {
		s.hold(p)
		s.mu.Unlock()
		return p.lost, nil
	}
	s.mu.Unlock()
	if err := s.write(p); err != nil {
		return nil, err
	}
	return p.lost, nil
}

// Flush writes what has been done or deferred for long, and drops what is too
// old by now, if there is anything of these. It returns drops as Commit does.
// Call it every few seconds.
func (s *Store) Flush(now time.Time, nowTrusted bool) (dropped map[string]int, err error) {
	s.writing.Lock()
	defer s.writing.Unlock()
	if s.closed {
		return nil, fmt.Errorf("store %s: %w", s.dir, os.ErrClosed)
	}
	s.mu.Lock()
	p := s.plan(Batch{Now: now, NowTrusted: nowTrusted})
	due := len(p.lost) > 0 || len(s.spoiled) > 0 || s.doneDue() || s.spool.due(s.now(), s.opts.Spool)
	s.mu.Unlock()
	if !due {
		return nil, nil
	}
	if err := s.write(p); err != nil {
		return nil, err
	}
	return p.lost, nil
}

// doneDue reports whether what is done should not wait for a commit any longer.
func (s *Store) doneDue() bool {
	return s.state.outbox.done >= doneMost || s.state.outbox.done > 0 && s.now().Sub(s.doneSince) >= doneWaits
}

// plan chooses what b brings in and what leaves. It changes nothing but the
// sequence number, so that a number is never given out twice.
func (s *Store) plan(b Batch) plan {
	minAt, maxBytes, at := int64(math.MinInt64), s.opts.MaxBytes, int64(undated)
	if maxBytes == 0 {
		maxBytes = math.MaxInt64
	}
	if b.NowTrusted {
		at = b.Now.Unix()
		s.state.outbox.date(at)
		if s.opts.MaxAge > 0 {
			minAt = b.Now.Add(-s.opts.MaxAge).Unix()
		}
	}
	p := plan{puts: slices.Concat(b.Put, s.notes(b)), nonces: b.Nonces}
	for _, e := range b.Outbox {
		e.Seq = s.state.seq
		s.state.seq++
		p.fresh = append(p.fresh, fresh{e, at})
	}
	d := s.state.outbox.shed(p.fresh, maxBytes, minAt)
	p.dropped, p.lost = d.dropped, d.lost
	p.gone = append(s.state.outbox.doneRefs(), d.gone...)
	p.fresh = slices.DeleteFunc(p.fresh, func(f fresh) bool { return d.dropped[f.Seq] })
	return p
}

// notes are the store's own records that b changes.
func (s *Store) notes(b Batch) []Record {
	var notes []Record
	if b.Jumped && s.state.internal(keyJump) != nil {
		notes = append(notes, Record{Key: keyJump})
	}
	last, err := s.state.lastSeen()
	if b.NowTrusted && (err != nil || last.IsZero() || b.Now.Sub(last) >= lastSeenEvery) {
		now := binary.BigEndian.AppendUint64(nil, uint64(b.Now.Unix()))
		notes = append(notes, Record{Key: keyLastSeen, Value: now})
	}
	if next := s.state.seq + uint64(len(b.Outbox)); s.opts.Spool > 0 && next > s.state.reserved() {
		block := binary.BigEndian.AppendUint64(nil, next+seqBlock)
		notes = append(notes, Record{Key: keySeq, Value: block})
	}
	return notes
}

// write carries out p with one group, which takes a portion of the cleaning
// along, or does nothing if there is nothing to write.
func (s *Store) write(p plan) error {
	s.mu.Lock()
	body := s.compose(p)
	s.mu.Unlock()
	before := s.cleaner
	// What is cleaned comes first: p may replace or end it.
	buf := append(s.clean(make([]byte, groupHead), len(body)), body...)
	if len(buf) == groupHead {
		s.settle(p)
		return nil
	}
	if err := s.group(buf); err != nil {
		s.cleaner = before
		return err
	}
	s.settle(p)
	return nil
}

// group writes one group and takes it in.
func (s *Store) group(buf []byte) error {
	started := s.now()
	at, err := s.append(buf)
	if err != nil {
		return fmt.Errorf("store %s: %w", s.dir, err)
	}
	records, err := parseRecords(buf[groupHead:])
	if err != nil {
		return fmt.Errorf("store %s: %w", s.dir, err)
	}
	s.mu.Lock()
	s.state.apply(records, at, live{s.state.outbox, &s.recent})
	trim := s.state.trim
	s.count(s.now().Sub(started))
	s.mu.Unlock()
	for _, err := range s.log.retire(trim) {
		s.complain("a segment that is no longer needed stays on disk", err)
	}
	return nil
}

// settle takes out of memory what p has let go and what is no longer deferred.
func (s *Store) settle(p plan) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.outbox.remove(p.gone)
	s.spool = newSpool()
	for node, n := range s.spoiled {
		p.lost[node] += n
	}
	clear(s.spoiled)
	s.doneSince = time.Time{}
	if s.state.outbox.done > 0 {
		s.doneSince = s.now()
	}
}

// compose encodes p, with what is deferred.
func (s *Store) compose(p plan) []byte {
	var body []byte
	put := func(r record) { body = appendRecord(body, &r) }
	for _, r := range s.puts(p) {
		k := kindPut
		if r.Value == nil {
			k = kindDelete
		}
		put(record{kind: k, bucket: r.Bucket, key: r.Key, value: r.Value})
	}
	for _, r := range nonceRecords(p.nonces) {
		put(r)
	}
	for _, f := range append(s.heldEntries(p), p.fresh...) {
		put(record{
			kind: kindEntry, seq: f.Seq, at: f.at, priority: f.Priority, node: f.Node,
			sum: payloadSum(f.Seq, f.Record), value: f.Record,
		})
	}
	if seqs := onDisk(p.gone); len(seqs) > 0 {
		put(record{kind: kindDone, seqs: seqs})
	}
	return body
}

// onDisk lists the sequence numbers of those refs that the log knows.
func onDisk(refs []ref) []uint64 {
	var seqs []uint64
	for _, r := range refs {
		if i, found := r.lane.find(r.seq); found && r.lane.items[i].seg != nil {
			seqs = append(seqs, r.seq)
		}
	}
	slices.SortFunc(seqs, cmp.Compare)
	return slices.Compact(seqs)
}
