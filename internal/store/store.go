package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"time"

	bolt "go.etcd.io/bbolt"
)

// Format is the version of the file's layout that this package writes.
const Format = 1

// Bucket and key names of format 1.
var (
	bucketMeta     = []byte("meta")     // keyFormat, keyLastSeen
	bucketSessions = []byte("sessions") // node -> record
	bucketNonces   = []byte("nonces")   // node 00 nonce(2, big-endian) -> ""
	bucketOutbox   = []byte("outbox")   // node 00 seq(8, big-endian) -> unix seconds(8, 0: unknown) record

	keyFormat   = []byte("format")
	keyLastSeen = []byte("last_seen")
)

// Sentinel errors of Open.
var (
	// ErrLocked is returned when another process has the file open.
	ErrLocked = errors.New("in use by another gatewayd")
	// ErrDamaged is returned when the file is not a store, or is broken.
	ErrDamaged = errors.New("damaged or not a gatewayd store")
	// ErrFormat is returned when a newer gatewayd has written the file.
	ErrFormat = errors.New("written by a newer gatewayd")
)

// Options bound the outbox. Zero values mean unbounded.
type Options struct {
	MaxBytes int64         // keys and records of all nodes together
	MaxAge   time.Duration // older entries are dropped
}

// Store is the open file. Safe for concurrent use.
type Store struct {
	db   *bolt.DB
	opts Options

	writing sync.Mutex // serialises Commit, so that two never drop the same entry

	// mu guards the index. It is never held while the disk is waited for.
	mu    sync.Mutex
	index *index
}

// Open opens or creates the file at path, readable by its owner only.
// Errors wrap ErrLocked, ErrDamaged or ErrFormat where one applies.
func Open(path string, opts Options) (s *Store, err error) {
	// bbolt reports some kinds of damage by a panic.
	defer func() {
		if r := recover(); r != nil {
			s, err = nil, fmt.Errorf("%s: %w: %v", path, ErrDamaged, r)
		}
	}()
	if err := prepare(path); err != nil {
		return nil, fmt.Errorf("%s: %w", path, openError(err))
	}
	db, err := bolt.Open(path, 0o600, writable())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, openError(err))
	}
	s = &Store{db: db, opts: opts}
	if err := s.load(); err != nil {
		_ = db.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

// load creates the buckets of a new file, checks the format of an old one,
// and reads the outbox's index.
func (s *Store) load() error {
	return s.db.Update(func(tx *bolt.Tx) error {
		for _, name := range [][]byte{bucketMeta, bucketSessions, bucketNonces, bucketOutbox} {
			if _, err := tx.CreateBucketIfNotExists(name); err != nil {
				return err
			}
		}
		meta := tx.Bucket(bucketMeta)
		switch v := meta.Get(keyFormat); {
		case v == nil:
			if err := meta.Put(keyFormat, []byte{Format}); err != nil {
				return err
			}
		case len(v) != 1 || v[0] > Format:
			return ErrFormat
		}
		s.index = newIndex()
		return tx.Bucket(bucketOutbox).ForEach(func(k, v []byte) error {
			node, seq, ok := splitKey(k)
			if !ok || len(v) < 8 {
				return fmt.Errorf("%w: outbox key %x", ErrDamaged, k)
			}
			s.index.add(node, item{seq: seq, size: len(k) + len(v), at: int64(binary.BigEndian.Uint64(v))})
			return nil
		})
	})
}

// Close deletes what Done has forgotten and closes the file.
func (s *Store) Close() error {
	_, err := s.Flush(time.Time{}, false)
	return errors.Join(err, s.db.Close())
}

// Session returns node's record, nil if there is none.
func (s *Store) Session(node string) ([]byte, error) {
	var rec []byte
	err := s.db.View(func(tx *bolt.Tx) error {
		if v := tx.Bucket(bucketSessions).Get([]byte(node)); v != nil {
			rec = append([]byte{}, v...)
		}
		return nil
	})
	return rec, err
}

// NonceUsed reports whether node has used devNonce in a join before.
func (s *Store) NonceUsed(node string, devNonce uint16) (used bool, err error) {
	err = s.db.View(func(tx *bolt.Tx) error {
		used = tx.Bucket(bucketNonces).Get(nonceKey(node, devNonce)) != nil
		return nil
	})
	return used, err
}

// LastSeen returns the latest time that Batch.Now has written, zero if none.
func (s *Store) LastSeen() (t time.Time, err error) {
	err = s.db.View(func(tx *bolt.Tx) error {
		if v := tx.Bucket(bucketMeta).Get(keyLastSeen); len(v) == 8 {
			t = time.Unix(int64(binary.BigEndian.Uint64(v)), 0)
		}
		return nil
	})
	return t, err
}
