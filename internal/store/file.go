package store

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// lockTimeout is how long another process may hold the file at Open.
const lockTimeout = time.Second

// writable are the options of the open file.
func writable() *bolt.Options {
	return &bolt.Options{
		Timeout:        lockTimeout,
		FreelistType:   bolt.FreelistMapType,
		NoFreelistSync: true, // fewer pages per commit; rebuilt at open
	}
}

// prepare makes sure that path is a whole file before it is opened for
// writing.
func prepare(path string) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return create(path)
	case err != nil:
		return err
	case info.Size() == 0:
		return nil
	}
	return verify(path)
}

// create makes an empty file that is there in full or not at all: bbolt would
// leave a part of one behind when the disk is full or the power fails.
func create(path string) error {
	part := path + ".new"
	if err := os.Remove(part); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	db, err := bolt.Open(part, 0o600, writable())
	if err != nil {
		return errors.Join(err, os.Remove(part))
	}
	if err := errors.Join(db.Close(), os.Rename(part, path)); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// verify reads every page in use. Opened for writing, bbolt meets damage with
// a panic in a goroutine of its own, or with SIGBUS behind the end of a file
// that was cut: both end the process. Here they are panics of the caller.
func verify(path string) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	db, err := bolt.Open(path, 0o600, &bolt.Options{ReadOnly: true, Timeout: lockTimeout})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return db.View(func(tx *bolt.Tx) error {
		return tx.ForEach(func(_ []byte, b *bolt.Bucket) error {
			return b.ForEach(func(_, v []byte) error {
				_ = crc32.ChecksumIEEE(v) // touches the pages of long values too
				return nil
			})
		})
	})
}

func openError(err error) error {
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		return ErrLocked
	case errors.Is(err, bolterrors.ErrInvalid), errors.Is(err, bolterrors.ErrChecksum), errors.Is(err, bolterrors.ErrVersionMismatch),
		strings.Contains(err.Error(), "file size too small"):
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return err
}
