package hub

import (
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestAlarms(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		var mu sync.Mutex
		rung := make(map[alarm][]time.Duration)
		var a alarms
		a.ring = func(k alarm) {
			mu.Lock()
			defer mu.Unlock()
			rung[k] = append(rung[k], time.Since(begin))
		}
		a.set(alarmPing, 10*time.Second)
		a.set(alarmPubAck, 5*time.Second)
		a.set(alarmPubAck, 7*time.Second) // put off
		a.set(alarmRenew, 3*time.Second)
		a.set(alarmSteady, 4*time.Second)
		a.clear(alarmSteady)
		a.set(alarmDrain, 0)
		advance(8 * time.Second)
		a.set(alarmFeed, time.Second)
		advance(5 * time.Second)
		a.set(alarmTwin, time.Second)
		a.stop()
		advance(time.Minute)
		a.set(alarmCloud, time.Second)
		advance(time.Minute)
		mu.Lock()
		defer mu.Unlock()
		want := map[alarm][]time.Duration{
			alarmDrain: {0}, alarmRenew: {3 * time.Second}, alarmPubAck: {7 * time.Second},
			alarmFeed: {9 * time.Second}, alarmPing: {10 * time.Second}, alarmCloud: {74 * time.Second},
		}
		if diff := cmp.Diff(want, rung); diff != "" {
			t.Errorf("rung (-want +got):\n%s", diff)
		}
	})
}

// Many channels share few goroutines, which go when the channels do.
func TestLookout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 3 * watchSize
		var l lookout
		before := runtime.NumGoroutine()
		var woken [n]atomic.Int32
		var channels [n]chan struct{}
		var removes [n]func()
		for i := range n {
			channels[i] = make(chan struct{}, 1)
			removes[i] = l.add(channels[i], func() { woken[i].Add(1) })
		}
		synctest.Wait()
		if got := runtime.NumGoroutine() - before; got != 3 {
			t.Errorf("%d goroutines for %d channels", got, n)
		}
		for i := range n {
			channels[i] <- struct{}{}
		}
		close(channels[0])
		synctest.Wait()
		for i := range n {
			want := int32(1)
			if i == 0 {
				want = 2 // its end
			}
			if got := woken[i].Load(); got != want {
				t.Errorf("channel %d woke %d times, want %d", i, got, want)
			}
		}
		for i := range n {
			removes[i]()
		}
		channels[1] <- struct{}{}
		synctest.Wait()
		if got := runtime.NumGoroutine() - before; got > 0 || woken[1].Load() != 1 {
			t.Errorf("%d goroutines left, %d calls after the end", got, woken[1].Load()-1)
		}
	})
}

// One renews at a time, in the order they ask; who is gone is passed over.
func TestRenewals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newTestHub(t, func(*peer) {})
		o, err := h.options().withDefaults()
		if err != nil {
			t.Fatal(err)
		}
		s := newShared(o)
		a, b, c := newConnection(s, Device{ID: "a"}), newConnection(s, Device{ID: "b"}), newConnection(s, Device{ID: "c"})
		r := &s.renewals
		r.holder = a
		r.ask(b)
		r.ask(b)
		r.ask(c)
		if diff := cmp.Diff([]string{"b", "c"}, names(r.queue)); diff != "" {
			t.Errorf("queue (-want +got):\n%s", diff)
		}
		r.release(b)
		r.release(b)
		r.release(a) // c is not connected, and gives its turn back
		synctest.Wait()
		if r.holder != nil || len(r.queue) > 0 {
			t.Errorf("held by %v, waiting: %v", r.holder, names(r.queue))
		}
	})
}

func names(connections []*connection) []string {
	var all []string
	for _, c := range connections {
		all = append(all, c.device.ID)
	}
	return slices.Clip(all)
}

// Where nobody gives the turn on, a device renews before its token expires all
// the same.
func TestRenewalWithoutTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newTestHub(t, func(p *peer) {
			if p.accept() {
				p.serve(func(string) {})
			}
		})
		s, stop := h.start(h.options(), testDevice(t, "lora1", newFeed()))
		s.shared.renewals.mu.Lock()
		s.shared.renewals.holder = newConnection(s.shared, Device{ID: "stuck"})
		s.shared.renewals.mu.Unlock()
		advance(58 * time.Minute)
		if dials := h.dialTimes(); len(dials) != 2 || dials[1].Sub(dials[0]) != 57*time.Minute {
			t.Errorf("connected at %v, want again after 57 minutes", dials)
		}
		stop()
	})
}
