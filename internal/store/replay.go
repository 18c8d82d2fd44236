package store

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
)

// noLimit stands for the last segment, which may hold any commit number.
const noLimit = math.MaxUint64

// load reads the log into memory and changes nothing on disk.
func (s *Store) load() error {
	list, err := s.log.scan()
	if err != nil {
		return err
	}
	if len(list) == 0 {
		return s.start()
	}
	s.log.list = list
	oldest := uint64(0)
	for _, g := range list {
		oldest = max(oldest, g.oldest)
	}
	r := replay{state: s.state, entries: replayed{}, report: &s.report}
	r.state.trim = oldest
	for i, g := range list {
		if g.number < oldest {
			continue
		}
		r.segment(g, limit(list[i+1:]))
	}
	r.finish(list)
	s.log.commit = r.next
	s.take(r)
	return nil
}

// start gives a new store its id.
func (s *Store) start() error {
	var id [8]byte
	if _, err := rand.Read(id[:]); err != nil {
		return err
	}
	s.log.id = binary.BigEndian.Uint64(id[:])
	return nil
}

// scan opens the segments, ordered by number, and reads their headers. One
// without a header is damaged: it got its name when it had one.
func (l *segments) scan() ([]*segment, error) {
	names, err := l.fs.Names()
	if notDirectory(err) {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	if err != nil {
		return nil, err
	}
	var list []*segment
	for _, n := range names {
		number, ok := segmentNumber(n)
		if !ok {
			continue
		}
		g, err := l.open(n, number)
		if err != nil {
			return nil, errors.Join(err, closeAll(list))
		}
		list = append(list, g)
	}
	slices.SortFunc(list, func(a, b *segment) int {
		if a.number < b.number {
			return -1
		}
		return 1
	})
	if err := l.adopt(list); err != nil {
		return nil, errors.Join(err, closeAll(list))
	}
	return list, nil
}

func closeAll(list []*segment) error {
	var errs []error
	for _, g := range list {
		errs = append(errs, g.file.Close())
	}
	return errors.Join(errs...)
}

// open opens one segment.
func (l *segments) open(name string, number uint64) (*segment, error) {
	f, err := l.fs.Open(name)
	if err != nil {
		return nil, err
	}
	head := make([]byte, headerCopy+headerSize)
	for _, at := range []int{0, headerCopy} {
		_, _ = f.ReadAt(head[at:at+headerSize], int64(at)) // what cannot be read is no header
	}
	h, err := readHeader(head, number)
	if errors.Is(err, ErrFormat) {
		return nil, errors.Join(fmt.Errorf("%s: %w", name, err), f.Close())
	}
	g := &segment{header: h, name: name, file: f, end: dataStart}
	if err != nil {
		g.header, g.damaged = header{number: number}, true
	}
	return g, nil
}

// adopt learns the store's id and highest segment from its headers, and makes
// up for those that are missing.
func (l *segments) adopt(list []*segment) error {
	for _, g := range list {
		if g.damaged {
			continue
		}
		if l.id != 0 && l.id != g.id {
			return fmt.Errorf("%w: %s belongs to another store", ErrDamaged, g.name)
		}
		l.id = g.id
	}
	if len(list) > 0 && l.id == 0 {
		return fmt.Errorf("%w: no segment has a readable header; restore a backup with gatewayd store import, "+
			"or move the directory away", ErrDamaged)
	}
	for _, g := range list {
		l.number = max(l.number, g.number)
		if !g.damaged {
			continue
		}
		g.id = l.id
		data, _ := contents(g.file, l.size)
		if at := findGroup(data, dataStart, g.seed(), 0); at < len(data) {
			found, _ := parseGroup(data[at:], g.seed())
			g.first = found.commit
		}
	}
	return nil
}

// limit is the commit number with which the segments after one begin: what it
// holds from there on was never acknowledged.
func limit(later []*segment) uint64 {
	limit := uint64(noLimit)
	for _, g := range later {
		if g.first > 0 {
			limit = min(limit, g.first)
		}
	}
	return limit
}

// contents returns what is in f, about size bytes, with zeros for pages that
// the device cannot read; bad says that there are such.
func contents(f File, size int64) (data []byte, bad bool) {
	data, err := readAll(f)
	if err == nil {
		return data, false
	}
	data = nil
	for at := int64(0); at < size; at += page {
		b := make([]byte, page)
		n, err := f.ReadAt(b, at)
		if errors.Is(err, io.EOF) {
			return append(data, b[:n]...), true
		}
		data = append(data, b...)
	}
	return data, true
}

// replay reads segments one after the other.
type replay struct {
	state   *state
	entries replayed
	report  *Report
	next    uint64 // commit expected
	begun   bool
}

// segment reads g's groups up to limit.
func (r *replay) segment(g *segment, limit uint64) {
	data, bad := contents(g.file, max(int64(g.size), segmentBytes))
	if bad || int64(len(data)) < int64(g.size) {
		g.damaged = true
	}
	r.report.Segments++
	r.state.seq = max(r.state.seq, g.seq)
	r.arrive(g, g.first)
	pos := dataStart
	for pos < len(data) && r.next < limit {
		found, ok := parseGroup(data[pos:], g.seed())
		if ok && found.commit == r.next {
			r.group(g, found, pos)
			pos += found.size
			continue
		}
		at := findGroup(data, pos, g.seed(), r.next)
		if at >= len(data) {
			break
		}
		found, _ = parseGroup(data[at:], g.seed())
		if found.commit >= limit {
			break
		}
		r.miss(g, found.commit)
		pos = at
	}
	g.end = int64(pos)
	g.filled = int64(len(bytes.TrimRight(data, "\x00")))
	if limit != noLimit {
		r.miss(g, limit)
		return
	}
	r.report.Torn = pos < len(data) && looksLikeGroup(data[pos:]) && binary.BigEndian.Uint64(data[pos+8:]) == r.next
}

// arrive begins a segment whose groups begin with commit first.
func (r *replay) arrive(g *segment, first uint64) {
	if !r.begun {
		r.begun, r.next = true, max(first, 1)
		return
	}
	r.miss(g, first)
}

// miss notes that commits up to next are not where they should be.
func (r *replay) miss(g *segment, next uint64) {
	if next <= r.next {
		return
	}
	g.damaged = true
	g.lost += next - r.next
	r.next = next
}

// group carries out one group, all of it or nothing.
func (r *replay) group(g *segment, found group, pos int) {
	r.next++
	records, err := parseRecords(found.body)
	if err != nil {
		g.damaged = true
		g.lost++
		return
	}
	r.report.Commits++
	r.state.apply(records, place{g, int64(pos + groupHead)}, r.entries)
}

// finish builds the outbox's index and notes what the log lacks.
func (r *replay) finish(list []*segment) {
	r.state.forget(r.entries)
	r.state.outbox.build(r.entries)
	first := true
	for _, g := range list {
		if g.number < r.state.trim {
			g.damaged = false // what it holds is of no interest
			continue
		}
		if first && g.number != r.state.trim {
			g.damaged = true // what came before it is gone
		}
		first = false
		if g.damaged {
			r.report.Damaged = append(r.report.Damaged, g.name)
		}
		r.report.LostCommits += g.lost
	}
}
