package hub

import (
	"testing"
	"testing/synctest"
	"time"
)

// What the hub cannot take, or not now, is no reason to connect again and
// again.
func TestOnDemandInVain(t *testing.T) {
	impossible := func(d *Device) {
		f := newFeed("m1")
		f.queue[0].Properties = []Property{{"$.x", "y"}}
		d.Feed = f
	}
	report := func(d *Device) { d.Reports = newReports(`{"a":1}`) }
	for _, tt := range []struct {
		name            string
		give            func(*Device)
		tier            Tier
		atLeast, atMost int // connections in an hour
	}{
		{"message it can never take", impossible, "", 1, 1},
		{"reported properties in a basic tier", report, "B1", 0, 0},
		{"throttled", report, "", 10, 25},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newTestHub(t, func(p *peer) {
					if !p.accept() {
						return
					}
					for word := p.heard(); word != "the end" && word != "DISCONNECT"; word = p.heard() {
						p.answerTo(word, "429", "")
					}
				})
				d := testDevice(t, "lora1", newFeed())
				d.Policy = PolicyOnDemand
				tt.give(&d)
				o := h.options()
				o.Tier = tt.tier
				_, stop := h.start(o, d)
				defer stop()
				advance(time.Hour)
				if n := len(h.dialTimes()); n < tt.atLeast || n > tt.atMost {
					t.Errorf("%d connections in an hour, want %d to %d", n, tt.atLeast, tt.atMost)
				}
			})
		})
	}
}

// A message that waits for its PUBACK still counts behind one that the hub can
// never take.
func TestOnDemandBehindImpossible(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newTestHub(t, func(p *peer) {
			if p.accept() && p.n > 1 {
				p.serve(func(string) {})
			} else {
				p.publish()
			}
		})
		f := newFeed("m1", "m2")
		f.queue[1].Properties = []Property{{"$.x", "y"}}
		d := testDevice(t, "lora1", f)
		d.Policy = PolicyOnDemand
		_, stop := h.start(h.options(), d)
		defer stop()
		advance(10 * time.Minute)
		if done := f.doneSeqs(); len(done) != 1 || len(h.dialTimes()) != 2 {
			t.Errorf("acknowledged %v over %d connections", done, len(h.dialTimes()))
		}
	})
}
