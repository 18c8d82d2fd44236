package store

import (
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"time"
)

const (
	// newName is a segment in the making: it gets its number when its header
	// is on disk, so that a numbered file without one is a damaged one.
	newName = "new.seg"
	// maxSpares is how many files that no longer count are kept to be
	// overwritten: that is cheaper than to reserve new space.
	maxSpares = 2
	// fillAhead is how much space is overwritten with zeros at a time, where
	// the file system has only reserved it: to use such space for the first
	// time costs it metadata, which is too much for each small commit.
	fillAhead = 128 << 10
	// reserved is kept free at a segment's end for a trim, which wins back
	// space when the disk has none for another segment.
	reserved = sector
)

// segments are the log's files. The owner is whoever holds Store.writing.
type segments struct {
	fs   FS
	size int64 // of a new one
	id   uint64

	// list is ordered, the oldest first. Changes happen under reading too.
	list    []*segment
	current *segment // the last of list, or nil: begin another one
	spares  []string
	number  uint64 // the highest in use
	commit  uint64 // the next

	// reading keeps files open while payloads are read.
	reading sync.RWMutex
	now     func() time.Time
	meter   meter
}

// place is where a group has been written.
type place struct {
	seg  *segment
	body int64 // offset in the file
}

// errNoRoom is returned when there is no segment for a group and none can be
// had; the current one is as it was.
var errNoRoom = errors.New("no space for another segment")

// append writes buf, groupHead free bytes and records, as one group, and
// returns when it is on the device. seq goes into the header of a segment that
// begins with it. After an error the group is not part of the log.
func (l *segments) append(buf []byte, seq uint64) (place, error) {
	need := int64(padded(len(buf)))
	if l.current == nil || l.current.end+need > int64(l.current.size)-reserved {
		if err := l.begin(need, seq); err != nil {
			return place{}, err
		}
	}
	p, err := l.write(buf)
	if err != nil {
		// Another segment says where this one ends, so that what failed does
		// not come back. If it cannot be had now, the next commit tries again.
		_ = l.begin(0, seq)
	}
	return p, err
}

// write puts a group into the current segment.
func (l *segments) write(buf []byte) (place, error) {
	g := l.current
	buf = seal(buf, g.seed(), l.commit)
	end := g.end + int64(len(buf))
	if end > g.filled {
		g.filled = end
		if len(buf) < fillAhead/8 {
			g.filled = min(end+fillAhead, int64(g.size))
		}
		buf = append(buf, make([]byte, max(0, g.filled-end))...)
	}
	_, err := g.file.WriteAt(buf, g.end)
	if err == nil {
		err = g.file.Sync()
	}
	if err != nil {
		// Nobody knows what is on the device, and the next sync of the same
		// file would not say: the segment ends here.
		l.current, g.failed = nil, true
		return place{}, fmt.Errorf("%s: %w", g.name, err)
	}
	p := place{g, g.end + groupHead}
	l.meter.group(g.end, int64(len(buf)), g.unit(), l.now())
	g.end = end
	l.commit++
	return p, nil
}

// begin makes a new segment with room for need bytes the current one.
func (l *segments) begin(need int64, seq uint64) error {
	size := max(l.size, dataStart+need+reserved)
	f, used, err := l.obtain(size)
	if err != nil {
		return err
	}
	// From here on the log must not go back to the segment before: the new
	// one's header says where that ends.
	l.current = nil
	h := header{id: l.id, number: l.number + 1, first: l.commit, seq: seq, size: uint64(size)}
	l.number++
	h.oldest = h.number
	if len(l.list) > 0 {
		h.oldest = l.list[0].number
	}
	g := &segment{header: h, name: segmentName(h.number), file: f, end: dataStart}
	if used {
		g.filled = size
	}
	if err := l.enter(g); err != nil {
		_ = l.fs.Remove(g.name) // it is empty, and the next attempt has another number
		return errors.Join(fmt.Errorf("%s: %w", g.name, err), f.Close())
	}
	l.reading.Lock()
	defer l.reading.Unlock()
	l.list = append(l.list, g)
	l.current = g
	return nil
}

// enter writes g's header, gives it its name and makes both durable.
func (l *segments) enter(g *segment) error {
	if _, err := g.file.WriteAt(headerBlock(g.header), 0); err != nil {
		return err
	}
	if err := g.file.Sync(); err != nil {
		return err
	}
	if err := errors.Join(l.fs.Rename(newName, g.name), l.fs.Sync()); err != nil {
		return err
	}
	l.meter.segment()
	return nil
}

// obtain returns a file of size bytes named newName: a spare one that has been
// used, or another.
func (l *segments) obtain(size int64) (f File, used bool, err error) {
	if err := l.fs.Remove(newName); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, false, err
	}
	if len(l.spares) > 0 && size == l.size {
		spare := l.spares[0]
		l.spares = l.spares[1:]
		if err := l.fs.Rename(spare, newName); err != nil {
			return nil, false, err
		}
		f, err = l.fs.Open(newName)
		return f, true, err
	}
	if f, err = l.fs.Create(newName, size); err != nil {
		return nil, false, fmt.Errorf("%w: %w", errNoRoom, err)
	}
	return f, false, nil
}

// retire takes the segments before oldest out of the log. The trim that says
// so is durable.
func (l *segments) retire(oldest uint64) []error {
	l.reading.Lock()
	defer l.reading.Unlock()
	var errs []error
	for len(l.list) > 0 && l.list[0].number < oldest && l.list[0] != l.current {
		g := l.list[0]
		l.list = l.list[1:]
		errs = append(errs, g.file.Close(), l.discard(g))
	}
	return errs
}

// bytes is what the log takes on the disk, without the space that is still
// free in the current segment.
func (l *segments) bytes() (sum int64) {
	for _, g := range l.list {
		sum += g.end
	}
	return sum
}

// close closes all files.
func (l *segments) close() error {
	l.reading.Lock()
	defer l.reading.Unlock()
	var errs []error
	for _, g := range l.list {
		errs = append(errs, g.file.Close())
	}
	l.list, l.current = nil, nil
	return errors.Join(errs...)
}
