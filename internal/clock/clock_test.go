package clock_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"gatewayd/internal/clock"
)

// pi is a board without a real-time clock whose clock shows now.
func pi(now time.Time) clock.Machine {
	return clock.Machine{
		Now:          func() time.Time { return now },
		Synchronised: func() (bool, error) { return false, nil },
		DeviceTree:   func() bool { return true },
		RTC:          func() time.Time { return time.Time{} },
		Boot:         func() (string, time.Duration) { return "boot-1", time.Minute },
	}
}

func TestNotBeforeOnlyMovesForward(t *testing.T) {
	t.Parallel()
	c := clock.New(clock.Options{})
	if got := c.NotBefore(); !got.Equal(clock.Floor()) {
		t.Fatalf("NotBefore of a new clock: %v, want the floor", got)
	}
	later := clock.Floor().Add(time.Hour)
	c.NoteSeen(later)
	c.NoteSeen(clock.Floor().Add(time.Minute))
	c.NoteSeen(time.Time{})
	if got := c.NotBefore(); !got.Equal(later) {
		t.Fatalf("NotBefore: %v, want %v", got, later)
	}
}

func TestNoteSeenConcurrently(t *testing.T) {
	t.Parallel()
	c := clock.New(clock.Options{})
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() { c.NoteSeen(clock.Floor().Add(time.Duration(i) * time.Second)) })
	}
	wg.Wait()
	if got, want := c.NotBefore(), clock.Floor().Add(99*time.Second); !got.Equal(want) {
		t.Fatalf("NotBefore: %v, want %v", got, want)
	}
}

func TestSynchronisedOnceIsEnough(t *testing.T) {
	t.Parallel()
	var synced atomic.Bool
	synced.Store(true)
	m := pi(clock.Floor().Add(time.Hour))
	m.Synchronised = func() (bool, error) { return synced.Load(), nil }
	c := clock.New(clock.Options{Machine: m})
	for _, kernel := range []bool{true, false} {
		synced.Store(kernel)
		if ok, why := c.Trusted(); !ok {
			t.Fatalf("not trusted with the kernel saying %v: %s", kernel, why)
		}
	}
	if ok, _ := clock.New(clock.Options{Machine: m}).Trusted(); ok {
		t.Fatal("a new process trusted a clock nobody vouches for")
	}
}

func TestWaitTrusted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var synced atomic.Bool
		m := pi(clock.Floor().Add(time.Hour))
		m.Synchronised = func() (bool, error) { return synced.Load(), nil }
		c := clock.New(clock.Options{Machine: m})

		start := time.Now()
		time.AfterFunc(90*time.Second+time.Millisecond, func() { synced.Store(true) })
		if err := c.WaitTrusted(t.Context()); err != nil {
			t.Fatal(err)
		}
		if waited := time.Since(start); waited != 91*time.Second {
			t.Errorf("waited %v for a clock set after 90.001s, want 91s", waited)
		}
		start = time.Now()
		if err := c.WaitTrusted(t.Context()); err != nil || time.Since(start) != 0 {
			t.Errorf("a trusted clock made the caller wait %v: %v", time.Since(start), err)
		}
	})
}

func TestWaitTrustedEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		stop := errors.New("stopping")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Hour, func() { cancel(stop) })
		c := clock.New(clock.Options{Machine: pi(clock.Floor())})
		if err := c.WaitTrusted(ctx); !errors.Is(err, stop) {
			t.Fatalf("got %v, want the cause of the cancellation", err)
		}
	})
}

func TestWallTime(t *testing.T) {
	t.Parallel()
	now := clock.Floor().Add(24 * time.Hour)
	m := pi(now)
	m.Boot = func() (string, time.Duration) { return "boot-2", 10 * time.Minute }
	trusting := clock.Options{Machine: m, RequireSync: clock.SyncNever}
	for _, tt := range []struct {
		name  string
		opt   clock.Options
		boot  string
		since time.Duration
		want  time.Time // zero: not known
	}{
		{"this boot", trusting, "boot-2", 4 * time.Minute, now.Add(-6 * time.Minute)},
		{"this moment", trusting, "boot-2", 10 * time.Minute, now},
		{"another boot", trusting, "boot-1", 4 * time.Minute, time.Time{}},
		{"no boot id", trusting, "", 4 * time.Minute, time.Time{}},
		{"the future", trusting, "boot-2", 11 * time.Minute, time.Time{}},
		{"not trusted yet", clock.Options{Machine: m}, "boot-2", 4 * time.Minute, time.Time{}},
	} {
		got, ok := clock.New(tt.opt).WallTime(tt.boot, tt.since)
		if !got.Equal(tt.want) || ok != !tt.want.IsZero() {
			t.Errorf("%s: got %v, %v, want %v", tt.name, got, ok, tt.want)
		}
	}
}
