package store_test

import (
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"

	"gatewayd/internal/store"
	"gatewayd/internal/store/storetest"
)

// full lets operations of one kind fail for lack of space.
func full(what string) func(storetest.Op) error {
	return func(op storetest.Op) error {
		if op.What == what {
			return syscall.ENOSPC
		}
		return nil
	}
}

// TestFaults: a commit that fails says so and has not happened, neither now nor
// after a restart; the next one works as soon as the disk does.
func TestFaults(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		what string
		err  error
	}{
		{"write", syscall.ENOSPC},
		{"write", syscall.EIO},
		{"write", syscall.EROFS},
		{"write", storetest.ErrShortWrite},
		{"sync", syscall.EIO},
		{"sync", syscall.ENOSPC},
	} {
		d := storetest.New(9)
		s := on(t, d)
		put := func(v string) error {
			_, err := s.Commit(store.Batch{
				Put:    []store.Record{{Bucket: "b", Key: "k", Value: []byte(v)}},
				Outbox: []store.Entry{entry("a", v)},
			})
			return err
		}
		want := func(when, key, outbox string) {
			t.Helper()
			v, _ := s.Get("b", "k")
			if got := strings.Join(records(t, s, "a", 0, 9), " "); string(v) != key || got != outbox {
				t.Errorf("%s %v, %s: %q and %q, want %q and %q", tt.what, tt.err, when, v, got, key, outbox)
			}
		}
		if err := put("1"); err != nil {
			t.Fatal(err)
		}
		failing := true
		d.Fail(func(op storetest.Op) error {
			if failing && op.What == tt.what {
				return tt.err
			}
			return nil
		})
		for range 3 {
			if err := put("failed"); !errors.Is(err, tt.err) {
				t.Errorf("%s: %v, want %v", tt.what, err, tt.err)
			}
			want("while it fails", "1", "1")
		}
		failing = false
		if err := put("2"); err != nil {
			t.Errorf("%s %v: not recovered: %v", tt.what, tt.err, err)
		}
		want("recovered", "2", "1 2")
		s = on(t, d.Cut())
		want("after a restart", "2", "1 2")
		if r := s.Report(); len(r.Damaged) > 0 {
			t.Errorf("%s %v: %v", tt.what, tt.err, r)
		}
	}
}

// After one failed sync the log goes on elsewhere at once, so that what failed
// does not come back even if the power fails right then.
func TestFailedCommitDoesNotComeBack(t *testing.T) {
	t.Parallel()
	for seed := range uint64(40) {
		d := storetest.New(seed)
		s := on(t, d)
		commit(t, s, store.Batch{Outbox: []store.Entry{entry("a", "1")}})
		failed := false
		d.Fail(func(op storetest.Op) error {
			if op.What == "sync" && !failed {
				failed = true
				return syscall.EIO
			}
			return nil
		})
		if _, err := s.Commit(store.Batch{Outbox: []store.Entry{entry("a", "2")}}); err == nil {
			t.Fatal("no error")
		}
		if got := records(t, on(t, d.Cut()), "a", 0, 9); len(got) != 1 {
			t.Fatalf("after a power cut: %q", got)
		}
	}
}

// A disk with no space for another segment: the log goes on in what it has won
// back, once the hub has taken what waited.
func TestFullDiskRecoversByItself(t *testing.T) {
	t.Parallel()
	d := storetest.New(4)
	s := on(t, d)
	add := func() error {
		_, err := s.Commit(store.Batch{Outbox: []store.Entry{{Node: "a", Record: make([]byte, 900)}}})
		return err
	}
	for s.Stats().Segments < 3 {
		if err := add(); err != nil {
			t.Fatal(err)
		}
	}
	d.Fail(full("create"))
	added := 0
	for ; added < 1000; added++ {
		if err := add(); err != nil {
			if !errors.Is(err, syscall.ENOSPC) {
				t.Fatal(err)
			}
			break
		}
	}
	if err := add(); err == nil {
		t.Fatal("the disk is not full")
	}
	entries, err := s.Pending("a", 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		s.Done("a", e.Seq)
	}
	for i := range 200 {
		if err := add(); err != nil {
			t.Fatalf("commit %d with everything delivered: %v", i, err)
		}
		entries, _ := s.Pending("a", 0, 1000)
		for _, e := range entries {
			s.Done("a", e.Seq)
		}
	}
	if r := on(t, d.Cut()).Report(); r.SalvagedCounters {
		t.Errorf("%v", r)
	}
}

// The log does not grow with what has been replaced or delivered, and what
// counts survives being moved.
func TestCleaning(t *testing.T) {
	t.Parallel()
	d := storetest.New(4)
	s := on(t, d)
	commit(t, s, store.Batch{
		Put:    []store.Record{{Bucket: "old", Key: "k", Value: []byte("kept")}, {Bucket: "old", Key: "gone", Value: []byte("x")}},
		Nonces: []store.Nonce{{Node: "a", DevNonce: 77}},
		Outbox: []store.Entry{entry("waits", "1"), entry("waits", "2")},
	})
	commit(t, s, store.Batch{Put: []store.Record{{Bucket: "old", Key: "gone"}}})
	for i := range 2000 {
		commit(t, s, store.Batch{
			Put:    []store.Record{{Bucket: "session", Key: fmt.Sprint(i % 20), Value: make([]byte, 300)}},
			Outbox: []store.Entry{{Node: "a", Record: make([]byte, 200)}},
		})
		entries, err := s.Pending("a", 0, 10)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			s.Done("a", e.Seq)
		}
		if st := s.Stats(); st.LogBytes > 5*small || st.Segments > 6 {
			t.Fatalf("the log has %d segments, %d bytes after %d commits", st.Segments, st.LogBytes, i)
		}
	}
	if names, _ := d.Names(); len(names) > 8 {
		t.Errorf("%d files: %v", len(names), names)
	}
	s = on(t, d)
	if v, _ := s.Get("old", "k"); string(v) != "kept" || !s.NonceUsed("a", 77) {
		t.Errorf("%q, nonce %v", v, s.NonceUsed("a", 77))
	}
	if v, ok := s.Get("old", "gone"); ok {
		t.Errorf("a deleted record is back: %q", v)
	}
	if got := strings.Join(records(t, s, "waits", 0, 9), " "); got != "1 2" {
		t.Errorf("waiting: %q", got)
	}
}
