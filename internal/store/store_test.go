package store_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	bolt "go.etcd.io/bbolt"

	"gatewayd/internal/store"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func open(t *testing.T, path string, o store.Options) *store.Store {
	t.Helper()
	s, err := store.Open(path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func file(t *testing.T) string { return filepath.Join(t.TempDir(), "gatewayd.db") }

func commit(t *testing.T, s *store.Store, b store.Batch) map[string]int {
	t.Helper()
	if b.Now.IsZero() {
		b.Now = noon
	}
	lost, err := s.Commit(b)
	if err != nil {
		t.Fatal(err)
	}
	return lost
}

// records lists what waits for node, as text.
func records(t *testing.T, s *store.Store, node string, after uint64, limit int) []string {
	t.Helper()
	entries, err := s.Pending(node, after, limit)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, string(e.Record))
	}
	return got
}

func entry(node, record string) store.Entry { return store.Entry{Node: node, Record: []byte(record)} }

func TestCommitSurvivesReopen(t *testing.T) {
	t.Parallel()
	path := file(t)
	s := open(t, path, store.Options{})
	commit(t, s, store.Batch{
		Sessions: []store.Session{{Node: "a", Record: []byte("session of a")}},
		Nonces:   []store.Nonce{{Node: "a", DevNonce: 7}},
		Outbox:   []store.Entry{entry("a", "a1"), entry("b", "b1"), entry("a", "a2")},
		Now:      noon, NowTrusted: true,
	})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}

	s = open(t, path, store.Options{})
	if rec, err := s.Session("a"); err != nil || string(rec) != "session of a" {
		t.Errorf("session of a: %q, %v", rec, err)
	}
	if rec, err := s.Session("b"); err != nil || rec != nil {
		t.Errorf("session of b: %q, %v, want none", rec, err)
	}
	for nonce, want := range map[uint16]bool{7: true, 8: false} {
		if used, err := s.NonceUsed("a", nonce); err != nil || used != want {
			t.Errorf("nonce %d used: %v, %v, want %v", nonce, used, err, want)
		}
	}
	if used, _ := s.NonceUsed("b", 7); used {
		t.Error("nonce 7 of a counts as used by b")
	}
	if diff := cmp.Diff([]string{"a1", "a2"}, records(t, s, "a", 0, 10)); diff != "" {
		t.Errorf("outbox of a (-want +got):\n%s", diff)
	}
	if seen, err := s.LastSeen(); err != nil || !seen.Equal(noon) {
		t.Errorf("last seen %v, %v, want %v", seen, err, noon)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v, want 0600: the file holds keys", info.Mode(), err)
	}
}

func TestPendingInOrderAfterCursor(t *testing.T) {
	t.Parallel()
	s := open(t, file(t), store.Options{})
	for i := range 20 {
		commit(t, s, store.Batch{Outbox: []store.Entry{entry("a", fmt.Sprint(i)), entry("other", "x")}})
	}
	first, err := s.Pending("a", 0, 3)
	if err != nil || len(first) != 3 {
		t.Fatalf("got %d entries, %v, want 3", len(first), err)
	}
	if diff := cmp.Diff([]string{"3", "4"}, records(t, s, "a", first[2].Seq, 2)); diff != "" {
		t.Errorf("after the cursor (-want +got):\n%s", diff)
	}
}

func TestDone(t *testing.T) {
	t.Parallel()
	path := file(t)
	s := open(t, path, store.Options{})
	commit(t, s, store.Batch{Outbox: []store.Entry{entry("a", "1"), entry("a", "2"), entry("a", "3")}})
	pending, err := s.Pending("a", 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	s.Done("a", pending[1].Seq)
	s.Done("a", 999) // never existed
	s.Done("b", pending[0].Seq)
	if diff := cmp.Diff([]string{"1", "3"}, records(t, s, "a", 0, 10)); diff != "" {
		t.Errorf("before the deletion (-want +got):\n%s", diff)
	}
	if n, _ := s.Depth(); n != 2 || s.Waiting()["a"] != 2 {
		t.Errorf("depth %d, waiting %d, want 2", n, s.Waiting()["a"])
	}
	if _, err := s.Flush(noon, true); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"1", "3"}, records(t, s, "a", 0, 10)); diff != "" {
		t.Errorf("after the deletion (-want +got):\n%s", diff)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, path, store.Options{})
	if diff := cmp.Diff([]string{"1", "3"}, records(t, s, "a", 0, 10)); diff != "" {
		t.Errorf("after reopening (-want +got):\n%s", diff)
	}
}

// Sequence numbers must not come again after everything was deleted: a late
// Done of an old entry would delete a new one.
func TestSeqNeverReused(t *testing.T) {
	t.Parallel()
	path := file(t)
	s := open(t, path, store.Options{})
	commit(t, s, store.Batch{Outbox: []store.Entry{entry("a", "1")}})
	old, _ := s.Pending("a", 0, 1)
	s.Done("a", old[0].Seq)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, path, store.Options{})
	commit(t, s, store.Batch{Outbox: []store.Entry{entry("a", "2")}})
	next, _ := s.Pending("a", 0, 1)
	if len(next) != 1 || next[0].Seq <= old[0].Seq {
		t.Errorf("seq after %d: %+v", old[0].Seq, next)
	}
}

func TestBoundBytesDropsOldestFirst(t *testing.T) {
	t.Parallel()
	s := open(t, file(t), store.Options{MaxBytes: 3 * (1 + 9 + 8 + 10)})
	rec := func(i int) string { return fmt.Sprintf("record %03d", i) }
	var lost int
	for i := range 5 {
		lost += commit(t, s, store.Batch{Outbox: []store.Entry{entry("a", rec(i))}})["a"]
	}
	if lost != 2 {
		t.Errorf("dropped %d, want 2", lost)
	}
	if diff := cmp.Diff([]string{rec(2), rec(3), rec(4)}, records(t, s, "a", 0, 10)); diff != "" {
		t.Errorf("left (-want +got):\n%s", diff)
	}
}

func TestBoundDoesNotCountDoneAsLost(t *testing.T) {
	t.Parallel()
	s := open(t, file(t), store.Options{MaxBytes: 2 * (1 + 9 + 8 + 1)})
	commit(t, s, store.Batch{Outbox: []store.Entry{entry("a", "1"), entry("a", "2")}})
	pending, _ := s.Pending("a", 0, 10)
	s.Done("a", pending[0].Seq)
	if lost := commit(t, s, store.Batch{Outbox: []store.Entry{entry("a", "3")}}); len(lost) != 0 {
		t.Errorf("dropped %v, want none", lost)
	}
	if diff := cmp.Diff([]string{"2", "3"}, records(t, s, "a", 0, 10)); diff != "" {
		t.Errorf("left (-want +got):\n%s", diff)
	}
}

func TestBoundAge(t *testing.T) {
	t.Parallel()
	s := open(t, file(t), store.Options{MaxAge: time.Hour})
	commit(t, s, store.Batch{Outbox: []store.Entry{entry("a", "old")}, Now: noon, NowTrusted: true})
	commit(t, s, store.Batch{Outbox: []store.Entry{entry("b", "young")}, Now: noon.Add(59 * time.Minute), NowTrusted: true})
	lost := commit(t, s, store.Batch{Outbox: []store.Entry{entry("a", "new")}, Now: noon.Add(61 * time.Minute), NowTrusted: true})
	if diff := cmp.Diff(map[string]int{"a": 1}, lost); diff != "" {
		t.Errorf("dropped (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"new"}, records(t, s, "a", 0, 10)); diff != "" {
		t.Errorf("left of a (-want +got):\n%s", diff)
	}
}

// A Pi starts in 1970: what it hears then is not 56 years old when its clock
// is set, and a clock that cannot be trusted ages nothing.
func TestBoundAgeWithWrongClock(t *testing.T) {
	t.Parallel()
	path := file(t)
	s := open(t, path, store.Options{MaxAge: time.Hour})
	add := func(record string, now time.Time, trusted bool) map[string]int {
		t.Helper()
		return commit(t, s, store.Batch{Outbox: []store.Entry{entry("a", record)}, Now: now, NowTrusted: trusted})
	}
	add("at noon", noon, true)
	for _, lost := range []map[string]int{
		add("in 1970", time.Unix(100, 0), false),
		add("in 2090", noon.AddDate(64, 0, 0), false),
		add("clock set", noon.Add(30*time.Minute), true),
	} {
		if len(lost) > 0 {
			t.Errorf("dropped %v, want none", lost)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, path, store.Options{MaxAge: time.Hour})
	if lost := add("later", noon.Add(89*time.Minute), true); lost["a"] != 1 {
		t.Errorf("dropped %v, want the one of noon", lost)
	}
	if diff := cmp.Diff([]string{"in 1970", "in 2090", "clock set", "later"}, records(t, s, "a", 0, 10)); diff != "" {
		t.Errorf("left (-want +got):\n%s", diff)
	}
	if lost := add("much later", noon.Add(3*time.Hour), true); lost["a"] != 4 {
		t.Errorf("dropped %v, want the four: they are of age now", lost)
	}
}

func TestFlushDropsWhatIsTooOld(t *testing.T) {
	t.Parallel()
	s := open(t, file(t), store.Options{MaxAge: time.Hour})
	commit(t, s, store.Batch{Outbox: []store.Entry{entry("a", "old")}, NowTrusted: true})
	for _, tt := range []struct {
		now     time.Time
		trusted bool
		want    map[string]int
	}{
		{noon.Add(59 * time.Minute), true, nil},
		{noon.Add(61 * time.Minute), false, nil},
		{noon.Add(61 * time.Minute), true, map[string]int{"a": 1}},
		{noon.Add(62 * time.Minute), true, nil},
	} {
		lost, err := s.Flush(tt.now, tt.trusted)
		if diff := cmp.Diff(tt.want, lost); diff != "" || err != nil {
			t.Errorf("at %v: %v (-want +got):\n%s", tt.now, err, diff)
		}
	}
}

// A week of backlog must not stand in the way of a frame when it is sent off.
func TestLargeBacklogIsDeletedInOnePass(t *testing.T) {
	t.Parallel()
	s := open(t, file(t), store.Options{})
	const n = 20_000
	b := store.Batch{}
	for range n {
		b.Outbox = append(b.Outbox, entry("a", "x"))
	}
	commit(t, s, b)
	all, err := s.Pending("a", 0, n)
	if err != nil || len(all) != n {
		t.Fatalf("%d entries, %v", len(all), err)
	}
	for _, e := range all[:n/2] {
		s.Done("a", e.Seq)
	}
	if _, err := s.Flush(noon, true); err != nil {
		t.Fatal(err)
	}
	left, err := s.Pending("a", 0, n)
	if err != nil || len(left) != n/2 || left[0].Seq != all[n/2].Seq {
		t.Errorf("%d left, %v", len(left), err)
	}
	if entries, _ := s.Depth(); entries != n/2 {
		t.Errorf("depth %d", entries)
	}
}

// Cut anywhere, or with a page overwritten, the file gives an error or opens;
// it never takes the process down.
func TestDamagedFile(t *testing.T) {
	t.Parallel()
	path := file(t)
	s := open(t, path, store.Options{})
	for i := range 200 {
		commit(t, s, store.Batch{
			Sessions: []store.Session{{Node: fmt.Sprint("node", i%7), Record: make([]byte, 100)}},
			Outbox:   []store.Entry{entry(fmt.Sprint("node", i%7), fmt.Sprintf("%0300d", i))},
		})
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	try := func(name string, content []byte) (damaged bool) {
		t.Helper()
		p := filepath.Join(t.TempDir(), "gatewayd.db")
		if err := os.WriteFile(p, content, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := store.Open(p, store.Options{})
		if err == nil {
			_ = s.Close()
			return false
		}
		if !errors.Is(err, store.ErrDamaged) {
			t.Errorf("%s: %v, want ErrDamaged", name, err)
		}
		return true
	}
	damaged := 0
	const page = 4096
	for at := page; at < len(whole); at += page {
		if try(fmt.Sprint("cut at ", at), whole[:at]) {
			damaged++
		}
		torn := append([]byte{}, whole...)
		for i := range page {
			torn[at+i] = 0xA5
		}
		if try(fmt.Sprint("page overwritten at ", at), torn) {
			damaged++
		}
	}
	if damaged == 0 {
		t.Error("no damage was noticed")
	}
}

func TestInterruptedCreation(t *testing.T) {
	t.Parallel()
	path := file(t)
	if err := os.WriteFile(path+".new", make([]byte, 100), 0o600); err != nil {
		t.Fatal(err)
	}
	commit(t, open(t, path, store.Options{}), store.Batch{Outbox: []store.Entry{entry("a", "1")}})
}

func TestOpenErrors(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	garbage := filepath.Join(dir, "garbage.db")
	if err := os.WriteFile(garbage, make([]byte, 1<<16), 0o600); err != nil {
		t.Fatal(err)
	}
	locked := filepath.Join(dir, "locked.db")
	open(t, locked, store.Options{})
	newer := filepath.Join(dir, "newer.db")
	writeFormat(t, newer, store.Format+1)

	for _, tt := range []struct {
		path string
		want error
	}{
		{garbage, store.ErrDamaged},
		{locked, store.ErrLocked},
		{newer, store.ErrFormat},
		{filepath.Join(dir, "no", "such", "folder"), os.ErrNotExist},
	} {
		s, err := store.Open(tt.path, store.Options{})
		if !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", filepath.Base(tt.path), err, tt.want)
		}
		if s != nil {
			t.Errorf("%s: a store in spite of the error", filepath.Base(tt.path))
		}
	}
}

func writeFormat(t *testing.T, path string, format byte) {
	t.Helper()
	db, err := bolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bolt.Tx) error {
		b, err := tx.CreateBucket([]byte("meta"))
		if err != nil {
			return err
		}
		return b.Put([]byte("format"), []byte{format})
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
}
