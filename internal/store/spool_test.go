package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gatewayd/internal/store"
	"gatewayd/internal/store/storetest"
)

// spooled is a store whose deferrable batches may wait for a minute.
type spooled struct {
	*store.Store
	t    *testing.T
	disk *storetest.Disk
	now  time.Time
	made int
}

func newSpooled(t *testing.T) *spooled {
	t.Helper()
	s := &spooled{t: t, disk: storetest.New(3), now: noon}
	s.reopen()
	s.uplink(false) // reserves sequence numbers
	s.Done("a", 1)
	return s
}

func (s *spooled) reopen() {
	s.t.Helper()
	s.Store = open(s.t, "disk", store.Options{FS: s.disk, SegmentBytes: small, Spool: time.Minute, Now: func() time.Time { return s.now }})
}

// uplink commits what an uplink changes, and reports whether that wrote.
func (s *spooled) uplink(deferrable bool) (wrote bool) {
	s.t.Helper()
	s.made++
	before := s.Stats().Commits
	commit(s.t, s.Store, store.Batch{
		Put:        []store.Record{{Bucket: "session", Key: "a", Value: fmt.Append(nil, "counter ", s.made)}},
		Outbox:     []store.Entry{entry("a", fmt.Sprint(s.made))},
		Deferrable: deferrable,
	})
	return s.Stats().Commits > before
}

// flush reports whether Flush wrote.
func (s *spooled) flush() bool {
	s.t.Helper()
	before := s.Stats().Commits
	if _, err := s.Flush(s.now, false); err != nil {
		s.t.Fatal(err)
	}
	return s.Stats().Commits > before
}

// want checks counter and outbox.
func (s *spooled) want(when string, counter int, waiting ...string) {
	s.t.Helper()
	if v, _ := s.Get("session", "a"); string(v) != fmt.Sprint("counter ", counter) {
		s.t.Errorf("%s: %s, want %d", when, v, counter)
	}
	if diff := cmp.Diff(waiting, records(s.t, s.Store, "a", 0, 10)); diff != "" {
		s.t.Errorf("%s (-want +got):\n%s", when, diff)
	}
}

// crash opens the store as a power cut leaves it.
func (s *spooled) crash() {
	s.t.Helper()
	s.disk = s.disk.Cut()
	s.reopen()
}

func TestSpoolWritesWhatIsNotDoneInTime(t *testing.T) {
	t.Parallel()
	s := newSpooled(t)
	if s.uplink(true) {
		t.Error("a deferrable uplink was written at once")
	}
	s.want("in memory", 2, "2")
	s.now = s.now.Add(30 * time.Second)
	s.uplink(true)
	if s.flush() {
		t.Error("written before the window was over")
	}
	s.now = s.now.Add(30 * time.Second)
	if !s.flush() {
		t.Error("not written when the window was over")
	}
	s.crash()
	s.want("after a power cut", 3, "2", "3")
}

func TestSpoolLosesNoMoreThanTheWindow(t *testing.T) {
	t.Parallel()
	s := newSpooled(t)
	s.uplink(true)
	s.uplink(true)
	s.crash()
	s.want("after a power cut", 1, "1")
}

// What nobody waits for goes along with what somebody does.
func TestSpoolGoesWithTheNextStrictCommit(t *testing.T) {
	t.Parallel()
	s := newSpooled(t)
	s.uplink(true)
	s.uplink(true)
	s.Done("a", 2)
	if !s.uplink(false) {
		t.Error("a strict commit was not written")
	}
	s.crash()
	s.want("after a power cut", 4, "3", "4")
}

// While the hub keeps up, only counters are written, now and then.
func TestSpoolWritesNoEntriesThatAreDone(t *testing.T) {
	t.Parallel()
	s := newSpooled(t)
	commits := 0
	for range 600 { // ten minutes
		if s.uplink(true) {
			commits++
		}
		entries, err := s.Pending("a", 0, 10)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			s.Done("a", e.Seq)
		}
		s.now = s.now.Add(time.Second)
		if s.flush() {
			commits++
		}
	}
	if commits < 2 || commits > 12 {
		t.Errorf("%d commits in ten minutes, want counters about once a minute", commits)
	}
	s.crash()
	if v, _ := s.Get("session", "a"); string(v) < "counter 500" {
		t.Errorf("after a power cut: %s, want one of the last 64", v)
	}
	if n := s.Waiting()["a"]; n != 0 {
		t.Errorf("%d entries were written", n)
	}
}

func TestSpoolCloseWritesEverything(t *testing.T) {
	t.Parallel()
	s := newSpooled(t)
	s.uplink(true)
	closeStore(t, s.Store)
	s.crash()
	s.want("after Close", 2, "2")
}

// A used DevNonce is never deferred: the answer to a join relies on it.
func TestSpoolNeverDefersNonces(t *testing.T) {
	t.Parallel()
	s := newSpooled(t)
	commit(t, s.Store, store.Batch{Nonces: []store.Nonce{{Node: "a", DevNonce: 5}}, Deferrable: true})
	s.crash()
	if !s.NonceUsed("a", 5) {
		t.Error("a nonce is lost")
	}
}

// The spool is bounded whatever the window is.
func TestSpoolIsBounded(t *testing.T) {
	t.Parallel()
	s := newSpooled(t)
	before := s.Stats().Commits
	for range 30 {
		commit(t, s.Store, store.Batch{Outbox: []store.Entry{{Node: "a", Record: make([]byte, 100<<10)}}, Deferrable: true})
	}
	if n := s.Stats().Commits - before; n < 2 {
		t.Errorf("3 MB made %d commits", n)
	}
}
