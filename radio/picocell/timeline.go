package picocell

import (
	"time"

	"gatewayd/radio"
)

// Limits of what the counter may do unexpectedly.
const (
	// maxJump is how far a reading may be from where the host's clock
	// expects it before the device must have restarted by itself.
	maxJump = 500 * time.Millisecond

	// maxAge and maxAhead bound the time stamps of received packets, from
	// the present: a packet may have waited in the chip during an emission.
	maxAge   = time.Minute
	maxAhead = 100 * time.Millisecond
)

// anchor relates the device's counter to the host's clock: when the host's
// clock was host, the counter was at ticks.
type anchor struct {
	ticks radio.Ticks
	host  time.Time
}

// ticksAt is the counter's value at a time of the host.
func (a anchor) ticksAt(t time.Time) radio.Ticks { return a.ticks.Add(t.Sub(a.host)) }

// timeAt is the host's time at a counter value.
func (a anchor) timeAt(t radio.Ticks) time.Time { return a.host.Add(t.Sub(a.ticks)) }

// place unrolls a counter value that is within half a wrap of now; ok says
// whether a packet received by now can bear it.
func (a anchor) place(count uint32, now time.Time) (t radio.Ticks, ok bool) {
	present := a.ticksAt(now)
	t = present + radio.Ticks(int32(count-present.Count()))
	age := present.Sub(t)
	return t, age <= maxAge && age >= -maxAhead
}

// timeline keeps the anchor fresh from readings of the counter. Owner: the
// goroutine of Run.
type timeline struct {
	anchor
	first  anchor // of the bring-up
	unroll radio.Unroller
	known  bool
}

// minDrift is the least time from which drift can be told.
const minDrift = time.Minute

// drift is how far the counter has run ahead of the host's clock since the
// bring-up, and how fast that is in ppm; 0 as long as nothing can be said.
func (t *timeline) drift() (offset time.Duration, ppm float64) {
	elapsed := t.host.Sub(t.first.host)
	if elapsed < minDrift {
		return 0, 0
	}
	offset = t.ticks.Sub(t.first.ticks) - elapsed
	return offset, float64(offset) / float64(elapsed) * 1e6
}

// sync takes a reading that was asked for at sent and arrived at got. It
// reports false if the counter is not where it should be.
func (t *timeline) sync(count uint32, sent, got time.Time) bool {
	fresh := anchor{ticks: t.unroll.Unroll(count), host: sent.Add(got.Sub(sent) / 2)}
	if t.known {
		// Compared as the 32-bit counter does, so that a restart does not
		// look like a wrap.
		off := time.Duration(int32(count-t.ticksAt(fresh.host).Count())) * time.Microsecond
		if off.Abs() > maxJump+got.Sub(sent) {
			return false
		}
	}
	if !t.known {
		t.first = fresh
	}
	t.anchor, t.known = fresh, true
	return true
}
