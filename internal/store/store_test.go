package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gatewayd/internal/store"
	"gatewayd/internal/store/storetest"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// small makes segments that a test fills.
const small = 32 << 10

func open(t *testing.T, dir string, o store.Options) *store.Store {
	t.Helper()
	s, err := store.Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// on opens a store on a disk in memory.
func on(t *testing.T, d *storetest.Disk) *store.Store {
	t.Helper()
	return open(t, "disk", store.Options{FS: d, SegmentBytes: small})
}

func folder(t *testing.T) string { return filepath.Join(t.TempDir(), "gatewayd.d") }

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

func closeStore(t *testing.T, s *store.Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestCommitSurvivesReopen(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	s := open(t, dir, store.Options{})
	commit(t, s, store.Batch{
		Put: []store.Record{
			{Bucket: "session", Key: "a", Value: []byte("session of a")},
			{Bucket: "session", Key: "gone", Value: []byte("x")},
			{Bucket: "dps", Key: "empty", Value: []byte{}},
		},
		Nonces: []store.Nonce{{Node: "a", DevNonce: 7}, {Node: "a", DevNonce: 0}, {Node: "a", DevNonce: 65535}},
		Outbox: []store.Entry{entry("a", "a1"), entry("b", "b1"), {Node: "a", Record: []byte("a2"), Priority: 9}},
		Now:    noon, NowTrusted: true,
	})
	commit(t, s, store.Batch{Put: []store.Record{{Bucket: "session", Key: "gone"}}})
	closeStore(t, s)

	s = open(t, dir, store.Options{})
	if rec, ok := s.Get("session", "a"); !ok || string(rec) != "session of a" {
		t.Errorf("session of a: %q, %v", rec, ok)
	}
	if rec, ok := s.Get("dps", "empty"); !ok || len(rec) != 0 {
		t.Errorf("an empty value: %q, %v", rec, ok)
	}
	for _, key := range []string{"gone", "b"} {
		if rec, ok := s.Get("session", key); ok {
			t.Errorf("session of %s: %q, want none", key, rec)
		}
	}
	for nonce, want := range map[uint16]bool{0: true, 7: true, 8: false, 65535: true} {
		if used := s.NonceUsed("a", nonce); used != want {
			t.Errorf("nonce %d used: %v, want %v", nonce, used, want)
		}
	}
	if s.NonceUsed("b", 7) {
		t.Error("nonce 7 of a counts as used by b")
	}
	entries, err := s.Pending("a", 0, 10)
	want := []store.Entry{{Node: "a", Seq: 1, Record: []byte("a1")}, {Node: "a", Seq: 3, Priority: 9, Record: []byte("a2")}}
	if diff := cmp.Diff(want, entries); diff != "" || err != nil {
		t.Errorf("outbox of a: %v (-want +got):\n%s", err, diff)
	}
	if seen, err := s.LastSeen(); err != nil || !seen.Equal(noon) {
		t.Errorf("last seen %v, %v, want %v", seen, err, noon)
	}
	if diff := cmp.Diff(store.Report{Segments: 1, Commits: 2, Records: 3, Outbox: 3}, s.Report()); diff != "" {
		t.Errorf("report (-want +got):\n%s", diff)
	}
}

func TestFilesAreOfTheOwnerOnly(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	open(t, dir, store.Options{})
	for _, name := range []string{dir, filepath.Join(dir, "log-00000001.seg"), dir + ".lock"} {
		if info, err := os.Stat(name); err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: mode %v, %v: keys are in there", filepath.Base(name), info.Mode(), err)
		}
	}
}

func TestEach(t *testing.T) {
	t.Parallel()
	s := on(t, storetest.New(1))
	var puts []store.Record
	for _, key := range []string{"b/2", "a/1", "b/10", "b/1", "c"} {
		puts = append(puts, store.Record{Bucket: "queue", Key: key, Value: []byte(key)})
	}
	commit(t, s, store.Batch{Put: append(puts, store.Record{Bucket: "other", Key: "b/3", Value: []byte("x")})})
	var got []string
	s.Each("queue", "b/", func(key string, value []byte) { got = append(got, key+"="+string(value)) })
	if diff := cmp.Diff([]string{"b/1=b/1", "b/10=b/10", "b/2=b/2"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A value handed in or out belongs to whoever holds it.
func TestValuesAreCopies(t *testing.T) {
	t.Parallel()
	s := on(t, storetest.New(1))
	value := []byte("right")
	commit(t, s, store.Batch{Put: []store.Record{{Bucket: "b", Key: "k", Value: value}}})
	value[0] = 'X'
	got, _ := s.Get("b", "k")
	got[1] = 'X'
	if again, _ := s.Get("b", "k"); string(again) != "right" {
		t.Errorf("got %q", again)
	}
}

func TestPendingInOrderAfterCursor(t *testing.T) {
	t.Parallel()
	s := on(t, storetest.New(1))
	for i := range 20 {
		e := entry("a", fmt.Sprint(i))
		e.Priority = uint8(i % 3)
		commit(t, s, store.Batch{Outbox: []store.Entry{e, entry("other", "x")}})
	}
	first, err := s.Pending("a", 0, 3)
	if err != nil || len(first) != 3 {
		t.Fatalf("got %d entries, %v, want 3", len(first), err)
	}
	if diff := cmp.Diff([]string{"3", "4", "5", "6"}, records(t, s, "a", first[2].Seq, 4)); diff != "" {
		t.Errorf("after the cursor (-want +got):\n%s", diff)
	}
	all, err := s.Pending("a", 0, 20)
	if err != nil || len(all) != 20 {
		t.Fatalf("got %d entries, %v, want 20", len(all), err)
	}
	if got, want := s.Newest("a"), all[19].Seq; got != want || s.Newest("nobody") != 0 {
		t.Errorf("newest of a is %d, want %d; of a node without entries %d, want 0", got, want, s.Newest("nobody"))
	}
}

func TestDone(t *testing.T) {
	t.Parallel()
	d := storetest.New(1)
	s := on(t, d)
	commit(t, s, store.Batch{Outbox: []store.Entry{entry("a", "1"), entry("a", "2"), entry("a", "3")}})
	pending, err := s.Pending("a", 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	s.Done("a", pending[1].Seq)
	s.Done("a", pending[1].Seq)
	s.Done("a", 999) // never existed
	s.Done("b", pending[0].Seq)
	if diff := cmp.Diff([]string{"1", "3"}, records(t, s, "a", 0, 10)); diff != "" {
		t.Errorf("before the deletion (-want +got):\n%s", diff)
	}
	if n, _ := s.Depth(); n != 2 || s.Waiting()["a"] != 2 {
		t.Errorf("depth %d, waiting %d, want 2", n, s.Waiting()["a"])
	}
	before := d.Ops()
	if _, err := s.Flush(noon, true); err != nil || d.Ops() != before {
		t.Errorf("Flush wrote at once: %v", err)
	}
	commit(t, s, store.Batch{Outbox: []store.Entry{entry("b", "x")}})
	s = on(t, d) // as after a crash
	if diff := cmp.Diff([]string{"1", "3"}, records(t, s, "a", 0, 10)); diff != "" {
		t.Errorf("after reopening (-want +got):\n%s", diff)
	}
}

// A quiet site writes off what the hub has acknowledged after a minute, a busy
// hub before that.
func TestFlushWritesOffWhatIsDone(t *testing.T) {
	t.Parallel()
	now, d := noon, storetest.New(1)
	s := open(t, "disk", store.Options{FS: d, Now: func() time.Time { return now }})
	b := store.Batch{}
	for range 400 {
		b.Outbox = append(b.Outbox, entry("a", "x"))
	}
	commit(t, s, b)
	done := func(from, to uint64) {
		for seq := from; seq < to; seq++ {
			s.Done("a", seq)
		}
	}
	left := func() int {
		t.Helper()
		if _, err := s.Flush(now, true); err != nil {
			t.Fatal(err)
		}
		_, bytes := s.Depth()
		return int(bytes) / 26
	}
	done(1, 100)
	if n := left(); n != 400 {
		t.Errorf("%d left at once, want all 400", n)
	}
	now = now.Add(time.Minute)
	if n := left(); n != 301 {
		t.Errorf("%d left after a minute, want 301", n)
	}
	done(100, 360)
	if n := left(); n != 41 {
		t.Errorf("%d left when many were done, want 41", n)
	}
	done(360, 370)
	closeStore(t, s)
	if s = on(t, d); s.Waiting()["a"] != 31 {
		t.Errorf("%d left after Close, want 31", s.Waiting()["a"])
	}
}

// Sequence numbers must not come again after everything was deleted: a late
// Done of an old entry would delete a new one.
func TestSeqNeverReused(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	s := open(t, dir, store.Options{})
	commit(t, s, store.Batch{Outbox: []store.Entry{entry("a", "1")}})
	old, _ := s.Pending("a", 0, 1)
	s.Done("a", old[0].Seq)
	closeStore(t, s)
	s = open(t, dir, store.Options{})
	commit(t, s, store.Batch{Outbox: []store.Entry{entry("a", "2")}})
	next, _ := s.Pending("a", 0, 1)
	if len(next) != 1 || next[0].Seq <= old[0].Seq {
		t.Errorf("seq after %d: %+v", old[0].Seq, next)
	}
}

// A week of backlog must not stand in the way of a frame when it is sent off.
func TestLargeBacklogIsDeletedInOnePass(t *testing.T) {
	t.Parallel()
	s := open(t, "disk", store.Options{FS: storetest.New(1)})
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

func TestBatchThatCannotBeStored(t *testing.T) {
	t.Parallel()
	s := on(t, storetest.New(1))
	long := strings.Repeat("x", 2000)
	for name, b := range map[string]store.Batch{
		"no bucket":     {Put: []store.Record{{Key: "k", Value: []byte("v")}}},
		"no key":        {Put: []store.Record{{Bucket: "b", Value: []byte("v")}}},
		"long key":      {Put: []store.Record{{Bucket: "b", Key: long}}},
		"not UTF-8":     {Put: []store.Record{{Bucket: "b", Key: "\xff"}}},
		"no node":       {Outbox: []store.Entry{entry("", "x")}},
		"nonce of none": {Nonces: []store.Nonce{{DevNonce: 1}}},
		"large value":   {Outbox: []store.Entry{{Node: "a", Record: make([]byte, 2<<20)}}},
	} {
		if _, err := s.Commit(b); err == nil || s.Stats().Commits != 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestClosed(t *testing.T) {
	t.Parallel()
	s := on(t, storetest.New(1))
	closeStore(t, s)
	if _, err := s.Commit(store.Batch{}); !errors.Is(err, os.ErrClosed) {
		t.Errorf("Commit: %v", err)
	}
	if _, err := s.Flush(noon, true); !errors.Is(err, os.ErrClosed) {
		t.Errorf("Flush: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("Close again: %v", err)
	}
}

func TestOpenErrors(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	write := func(name string, content []byte) {
		t.Helper()
		if err := errors.Join(os.MkdirAll(filepath.Dir(path(name)), 0o700), os.WriteFile(path(name), content, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	write("garbage/log-00000001.seg", make([]byte, 1<<16))
	write("file", []byte("not a directory"))
	open(t, path("locked"), store.Options{})
	newer := store.NewerHeader()
	write("newer/log-00000001.seg", newer)

	for _, tt := range []struct {
		path string
		want error
	}{
		{"garbage", store.ErrDamaged},
		{"file", store.ErrDamaged},
		{"locked", store.ErrLocked},
		{"newer", store.ErrFormat},
		{"no/such", os.ErrNotExist},
	} {
		s, err := store.Open(path(tt.path), store.Options{})
		if !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.path, err, tt.want)
		}
		if s != nil {
			t.Errorf("%s: a store in spite of the error", tt.path)
		}
	}
	if got, err := os.ReadFile(path("newer/log-00000001.seg")); err != nil || !bytes.Equal(got, newer) {
		t.Errorf("the store of a newer version was touched: %v", err)
	}
	if entries, err := os.ReadDir(path("newer")); err != nil || len(entries) != 1 {
		t.Errorf("the store of a newer version has %d files, %v", len(entries), err)
	}
}

// A small commit is one page and, now and then, the journal; a segment is some
// more.
func TestStats(t *testing.T) {
	t.Parallel()
	now := noon
	s := open(t, "disk", store.Options{FS: storetest.New(1), Now: func() time.Time { return now }})
	begun := s.Stats().DeviceBytes
	if begun == 0 || s.Stats().Commits != 0 {
		t.Errorf("a new store: %+v", s.Stats())
	}
	commit(t, s, store.Batch{Outbox: []store.Entry{entry("a", "1")}})
	first := s.Stats()
	now = now.Add(time.Second)
	commit(t, s, store.Batch{Outbox: []store.Entry{entry("a", "2")}})
	second := s.Stats()
	now = now.Add(4 * time.Second)
	commit(t, s, store.Batch{Outbox: []store.Entry{entry("a", "3")}})
	third := s.Stats()
	if got := second.DeviceBytes - first.DeviceBytes; got != 4096 {
		t.Errorf("a commit gave the device %d bytes", got)
	}
	if got := third.DeviceBytes - second.DeviceBytes; got != 4*4096 {
		t.Errorf("a commit with the journal gave the device %d bytes", got)
	}
	if third.Commits != 3 || third.Segments != 1 || third.LogBytes != 8192+3*512 || third.GarbageBytes <= 0 {
		t.Errorf("%+v", third)
	}
}
