// Package bbolt1 reads the state of format 1, a bbolt file, so that it can be
// taken over by the store that has replaced it. It never writes.
package bbolt1

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// Format is the version of the file that this package reads.
const Format = 1

// Sentinel errors of Read.
var (
	// ErrLocked is returned when another process has the file open.
	ErrLocked = errors.New("in use by another gatewayd")
	// ErrDamaged is returned when the file is not of format 1, or is broken.
	ErrDamaged = errors.New("damaged or not a gatewayd store of format 1")
)

// lockTimeout is how long another process may hold the file.
const lockTimeout = time.Second

// Target is given what the file holds. Byte slices are valid during the call.
type Target interface {
	Session(node string, record []byte) error
	Nonce(node string, devNonce uint16) error
	// Entry is an outbox entry; at is its acceptance in Unix seconds, 0 if
	// that is unknown.
	Entry(node string, seq uint64, at int64, record []byte) error
}

// Read hands everything in the file to to, and returns the latest time the file
// has seen, zero if none. Errors wrap ErrLocked or ErrDamaged where one
// applies.
func Read(path string, to Target) (lastSeen time.Time, err error) {
	// bbolt meets damage with a panic, or with SIGBUS behind the end of a
	// file that was cut.
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%w: %v", ErrDamaged, r)
		}
	}()
	db, err := bolt.Open(path, 0o600, &bolt.Options{ReadOnly: true, Timeout: lockTimeout})
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		return time.Time{}, ErrLocked
	case err != nil:
		return time.Time{}, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	err = db.View(func(tx *bolt.Tx) error {
		lastSeen, err = read(tx, to)
		return err
	})
	return lastSeen, err
}

func read(tx *bolt.Tx, to Target) (lastSeen time.Time, err error) {
	meta := tx.Bucket([]byte("meta"))
	if meta == nil || !bytes.Equal(meta.Get([]byte("format")), []byte{Format}) {
		return time.Time{}, fmt.Errorf("%w: not format %d", ErrDamaged, Format)
	}
	if v := meta.Get([]byte("last_seen")); len(v) == 8 {
		lastSeen = time.Unix(int64(binary.BigEndian.Uint64(v)), 0)
	}
	return lastSeen, errors.Join(
		each(tx, "sessions", func(k, v []byte) error { return to.Session(string(k), v) }),
		each(tx, "nonces", func(k, _ []byte) error {
			node, suffix, ok := split(k, 2)
			if !ok {
				return fmt.Errorf("%w: nonce key %x", ErrDamaged, k)
			}
			return to.Nonce(node, binary.BigEndian.Uint16(suffix))
		}),
		each(tx, "outbox", func(k, v []byte) error {
			node, suffix, ok := split(k, 8)
			if !ok || len(v) < 8 {
				return fmt.Errorf("%w: outbox key %x", ErrDamaged, k)
			}
			return to.Entry(node, binary.BigEndian.Uint64(suffix), int64(binary.BigEndian.Uint64(v)), v[8:])
		}),
	)
}

// each walks over a bucket, which may be missing.
func each(tx *bolt.Tx, bucket string, visit func(k, v []byte) error) error {
	b := tx.Bucket([]byte(bucket))
	if b == nil {
		return nil
	}
	return b.ForEach(visit)
}

// split takes a key apart: node 00 suffix of n bytes.
func split(k []byte, n int) (node string, suffix []byte, ok bool) {
	i := bytes.IndexByte(k, 0)
	if i < 1 || len(k) != i+1+n {
		return "", nil, false
	}
	return string(k[:i]), k[i+1:], true
}
