package hub

import (
	"slices"
	"sync"
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

// Who watches a signal is woken by each Tell, by one before that it came, and
// by none after it has gone.
func TestSignal(t *testing.T) {
	t.Parallel()
	var s Signal
	var first, second int
	s.Tell()
	s.Tell()
	stop := s.Watch(func() { first++ })
	if first != 1 {
		t.Errorf("woken %d times by what was told before, want once", first)
	}
	s.Tell()
	stopSecond := s.Watch(func() { second++ })
	stop() // no longer the one who watches
	s.Tell()
	stopSecond()
	s.Tell()
	if first != 2 || second != 1 {
		t.Errorf("the first one woken %d times, the second one %d, want 2 and 1", first, second)
	}
	s.Watch(func() { second++ })
	if second != 2 {
		t.Error("what was told while nobody watched is forgotten")
	}
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
