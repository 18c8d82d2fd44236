package bridge_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"

	"gatewayd/bridge"
	"gatewayd/radio"
)

// A downlink that is too late is dropped, whatever it was doing, but not while
// a concentrator has it.
func TestExpiry(t *testing.T) {
	t.Parallel()
	n := abp("lora1", 1, 1)
	n.Downlink.Expiry = time.Hour
	for name, tt := range map[string]struct {
		d    bridge.Downlink
		pass time.Duration
		want []string
	}{
		"policy, in time":  {bridge.Downlink{}, 59 * time.Minute, []string{"queued "}},
		"policy, too late": {bridge.Downlink{}, 61 * time.Minute, []string{"queued ", "expired too late"}},
		"ttl, in time":     {bridge.Downlink{TTL: 2 * time.Hour}, time.Hour, []string{"queued "}},
		"ttl, too late":    {bridge.Downlink{TTL: time.Minute}, time.Hour, []string{"queued ", "expired too late"}},
		"expires": {
			bridge.Downlink{Expires: time.Date(2026, 11, 22, 12, 30, 0, 0, time.UTC)},
			31 * time.Minute,
			[]string{"queued ", "expired too late"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, n)
			tt.d.ID, tt.d.FPort = "d", 1
			b.enqueue(n, tt.d)
			b.clock.pass(tt.pass)
			b.queue(n) // Run looks at its agenda
			if diff := cmp.Diff(tt.want, b.ends(n, "d")); diff != "" {
				t.Errorf("told (-want +got):\n%s", diff)
			}
		})
	}
	t.Run("in flight", func(t *testing.T) {
		t.Parallel()
		b := newBench(t, n)
		b.enqueue(n, bridge.Downlink{ID: "d", FPort: 1})
		b.hear(frameOf(n, 1, "up").bytes(t))
		b.clock.pass(2 * time.Hour)
		if q := b.queue(n); len(q) != 1 || q[0].State != "flying" {
			t.Errorf("queue %+v", q)
		}
		b.report(&radio.TxError{Reason: radio.TxTooLate})
		b.report(&radio.TxError{Reason: radio.TxTooLate})
		b.queue(n)
		if diff := cmp.Diff([]string{"queued ", "expired too late"}, b.ends(n, "d")); diff != "" {
			t.Errorf("told (-want +got):\n%s", diff)
		}
	})
}

// A downlink queued while the clock stands in 1970 begins to age when the
// clock is right.
func TestExpiryByAClockThatWasWrong(t *testing.T) {
	t.Parallel()
	n := abp("lora1", 1, 1)
	b := newBench(t, n)
	good := b.clock.now
	b.clock.now, b.clock.trusted = time.Date(1970, 1, 1, 0, 1, 0, 0, time.UTC), false
	b.enqueue(n, bridge.Downlink{ID: "d", FPort: 1, Payload: []byte("x"), TTL: time.Hour})
	b.clock.pass(5 * time.Hour)
	if q := b.queue(n); len(q) != 1 || !q[0].Expires.IsZero() {
		t.Errorf("before the clock was set: %+v", q)
	}
	b.clock.now, b.clock.trusted = good, true
	b.restart()
	b.queue(n) // Run looks at its agenda
	if q := b.queue(n); len(q) != 1 || !q[0].Expires.Equal(good.Add(time.Hour)) {
		t.Errorf("after the clock was set: %+v", q)
	}
	b.clock.pass(30 * time.Minute)
	b.hear(frameOf(n, 1, "up").bytes(t))
	if got := b.take(n); got.payload != "x" {
		t.Errorf("sent %+v", got)
	}
}

// doubtful is synctest's time, believed from a certain time on.
type doubtful struct {
	bubbleClock
	from time.Time
}

func (d doubtful) Trusted() (bool, string) { return !time.Now().Before(d.from), "the test says so" }

// When the clock becomes right what waits begins to age, also for a node that
// is not heard.
func TestClockBecomesRight(t *testing.T) {
	t.Parallel()
	n := abp("lora1", 1, 1)
	synctest.Test(t, func(t *testing.T) {
		b, err := bridge.New(bridge.Options{
			Store: newMemory(), Clock: doubtful{from: time.Now().Add(time.Minute)}, Log: zap.NewNop(),
			Network: bridge.Network{Region: regionOf(t, "EU868"), Nodes: []bridge.Node{inRegion(t, "EU868", n)}},
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- b.Run(ctx, nil, nil) }()
		if err := b.Enqueue(ctx, "lora1", bridge.Downlink{ID: "d", FPort: 1, TTL: time.Hour}); err != nil {
			t.Error(err)
		}
		for _, tt := range []struct {
			after time.Duration
			want  int
		}{{30 * time.Minute, 1}, {30 * time.Minute, 1}, {2 * time.Minute, 0}} {
			<-time.After(tt.after)
			if q, err := b.Queue(ctx, "lora1"); err != nil || len(q) != tt.want {
				t.Errorf("%d wait, want %d, %v", len(q), tt.want, err)
			}
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}
