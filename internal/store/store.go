package store

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"go.uber.org/zap"
)

// Sentinel errors of Open.
var (
	// ErrLocked is returned when another process has the store open.
	ErrLocked = errors.New("in use by another gatewayd")
	// ErrDamaged is returned when the directory is not a store, or nothing in
	// it can be read.
	ErrDamaged = errors.New("damaged or not a gatewayd store")
	// ErrFormat is returned when a newer gatewayd has written the store. It
	// is left untouched.
	ErrFormat = errors.New("written by a newer gatewayd")
)

// segmentBytes is the default size of a segment.
const segmentBytes = 4 << 20

// Options bound the outbox and set the rest. Zero values are good defaults.
type Options struct {
	MaxBytes int64         // names and records of all outbox entries; 0: unbounded
	MaxAge   time.Duration // older entries are dropped; 0: none is too old
	// Spool is how long a Deferrable batch may stay in memory; 0: not at all.
	// What is done in that time is never written. When the power fails it is
	// lost.
	Spool time.Duration
	// MigrateFrom is the bbolt file of format 1, read once if it is there.
	MigrateFrom string

	Log *zap.Logger // nil: none
	// SegmentBytes is the size of a segment, in whole sectors of 512 bytes;
	// 0: 4 MiB.
	SegmentBytes int64
	FS           FS               // nil: the directory itself
	Recent       int              // bytes of the newest records kept in memory, too; 0: 1 MiB; below: none
	Now          func() time.Time // nil: time.Now
}

// Store is the open store. Safe for concurrent use.
type Store struct {
	dir    string
	opts   Options
	now    func() time.Time
	zap    *zap.Logger
	lock   io.Closer // nil with Options.FS
	report Report

	// writing serialises what changes the log. It guards log and cleaner.
	writing sync.Mutex
	log     segments
	cleaner cleaner
	closed  bool

	// mu guards what follows. It is never held while the disk is waited for.
	mu        sync.Mutex
	state     *state
	spool     spool
	recent    recent
	spoiled   map[string]int // entries whose payload could not be read back, by node
	doneSince time.Time      // since when there is something done, or zero
	stats     Stats
}

// Open opens or creates the store in directory dir, readable by its owner
// only; its parent must exist. What cannot be read is salvaged around, see
// [Store.Report]. Errors wrap ErrLocked, ErrDamaged or ErrFormat where one
// applies.
func Open(dir string, opts Options) (s *Store, err error) {
	s = newStore(dir, opts)
	if opts.FS == nil {
		err = s.prepare()
	}
	if err == nil {
		err = s.load()
	}
	if err == nil {
		err = s.salvage()
	}
	if err == nil {
		err = s.putAway(opts.MigrateFrom)
	}
	if err != nil {
		_ = s.release()
		return nil, fmt.Errorf("store %s: %w", dir, err)
	}
	s.count(0)
	return s, nil
}

func newStore(dir string, opts Options) *Store {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Log == nil {
		opts.Log = zap.NewNop()
	}
	if opts.SegmentBytes == 0 {
		opts.SegmentBytes = segmentBytes
	}
	if opts.Recent == 0 {
		opts.Recent = recentBytes
	}
	return &Store{
		dir: dir, opts: opts, now: opts.Now, zap: opts.Log,
		log:   segments{fs: opts.FS, size: opts.SegmentBytes, now: opts.Now, commit: 1},
		state: newState(), spool: newSpool(), spoiled: map[string]int{},
		recent: newRecent(opts.Recent),
	}
}

// prepare locks the directory, takes over what format 1 has left, and makes sure
// that there is a directory.
func (s *Store) prepare() (err error) {
	if s.lock, err = lock(s.dir); err != nil {
		return err
	}
	if s.report.Migrated, err = migrate(s.dir, s.opts.MigrateFrom); err != nil {
		return err
	}
	s.log.fs = directory{path: s.dir, scratch: &scratch{}}
	return makeDir(s.dir)
}

func makeDir(dir string) error {
	switch err := os.Mkdir(dir, 0o700); {
	case errors.Is(err, os.ErrExist):
		return nil
	case err != nil:
		return err
	}
	return syncDir(filepath.Dir(dir))
}

// release closes files and lets another process in.
func (s *Store) release() error {
	err := s.log.close()
	if s.lock != nil {
		err = errors.Join(err, s.lock.Close())
	}
	return err
}

// Close writes what is deferred or done and closes the store.
func (s *Store) Close() error {
	s.writing.Lock()
	defer s.writing.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	s.mu.Lock()
	p := s.plan(Batch{})
	s.mu.Unlock()
	return errors.Join(s.write(p), s.release())
}

// LastSeen returns the latest time that Batch.Now has written, zero if none.
func (s *Store) LastSeen() (time.Time, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.state.lastSeen()
	if err != nil {
		return time.Time{}, fmt.Errorf("store %s: last seen time: %w", s.dir, err)
	}
	return t, nil
}

// notDirectory reports whether err says that a path is a file.
func notDirectory(err error) bool { return errors.Is(err, syscall.ENOTDIR) }
