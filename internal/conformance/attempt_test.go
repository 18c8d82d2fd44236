package conformance_test

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const (
	// tryFor is how long a scenario may be played again. Only one that fails
	// while the machine stood still is: receive windows do not wait.
	tryFor = 100 * time.Second

	// still is by how much a timer may be late on a machine that keeps up. The
	// PicoCell's driver has 10 ms to send in time.
	still = 8 * time.Millisecond
)

// attempt collects what a scenario has to say, until it is known whether that
// counts.
type attempt struct {
	testing.TB

	mu       sync.Mutex // guards the rest
	said     []string
	bad      bool
	cleanups []func()
}

// try plays a scenario until it passes, or fails on a machine that kept up.
func try(t *testing.T, play func(t testing.TB)) {
	t.Helper()
	began := time.Now()
	for i := 1; ; i++ {
		a := &attempt{TB: t}
		stood := a.run(play)
		if a.bad && stood > still && time.Since(began) < tryFor {
			t.Logf("again: the machine stood still for %v", stood)
			continue
		}
		for _, line := range a.said {
			t.Log(line)
		}
		if a.bad {
			t.Errorf("failed in attempt %d; the machine stood still for %v at most", i, stood)
		}
		return
	}
}

// run plays once, and returns how long the machine stood still at most.
func (a *attempt) run(play func(t testing.TB)) time.Duration {
	stop := make(chan struct{})
	var pulse, player sync.WaitGroup
	var worst atomic.Int64
	pulse.Go(func() { worst.Store(int64(lateness(stop))) })
	player.Go(func() {
		defer a.end()
		play(a)
	})
	player.Wait()
	close(stop)
	pulse.Wait()
	return time.Duration(worst.Load())
}

// lateness is by how much a timer has been late at most, until stop.
func lateness(stop <-chan struct{}) (worst time.Duration) {
	const step = 5 * time.Millisecond
	for {
		began := time.Now()
		select {
		case <-stop:
			return worst
		case <-time.After(step):
			worst = max(worst, time.Since(began)-step)
		}
	}
}

// end does what the play has left to be done, the last first.
func (a *attempt) end() {
	for _, f := range slices.Backward(a.cleanups) {
		f()
	}
}

// Helper is testing.TB's; the lines have no place of their own.
func (a *attempt) Helper() {}

// Cleanup is testing.TB's, at the end of the attempt.
func (a *attempt) Cleanup(f func()) { a.cleanups = append(a.cleanups, f) }

// Log is testing.TB's.
func (a *attempt) Log(args ...any) { a.say(false, strings.TrimSpace(fmt.Sprintln(args...))) }

// Error is testing.TB's.
func (a *attempt) Error(args ...any) { a.say(true, strings.TrimSpace(fmt.Sprintln(args...))) }

// Errorf is testing.TB's.
func (a *attempt) Errorf(format string, args ...any) { a.say(true, fmt.Sprintf(format, args...)) }

// Fatal is testing.TB's.
func (a *attempt) Fatal(args ...any) {
	a.Error(args...)
	runtime.Goexit()
}

// Fatalf is testing.TB's.
func (a *attempt) Fatalf(format string, args ...any) {
	a.Errorf(format, args...)
	runtime.Goexit()
}

// Failed is testing.TB's.
func (a *attempt) Failed() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.bad
}

func (a *attempt) say(bad bool, line string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.said, a.bad = append(a.said, line), a.bad || bad
}
