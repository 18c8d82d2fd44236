package hub

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// With the daily quota used up the hub takes the connection and never a
// message, for hours: fewer and fewer attempts, and no line per attempt.
func TestQuotaUsedUpForHours(t *testing.T) {
	for _, timeout := range []time.Duration{30 * time.Second, 55 * time.Second, 90 * time.Second} {
		t.Run(timeout.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newTestHub(t, func(p *peer) {
					if p.accept() {
						p.linger()
					}
				})
				o := h.options()
				o.PubAckTimeout = timeout
				_, stop := h.start(o, testDevice(t, "lora1", newFeed("m1")))
				advance(6 * time.Hour)
				stop()
				if dials := len(h.dialTimes()); dials > 180 {
					t.Errorf("%d attempts in six hours: the back-off does not grow", dials)
				}
				if again, lines := h.said("connected again"), h.log.Len(); again > 0 || lines > 4 {
					t.Errorf("said %d times that it works again, %d lines in all", again, lines)
				}
			})
		})
	}
}

// lossyFeed gives out fewer messages than asked for, as one that leaves out an
// unreadable record does.
type lossyFeed struct {
	*memoryFeed
	bad string
}

func (f *lossyFeed) Pending(after uint64, limit int) ([]Message, error) {
	in, err := f.memoryFeed.Pending(after, limit)
	var out []Message
	for _, m := range in {
		if m.ID == f.bad {
			f.Done(m.Seq)
			continue
		}
		out = append(out, m)
	}
	return out, err
}

func TestShortPendingIsNotTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got journal
		h := newTestHub(t, func(p *peer) {
			if p.accept() {
				p.serve(got.add)
			}
		})
		f := &lossyFeed{newFeed(ids(1, 100)...), "m5"}
		f.ready.Watch(func() {})() // takes what it tells, as after a restart of the daemon
		_, stop := h.start(h.options(), testDevice(t, "lora1", f))
		advance(time.Minute)
		if n := len(got.all()); n != 99 {
			t.Errorf("%d of 99 messages sent", n)
		}
		stop()
	})
}

// Devices that are told to stop while they wait for their turn leave no debt
// behind at the limiter of new connections.
func TestReloadsDoNotDelayConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newTestHub(t, func(p *peer) {
			if p.accept() {
				p.serve(func(string) {})
			}
		})
		var devices []Device
		for i := range 50 { // at 5 a second, 10 at once, they take 8 s
			devices = append(devices, testDevice(t, fmt.Sprint("d", i), newFeed()))
		}
		s, stop := h.start(h.options(), devices...)
		for range 20 {
			advance(10 * time.Millisecond)
			s.Apply(nil)
			advance(10 * time.Millisecond)
			s.Apply(devices)
		}
		advance(15 * time.Second)
		connected := 0
		for _, d := range s.Status() {
			if d.State == StateConnected {
				connected++
			}
		}
		if connected != len(devices) {
			t.Errorf("%d of %d connected", connected, len(devices))
		}
		stop()
	})
}
