package store_test

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	bolt "go.etcd.io/bbolt"

	"gatewayd/internal/store"
)

// format1 writes a file as format 1 had it.
func format1(t *testing.T, path string, format byte) {
	t.Helper()
	db, err := bolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	at := binary.BigEndian.AppendUint64(nil, uint64(noon.Unix()))
	err = db.Update(func(tx *bolt.Tx) error {
		var errs []error
		for bucket, records := range map[string]map[string]string{
			"meta":     {"format": string([]byte{format}), "last_seen": string(at)},
			"sessions": {"a": "session of a"},
			"nonces":   {"a\x00\x00\x07": "", "a\x00\xff\xff": ""},
			"outbox": {
				"a\x00\x00\x00\x00\x00\x00\x00\x00\x09": string(at) + "a9",
				"a\x00\x00\x00\x00\x00\x00\x00\x00\x0b": string(at) + "a11",
				"b\x00\x00\x00\x00\x00\x00\x00\x00\x0a": string(make([]byte, 8)) + "b10",
			},
		} {
			b, err := tx.CreateBucket([]byte(bucket))
			errs = append(errs, err)
			for k, v := range records {
				errs = append(errs, b.Put([]byte(k), []byte(v)))
			}
		}
		return errors.Join(errs...)
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
}

func TestMigration(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	old := filepath.Join(filepath.Dir(dir), "gatewayd.db")
	format1(t, old, 1)
	opts := store.Options{MigrateFrom: old}
	s := open(t, dir, opts)
	if r := s.Report(); !r.Migrated || r.SalvagedCounters || r.Ignored != "" {
		t.Errorf("%v", r)
	}
	if v, _ := s.Get("session", "a"); string(v) != "session of a" {
		t.Errorf("session %q", v)
	}
	if !s.NonceUsed("a", 7) || !s.NonceUsed("a", 65535) || s.NonceUsed("a", 8) {
		t.Error("nonces")
	}
	want := []store.Entry{{Node: "a", Seq: 9, Priority: 1, Record: []byte("a9")}, {Node: "a", Seq: 11, Priority: 1, Record: []byte("a11")}}
	if got, err := s.Pending("a", 0, 9); err != nil || cmp.Diff(want, got) != "" {
		t.Errorf("outbox of a: %v", cmp.Diff(want, got))
	}
	if seen, err := s.LastSeen(); err != nil || !seen.Equal(noon) || !s.Stats().Oldest.Equal(noon) {
		t.Errorf("last seen %v, %v, oldest %v", seen, err, s.Stats().Oldest)
	}
	if _, err := os.Stat(old + ".migrated"); err != nil {
		t.Error(err)
	}
	commit(t, s, store.Batch{Put: []store.Record{{Bucket: "session", Key: "a", Value: []byte("later")}}})
	closeStore(t, s)

	// As if the power had failed before the file was renamed.
	if err := os.Rename(old+".migrated", old); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir, opts)
	if v, _ := s.Get("session", "a"); string(v) != "later" || s.Report().Ignored != "" {
		t.Errorf("migrated twice: %q, %v", v, s.Report())
	}
	closeStore(t, s)

	// After a downgrade there is another one.
	if err := os.WriteFile(old, []byte("another"), 0o600); err != nil {
		t.Fatal(err)
	}
	if s = open(t, dir, opts); s.Report().Ignored != old {
		t.Errorf("%v", s.Report())
	}
	if _, err := os.Stat(old); err != nil {
		t.Errorf("a file that was not read is gone: %v", err)
	}
}

func TestMigrationRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	garbage, newer := filepath.Join(dir, "garbage.db"), filepath.Join(dir, "newer.db")
	if err := os.WriteFile(garbage, make([]byte, 1<<16), 0o600); err != nil {
		t.Fatal(err)
	}
	format1(t, newer, 2)
	for _, old := range []string{garbage, newer} {
		to := filepath.Join(dir, "gatewayd.d")
		s, err := store.Open(to, store.Options{MigrateFrom: old})
		if !errors.Is(err, store.ErrDamaged) || s != nil {
			t.Errorf("%s: %v", filepath.Base(old), err)
		}
		if _, err := os.Stat(old); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(to); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: half a store is left: %v", filepath.Base(old), err)
		}
	}
}

// A damaged file of format 1, cut anywhere or with a page overwritten, gives an
// error or is read; it never takes the process down.
func TestMigrationOfDamagedFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	old := filepath.Join(dir, "gatewayd.db")
	format1(t, old, 1)
	whole, err := os.ReadFile(old)
	if err != nil {
		t.Fatal(err)
	}
	refused := 0
	try := func(content []byte) {
		t.Helper()
		if err := os.WriteFile(old, content, 0o600); err != nil {
			t.Fatal(err)
		}
		to := filepath.Join(t.TempDir(), "gatewayd.d")
		s, err := store.Open(to, store.Options{MigrateFrom: old})
		if err == nil {
			closeStore(t, s)
			return
		}
		if refused++; !errors.Is(err, store.ErrDamaged) {
			t.Errorf("%v, want ErrDamaged", err)
		}
	}
	for at := 0; at < len(whole); at += 4096 {
		if try(whole[:at]); at >= 16384 {
			break // what bbolt has hardly used
		}
		torn := append([]byte{}, whole...)
		for i := range 4096 {
			torn[at+i] = 0xA5
		}
		try(torn)
	}
	if refused == 0 {
		t.Error("no damage was noticed")
	}
}
