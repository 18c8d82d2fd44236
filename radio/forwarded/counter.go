package forwarded

import (
	"time"

	"gatewayd/radio"
)

const (
	// maxLate is how long a frame may have been under way. A counter that is
	// further behind than that has jumped back: its concentrator has
	// restarted. Frames later than this could not be answered anyway.
	maxLate = 3 * time.Second

	// maxAhead is how far a time stamp may be ahead of the time expected:
	// the first frame after a start may have been slower than all others.
	maxAhead = time.Second

	// maxSkew widens both by the age of what is known, divided by it: two
	// crystals may differ by 200 ppm.
	maxSkew = 5000

	// window is how long the fastest frame is taken for the present. Within
	// two windows two crystals run apart by less than 50 ms.
	window = 2 * time.Minute

	// minDrift is the least time from which drift can be told.
	minDrift = time.Minute
)

// anchor relates the counter to the host's clock: a frame with the time stamp
// ticks arrived when the host's clock was host.
type anchor struct {
	ticks radio.Ticks
	host  time.Time
}

// at is the counter at a time of the host, if the frame came without delay.
func (a anchor) at(t time.Time) radio.Ticks { return a.ticks.Add(t.Sub(a.host)) }

// faster returns the one of a and b whose frame was under way for less time:
// it puts the counter further ahead.
func faster(a, b anchor) anchor {
	if b.at(a.host) > a.ticks {
		return b
	}
	return a
}

// Counter follows a concentrator's 32-bit microsecond counter from the time
// stamps of its frames. How long a frame was under way is unknown, so the
// fastest one of the last minutes tells the time. Ticks never step back, not
// even when the concentrator restarts. The zero value is ready to use. Not
// safe for concurrent use.
type Counter struct {
	known, forgotten bool
	highest          radio.Ticks
	first            anchor    // the fastest frame of the first window since the restart
	current, last    anchor    // the fastest frame of this window and of the one before
	began            time.Time // this window
	firstWindow      bool
	restarts         uint64
}

// Place unrolls the time stamp of a frame that has arrived just now. It
// reports true if the counter is not where it should be: the concentrator has
// restarted, and all times from before are past.
func (c *Counter) Place(count uint32, now time.Time) (t radio.Ticks, restarted bool) {
	if !c.known {
		// One wrap up, so that a frame a little older than the first is not negative.
		t = radio.Ticks(1)<<32 + radio.Ticks(count)
		c.begin(t, now)
		return t, false
	}
	expected := c.best(now).at(now)
	off := time.Duration(int32(count-expected.Count())) * time.Microsecond
	slack := now.Sub(c.current.host) / maxSkew
	if c.forgotten || off > maxAhead+slack || off < -maxLate-slack {
		t = max(c.highest, expected)
		t += radio.Ticks(count - t.Count())
		c.begin(t, now)
		c.restarts++
		return t, true
	}
	t = expected.Add(off)
	c.learn(anchor{t, now})
	return t, false
}

// begin starts anew from a frame.
func (c *Counter) begin(t radio.Ticks, now time.Time) {
	a := anchor{t, now}
	*c = Counter{
		known: true, highest: max(c.highest, t), restarts: c.restarts,
		first: a, current: a, last: a, began: now, firstWindow: true,
	}
}

func (c *Counter) learn(a anchor) {
	c.highest = max(c.highest, a.ticks)
	if a.host.Sub(c.began) > window {
		c.last, c.current, c.began, c.firstWindow = c.current, a, a.host, false
		return
	}
	c.current = faster(a, c.current)
	if c.firstWindow {
		c.first = c.current
	}
}

// best is the anchor to believe now.
func (c *Counter) best(now time.Time) anchor {
	if now.Sub(c.last.host) > 2*window {
		return c.current
	}
	return faster(c.current, c.last)
}

// Forget makes the next frame count as one after a restart.
func (c *Counter) Forget() { c.forgotten = c.known }

// Now is the counter at a time of the host; false if no frame has told it.
func (c *Counter) Now(now time.Time) (radio.Ticks, bool) {
	return c.best(now).at(now), c.known && !c.forgotten
}

// Time is the host's time at t, but not after now.
func (c *Counter) Time(t radio.Ticks, now time.Time) time.Time {
	b := c.best(now)
	at := b.host.Add(t.Sub(b.ticks))
	if at.After(now) {
		return now
	}
	return at
}

// Restarts counts how often the concentrator has started anew.
func (c *Counter) Restarts() uint64 { return c.restarts }

// Drift is how far the counter has run ahead of the host's clock since its
// start, and how fast that is in parts per million; both negative for a slow
// counter, and 0 as long as nothing can be said.
func (c *Counter) Drift(now time.Time) (offset time.Duration, ppm float64) {
	b := c.best(now)
	elapsed := b.host.Sub(c.first.host)
	if elapsed < minDrift {
		return 0, 0
	}
	offset = b.ticks.Sub(c.first.ticks) - elapsed
	return offset, float64(offset) / float64(elapsed) * 1e6
}
