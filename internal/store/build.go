package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// builder fills a new store with records as they are.
type builder struct {
	s   *Store
	buf []byte
}

// add appends r; what has gathered is written from time to time.
func (b *builder) add(r *record) error {
	if b.buf = appendRecord(b.buf, r); len(b.buf) < sweepPortion {
		return nil
	}
	return b.flush()
}

func (b *builder) flush() error {
	if len(b.buf) == groupHead {
		return nil
	}
	err := b.s.group(b.buf)
	b.buf = make([]byte, groupHead)
	return err
}

// build makes a store in dir, which is not there or is empty: all of what fill
// adds, or nothing.
func build(dir string, fill func(*builder) error) error {
	if err := os.Remove(dir); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("there is something already, move it away first: %w", err)
	}
	part := dir + ".new"
	if err := os.RemoveAll(part); err != nil { // an earlier attempt was interrupted
		return err
	}
	if err := os.Mkdir(part, 0o700); err != nil {
		return err
	}
	if err := fillNew(part, fill); err != nil {
		return errors.Join(err, os.RemoveAll(part))
	}
	return errors.Join(os.Rename(part, dir), syncDir(filepath.Dir(dir)))
}

// fillNew makes a store in part and fills it.
func fillNew(part string, fill func(*builder) error) (err error) {
	s := newStore(part, Options{FS: directory{path: part}})
	defer func() { err = errors.Join(err, s.release()) }()
	if err := errors.Join(s.start(), s.log.begin(0, s.state.seq)); err != nil {
		return err
	}
	b := &builder{s: s, buf: make([]byte, groupHead)}
	if err := errors.Join(fill(b), b.flush()); err != nil {
		return err
	}
	// The header of another segment keeps the sequence number: the outbox may
	// be empty.
	return s.log.begin(0, s.state.seq+seqJump)
}

// hasStore reports whether dir holds segments.
func hasStore(dir string) (bool, error) {
	names, err := directory{path: dir}.Names()
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	for _, n := range names {
		if _, ok := segmentNumber(n); ok {
			return true, nil
		}
	}
	return false, err
}
