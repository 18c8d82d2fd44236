package picocell

import (
	"fmt"
	"time"
)

// DefaultSilence is how long a concentrator may hear nothing before it is
// brought up again. A receiver that works hears something every day, if only a
// stranger's frame or noise with a bad CRC; one that does not is deaf without
// a word, because nothing on the wire tells it from one that has nothing to
// hear.
const DefaultSilence = 24 * time.Hour

// bootTime is what the microcontroller needs from its reset until its port is
// back, with margin: 0.2 s until it leaves, 1 s to start.
const bootTime = 1500 * time.Millisecond

// watchdog counts the time that nothing is heard, good or bad, and says what
// to do about it: the chip is brought up again, and if that did not help the
// microcontroller is reset and its port opened anew. Owner: the goroutine of
// Run.
type watchdog struct {
	limit time.Duration // 0: never
	since time.Time     // the last frame, bring-up or remedy
	tried int           // remedies since the last frame
}

// begin starts the count, at a bring-up.
func (w *watchdog) begin(now time.Time) { w.since = now }

// heard notes a frame.
func (w *watchdog) heard(now time.Time) { w.since, w.tried = now, 0 }

// check returns a *silenceError if it is time to do something.
func (w *watchdog) check(now time.Time) error {
	if w.since.IsZero() {
		w.begin(now)
	}
	if w.limit <= 0 || now.Sub(w.since) < w.limit {
		return nil
	}
	w.tried++
	return &silenceError{silent: now.Sub(w.since), reset: w.tried > 1}
}

// silenceError is the end of a session in which nothing is heard.
type silenceError struct {
	silent time.Duration
	reset  bool // a new bring-up alone has not helped
}

func (e *silenceError) Error() string {
	s := fmt.Sprintf("nothing heard for %s, not even noise", e.silent.Round(time.Millisecond))
	if e.reset {
		return s + ": the concentrator is reset; if no node is near that is in order, else check the antenna"
	}
	return s
}
