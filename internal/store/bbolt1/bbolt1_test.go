package bbolt1_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	bolt "go.etcd.io/bbolt"

	"gatewayd/internal/store/bbolt1"
)

// list is a Target that writes down what it is given.
type list struct {
	got  []string
	fail error
}

func (l *list) note(format string, args ...any) error {
	l.got = append(l.got, fmt.Sprintf(format, args...))
	return l.fail
}

func (l *list) Session(node string, rec []byte) error { return l.note("session %s %s", node, rec) }
func (l *list) Nonce(node string, n uint16) error     { return l.note("nonce %s %d", node, n) }
func (l *list) Entry(node string, seq uint64, at int64, rec []byte) error {
	return l.note("entry %s %d %d %s", node, seq, at, rec)
}

// file makes a bbolt file of these buckets.
func file(t *testing.T, buckets map[string]map[string]string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "gatewayd.db")
	db, err := bolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bolt.Tx) error {
		var errs []error
		for bucket, records := range buckets {
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
	return path
}

func TestRead(t *testing.T) {
	t.Parallel()
	path := file(t, map[string]map[string]string{
		"meta":     {"format": "\x01", "last_seen": "\x00\x00\x00\x00\x00\x00\x00\x2a"},
		"sessions": {"abp:1": "keys"},
		"nonces":   {"a\x00\x01\x02": ""},
		"outbox":   {"a\x00\x00\x00\x00\x00\x00\x00\x00\x07": "\x00\x00\x00\x00\x00\x00\x00\x09frame"},
	})
	var l list
	seen, err := bbolt1.Read(path, &l)
	if err != nil || seen.Unix() != 42 {
		t.Errorf("%v, %v", seen, err)
	}
	want := []string{"session abp:1 keys", "nonce a 258", "entry a 7 9 frame"}
	if diff := cmp.Diff(want, l.got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	full := errors.New("disk full")
	if _, err := bbolt1.Read(path, &list{fail: full}); !errors.Is(err, full) {
		t.Errorf("the target's error is lost: %v", err)
	}
}

func TestReadRefuses(t *testing.T) {
	t.Parallel()
	meta := map[string]string{"format": "\x01"}
	for name, buckets := range map[string]map[string]map[string]string{
		"no format":       {"sessions": {"a": "b"}},
		"newer format":    {"meta": {"format": "\x02"}},
		"nonce key":       {"meta": meta, "nonces": {"a": ""}},
		"outbox key":      {"meta": meta, "outbox": {"a\x00\x01": "12345678"}},
		"entry too short": {"meta": meta, "outbox": {"a\x00\x00\x00\x00\x00\x00\x00\x00\x01": "1"}},
	} {
		if _, err := bbolt1.Read(file(t, buckets), &list{}); !errors.Is(err, bbolt1.ErrDamaged) {
			t.Errorf("%s: %v, want ErrDamaged", name, err)
		}
	}
	locked := file(t, map[string]map[string]string{"meta": meta})
	db, err := bolt.Open(locked, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if _, err := bbolt1.Read(locked, &list{}); !errors.Is(err, bbolt1.ErrLocked) {
		t.Errorf("in use: %v, want ErrLocked", err)
	}
}
