package hub

import (
	"errors"
	"net"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

func gaps(times []time.Time) []time.Duration {
	var all []time.Duration
	for i := 1; i < len(times); i++ {
		all = append(all, times[i].Sub(times[i-1]))
	}
	return all
}

func TestBackoff(t *testing.T) {
	tests := []struct {
		random float64
		want   []time.Duration
		slow   time.Duration
	}{
		{0, []time.Duration{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, time.Minute},
		{0.5, []time.Duration{
			500 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second,
			32 * time.Second, 64 * time.Second, 128 * time.Second, 150 * time.Second, 150 * time.Second,
		}, 3 * time.Minute},
	}
	for _, tt := range tests {
		b := backoff{random: func() float64 { return tt.random }}
		for i, want := range tt.want {
			if got := b.next(); got != want {
				t.Errorf("random %v: wait %d is %v, want %v", tt.random, i, got, want)
			}
		}
		if got := b.slow(); got != tt.slow {
			t.Errorf("random %v: slow wait is %v, want %v", tt.random, got, tt.slow)
		}
		b.reset()
		if got := b.next(); got != tt.want[0] {
			t.Errorf("random %v: wait after reset is %v, want %v", tt.random, got, tt.want[0])
		}
	}
}

// A day without the hub: said once, tried at growing intervals, and the end is
// said too.
func TestOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newTestHub(t, func(p *peer) {
			if p.accept() {
				p.serve(func(string) {})
			}
		})
		h.fail(&net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED})
		s := h.run(newFeed("m1"))
		advance(24 * time.Hour)
		n := len(h.dialTimes())
		if n < 24*60/5 || n > 24*60 {
			t.Errorf("%d attempts in a day", n)
		}
		for i, gap := range gaps(h.dialTimes()) {
			if gap > maxBackoff {
				t.Errorf("wait %d of %v", i, gap)
			}
		}
		if status := s.Status()[0]; status.State != StateBackingOff || status.Attempts != n || status.Reason == "" {
			t.Errorf("status %+v after %d attempts", status, n)
		}
		if h.said("nothing listens") != 1 || h.log.Len() != 1 {
			t.Errorf("log: %v", h.log.All())
		}
		h.fail(nil)
		advance(maxBackoff)
		again := h.log.FilterMessage("connected again").All()
		if len(again) != 1 || again[0].ContextMap()["attempts"] != int64(n+1) {
			t.Fatalf("%d attempts, log: %v", n, h.log.All())
		}
		if after := again[0].ContextMap()["after"].(time.Duration); after < 24*time.Hour || after > 24*time.Hour+maxBackoff {
			t.Errorf("outage of %v", after)
		}
		if status := s.Status()[0]; status.State != StateConnected || status.Attempts != 0 || status.Reason != "" {
			t.Errorf("status %+v", status)
		}
	})
}

// A hub whose quota is used up accepts connections and closes them on the
// first message: CONNACK alone does not reset the back-off.
func TestBackoffNotResetByConnack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newTestHub(t, func(p *peer) {
			if p.accept() {
				p.publish()
			}
		})
		h.run(newFeed("m1"))
		advance(time.Hour)
		if n := len(h.dialTimes()); n < 12 || n > 3+60 {
			t.Errorf("%d attempts in an hour", n)
		}
		if h.said("connected again") != 0 || h.said("quota") != 1 {
			t.Errorf("log: %v", h.log.All())
		}
	})
}

// Another client with the same device id kicks this one off again and again,
// although messages get through in between.
func TestKickedOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var released atomic.Bool
		h := newTestHub(t, func(p *peer) {
			if !p.accept() {
				return
			}
			if released.Load() {
				p.serve(func(string) {})
				return
			}
			pub, _ := p.publish()
			p.ack(pub.MessageID)
			<-time.After(2 * time.Second)
		})
		f := newFeed(ids(1, 500)...)
		s := h.run(f)
		advance(5 * time.Hour)
		dials := gaps(h.dialTimes())
		if len(dials) < 5 {
			t.Fatalf("%d attempts in five hours", len(dials))
		}
		if status := s.Status()[0]; status.State != StateQuarantined {
			t.Errorf("status %+v", status)
		}
		for i, gap := range dials[2:] {
			if gap < minQuarantine/2 {
				t.Errorf("wait %d of %v, want %v at least", i+2, gap, minQuarantine/2)
			}
		}
		if h.said("another client uses this device id") != 1 || h.said("connected again") > 2 {
			t.Errorf("log: %v", h.log.All())
		}
		released.Store(true)
		advance(maxQuarantine + steadyAfter)
		if h.log.All()[h.log.Len()-1].Message != "connected again" {
			t.Errorf("log: %v", h.log.All())
		}
	})
}

func TestRefused(t *testing.T) {
	tests := []struct {
		code   byte
		want   string
		slowAt int // index of the first slow wait, -1: none
	}{
		{1, "does not speak MQTT 3.1.1", 0},
		{2, "refuses this device", 1},
		{3, "cannot take the connection now", -1},
		{4, "refuses this device", 1},
		{5, "refuses this device", 1},
		{6, "cannot take the connection now", -1}, // the library takes it for success
		{255, "cannot take the connection now", -1},
	}
	for _, tt := range tests {
		t.Run(packets.ConnackReturnCodes[tt.code], func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newTestHub(t, func(p *peer) { p.answer(tt.code) })
				h.run(newFeed("m1"))
				advance(time.Hour)
				waits := gaps(h.dialTimes())
				if len(waits) < 3 {
					t.Fatalf("waits %v", waits)
				}
				for i, wait := range waits {
					switch slow := tt.slowAt >= 0 && i >= tt.slowAt; {
					case slow && wait < minSlow, wait > maxSlow:
						t.Errorf("wait %d is %v", i, wait)
					case !slow && i == 0 && wait > time.Second:
						t.Errorf("first wait is %v", wait)
					}
				}
				if h.said(tt.want) != 1 || h.log.Len() != 1 {
					t.Errorf("log: %v", h.log.All())
				}
			})
		})
	}
}

func TestSubscriptionRefused(t *testing.T) {
	for _, code := range []byte{0x80, 0, 2} {
		synctest.Test(t, func(t *testing.T) {
			h := newTestHub(t, func(p *peer) {
				if p.answer(0) && p.grant(code) {
					if packet := p.read(); packet != nil {
						t.Errorf("went on with %v", packet)
					}
				}
			})
			h.run(newFeed("m1"))
			advance(time.Second)
			if h.said("refuses a subscription") != 1 {
				t.Errorf("SUBACK %#x: log %v", code, h.log.All())
			}
		})
	}
}

func TestOutageSaysEachKindOnce(t *testing.T) {
	var o outage
	begin := time.Now()
	if _, _, was := o.over(); was {
		t.Error("an outage ended that never was")
	}
	for i, want := range []struct {
		sentence string
		news     bool
	}{{"a", true}, {"a", false}, {"b", true}, {"a", false}} {
		if news := o.failed(begin.Add(time.Duration(i)), want.sentence); news != want.news {
			t.Errorf("%d: news %v", i, news)
		}
	}
	if since, attempts, was := o.over(); !was || !since.Equal(begin) || attempts != 5 {
		t.Errorf("over: %v, %d, %v", since, attempts, was)
	}
	if !o.failed(begin, "a") {
		t.Error("a new outage says nothing")
	}
}

var errOther = errors.New("something else")
