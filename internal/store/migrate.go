package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"go.uber.org/zap"

	"gatewayd/internal/store/bbolt1"
)

const (
	// migratedSuffix is what a file of format 1 gets behind its name when it
	// has been read.
	migratedSuffix = ".migrated"
	// migratedBucket takes the sessions, migratedPriority the outbox.
	migratedBucket   = "session"
	migratedPriority = 1
)

// migration hands what a file of format 1 holds to a new store.
type migration struct{ b *builder }

var _ bbolt1.Target = migration{}

func (m migration) Session(node string, rec []byte) error {
	return m.b.add(&record{kind: kindPut, bucket: migratedBucket, key: node, value: rec})
}

func (m migration) Nonce(node string, devNonce uint16) error {
	return m.b.add(&record{kind: kindNonces, node: node, nonces: []uint16{devNonce}})
}

func (m migration) Entry(node string, seq uint64, at int64, rec []byte) error {
	return m.b.add(&record{
		kind: kindEntry, seq: seq, at: at, priority: migratedPriority, node: node,
		sum: payloadSum(seq, rec), value: rec,
	})
}

// migrate makes a store in dir from the file of format 1, if there is such a
// file and no store. The file is renamed when Open has seen the store.
func migrate(dir, from string) (bool, error) {
	sum, err := digest(from)
	if err != nil || sum == nil {
		return false, err
	}
	if has, err := hasStore(dir); has || err != nil {
		return false, err
	}
	err = build(dir, func(b *builder) error {
		seen, err := bbolt1.Read(from, migration{b})
		if err != nil {
			return err
		}
		if !seen.IsZero() {
			at := binary.BigEndian.AppendUint64(nil, uint64(seen.Unix()))
			err = b.add(&record{kind: kindPut, key: keyLastSeen, value: at})
		}
		return errors.Join(err, b.add(&record{kind: kindPut, key: keyMigrated, value: sum}))
	})
	if err != nil {
		return false, fmt.Errorf("%s: %w", from, migrateError(err))
	}
	return true, nil
}

func migrateError(err error) error {
	switch {
	case errors.Is(err, bbolt1.ErrLocked):
		return fmt.Errorf("%w: %w", ErrLocked, err)
	case errors.Is(err, bbolt1.ErrDamaged):
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return err
}

// putAway renames the file of format 1 that this store was made from. Another
// one is left alone: this store has gone on without it.
func (s *Store) putAway(from string) error {
	sum, err := digest(from)
	if err != nil || sum == nil {
		return err
	}
	if !bytes.Equal(s.state.internal(keyMigrated), sum) {
		s.report.Ignored = from
		s.zap.Warn("a store of format 1 lies beside one that is in use and is ignored; move it away", zap.String("file", from))
		return nil
	}
	return errors.Join(os.Rename(from, from+migratedSuffix), syncDir(filepath.Dir(from)))
}

// digest is the SHA-256 of a file, nil if there is none.
func digest(path string) ([]byte, error) {
	if path == "" {
		return nil, nil
	}
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return nil, err
	}
	return h.Sum(nil), nil
}
