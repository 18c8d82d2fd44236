package store

import (
	"errors"
	"fmt"
	"os"
	"strings"
)

// inspect opens the store in dir to read it. Nothing on disk changes but the
// lock.
func inspect(dir string) (s *Store, err error) {
	has, err := hasStore(dir)
	if err == nil && !has {
		err = os.ErrNotExist
	}
	if err != nil {
		return nil, fmt.Errorf("store %s: %w", dir, err)
	}
	s = newStore(dir, Options{FS: directory{path: dir, readOnly: true}})
	if s.lock, err = lock(dir); err == nil {
		err = s.load()
	}
	if err != nil {
		_ = s.release()
		return nil, fmt.Errorf("store %s: %w", dir, err)
	}
	return s, nil
}

// Verify reads the store in dir and says what Open would find, without
// changing anything. The error wraps ErrDamaged if something is broken that
// was written in full.
func Verify(dir string) (Report, error) {
	s, err := inspect(dir)
	if err != nil {
		return Report{}, err
	}
	if len(s.report.Damaged) > 0 {
		err = fmt.Errorf("store %s: %w: %s", dir, ErrDamaged, strings.Join(s.report.Damaged, ", "))
	}
	return s.report, errors.Join(err, s.release())
}

// Compact writes the store in dir anew without garbage and removes spare files.
// It returns the bytes of the log before and after.
func Compact(dir string) (before, after int64, err error) {
	if has, err := hasStore(dir); err != nil || !has {
		return 0, 0, fmt.Errorf("store %s: %w", dir, errors.Join(err, os.ErrNotExist))
	}
	s, err := Open(dir, Options{})
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	s.writing.Lock()
	defer s.writing.Unlock()
	before = s.log.bytes()
	last := s.log.list[len(s.log.list)-1].number
	if err := s.log.begin(0, s.state.seq); err != nil {
		return 0, 0, fmt.Errorf("store %s: %w", dir, err)
	}
	if err := s.sweep(last, plan{lost: map[string]int{}}); err != nil {
		return 0, 0, err
	}
	for _, spare := range s.log.spares {
		err = errors.Join(err, s.log.fs.Remove(spare))
	}
	s.log.spares = nil
	return before, s.log.bytes(), err
}
