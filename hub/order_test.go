package hub

import (
	"errors"
	"math"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Newest makes a memoryFeed a Backlog.
func (f *memoryFeed) Newest() uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.queue) == 0 {
		return 0
	}
	return f.queue[len(f.queue)-1].Seq
}

func TestRuns(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)
	newest := uint64(40)
	tell := func() uint64 { return newest }
	var r runs
	steps := []struct {
		name    string
		away    time.Duration // before the next session
		newest  uint64
		fresh   uint64 // Seq after which what is fresh begins
		backlog uint64 // Seq of its last
	}{
		{"the first session", 0, 40, 40, 40},
		{"soon back: what was fresh stays so", staleAfter - time.Second, 50, 40, 40},
		{"after an outage all is backlog", staleAfter, 70, 70, 70},
		{"and again, with nothing left", time.Hour, 0, 70, 70},
	}
	now := start
	for _, step := range steps {
		now, newest = now.Add(step.away), step.newest
		r.begin(now, tell)
		want := []run{{after: step.fresh, upTo: math.MaxUint64}, {upTo: step.backlog}}
		if diff := cmp.Diff(want, r.open(), cmp.AllowUnexported(run{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", step.name, diff)
		}
		r.left = now
	}
	r.backlog.after = 70
	if got := r.open(); len(got) != 1 {
		t.Errorf("with the backlog taken: %+v, want only what is fresh", got)
	}

	var inOrder runs
	inOrder.begin(start, nil)
	if got := inOrder.open(); len(got) != 1 || got[0].after != 0 {
		t.Errorf("in order: %+v, want one run from the start", got)
	}
}

func TestRunsSkip(t *testing.T) {
	t.Parallel()
	var r runs
	r.begin(time.Now(), func() uint64 { return 10 })
	for _, seq := range []uint64{12, 3} { // the fresh one first
		if !r.of(seq).pass(seq) || r.of(seq).pass(seq) {
			t.Errorf("message %d: want it new once", seq)
		}
	}
	for seq, want := range map[uint64]bool{3: true, 4: false, 12: true, 13: false} {
		if r.skips(seq) != want {
			t.Errorf("skips(%d) is %v", seq, !want)
		}
	}
}

// What comes goes before what waited, also when a connection is lost for a
// moment; after an outage what has not got through has become the backlog.
func TestFreshFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got [4]journal
		acks := make(chan struct{}) // one for each PUBACK
		cut := make(chan struct{})
		sessions := 0 // one at a time
		h := newTestHub(t, func(p *peer) {
			if !p.accept() {
				return
			}
			sessions++
			session, n, closed := sessions, uint16(1), make(chan struct{})
			defer close(closed)
			go func() {
				for {
					select {
					case <-acks:
						n++
						p.ack(n)
					case <-cut:
						_ = p.raw.Close()
						return
					case <-closed:
						return
					}
				}
			}()
			for pub, id := p.publish(); pub != nil; pub, id = p.publish() {
				got[session].add(id)
			}
		})
		acknowledge := func(n int) {
			for range n {
				acks <- struct{}{}
				synctest.Wait()
			}
		}
		o := h.options()
		o.PubAckTimeout = time.Hour // they come when the test wants
		f := newFeed(ids(1, 40)...)
		d := testDevice(t, "lora1", f)
		d.Replay = ReplayFreshFirst
		_, stop := h.start(o, d)
		defer stop()

		synctest.Wait() // m1 to m16 are under way
		f.add(ids(41, 43)...)
		synctest.Wait()
		acknowledge(10) // of m1 to m10
		want := slices.Concat(ids(1, 16), ids(41, 43), ids(17, 23))
		if diff := cmp.Diff(want, got[1].all()); diff != "" {
			t.Fatalf("behind an outage (-want +got):\n%s", diff)
		}

		cut <- struct{}{}
		<-time.After(time.Minute)
		synctest.Wait()
		want = slices.Concat(ids(41, 43), ids(11, 23))
		if diff := cmp.Diff(want, got[2].all()); diff != "" {
			t.Fatalf("soon back (-want +got):\n%s", diff)
		}

		h.fail(errors.New("no way"))
		cut <- struct{}{}
		<-time.After(time.Hour)
		f.add("m44")
		h.fail(nil)
		<-time.After(10 * time.Minute)
		synctest.Wait()
		f.add("m45")
		synctest.Wait()
		acknowledge(34)
		want = slices.Concat(ids(11, 26), []string{"m45"}, ids(27, 44))
		if diff := cmp.Diff(want, got[3].all()); diff != "" {
			t.Errorf("after another outage (-want +got):\n%s", diff)
		}
	})
}
