package station

import (
	"time"

	"gatewayd/radio"
)

const (
	// maxAhead is how far a frame may be ahead of the time expected: the first
	// one may have been slower than all others.
	maxAhead = time.Second

	// maxLate is how long a frame may have been under way: a station keeps
	// frames while its connection is stuck. Beyond it the time has jumped back.
	maxLate = 5 * time.Minute

	// maxSkew widens both by the age of what is known, divided by it: two
	// crystals may differ by 200 ppm.
	maxSkew = 5000

	// window is how long the fastest frame is taken for the present. Within
	// two windows two crystals run apart by less than 50 ms.
	window = 2 * time.Minute

	// minDrift is the least time from which drift can be told.
	minDrift = time.Minute
)

// microseconds of xtime; the bits above tell sessions and antennas apart.
const (
	sessionShift = 48
	timeMask     = 1<<sessionShift - 1
)

// anchor relates a station's time to the host's clock: the frame of ticks
// arrived when the host's clock was host.
type anchor struct {
	ticks radio.Ticks
	host  time.Time
}

func (a anchor) at(t time.Time) radio.Ticks { return a.ticks.Add(t.Sub(a.host)) }

// faster is the one of a and b whose frame was under way for less time: it
// puts the station's time further ahead.
func faster(a, b anchor) anchor {
	if b.at(a.host) > a.ticks {
		return b
	}
	return a
}

// timeline is one session of one antenna's time. How long a frame was under
// way is unknown, so the fastest one of the last minutes tells the time.
type timeline struct {
	session       int64       // the bits above the microseconds
	rctx          int64       // of the latest frame
	base          radio.Ticks // when xtime's microseconds were 0
	first         anchor      // the fastest frame of the first window
	current, last anchor      // the fastest frame of this window and of the one before
	began         time.Time   // this window
	firstWindow   bool
}

// newTimeline begins at the first frame of a session. Its ticks are not
// before start, and show the low 32 bits of xtime as their count.
func newTimeline(xtime, rctx int64, start radio.Ticks, now time.Time) *timeline {
	t := start + radio.Ticks(uint32(xtime)-start.Count())
	a := anchor{t, now}
	return &timeline{
		session: xtime >> sessionShift, rctx: rctx, base: t - radio.Ticks(xtime&timeMask),
		first: a, current: a, last: a, began: now, firstWindow: true,
	}
}

// ticks is the time of a frame of this session.
func (l *timeline) ticks(xtime int64) radio.Ticks { return l.base + radio.Ticks(xtime&timeMask) }

// xtime is the reverse; false before the session began.
func (l *timeline) xtime(t radio.Ticks) (int64, bool) {
	us := int64(t - l.base)
	return l.session<<sessionShift | us&timeMask, us >= 0 && us <= timeMask
}

// plausible reports whether a frame of time t may arrive now.
func (l *timeline) plausible(t radio.Ticks, now time.Time) bool {
	off := t.Sub(l.present(now))
	slack := now.Sub(l.current.host) / maxSkew
	return off <= maxAhead+slack && off >= -maxLate-slack
}

// learn takes a frame of time t that has arrived just now.
func (l *timeline) learn(t radio.Ticks, now time.Time) {
	a := anchor{t, now}
	if now.Sub(l.began) > window {
		l.last, l.current, l.began, l.firstWindow = l.current, a, now, false
		return
	}
	l.current = faster(a, l.current)
	if l.firstWindow {
		l.first = l.current
	}
}

// best is the anchor to believe now.
func (l *timeline) best(now time.Time) anchor {
	if now.Sub(l.last.host) > 2*window {
		return l.current
	}
	return faster(l.current, l.last)
}

// present is the station's time now.
func (l *timeline) present(now time.Time) radio.Ticks { return l.best(now).at(now) }

// host is the host's time at t, but not after now.
func (l *timeline) host(t radio.Ticks, now time.Time) time.Time {
	b := l.best(now)
	if at := b.host.Add(t.Sub(b.ticks)); at.Before(now) {
		return at
	}
	return now
}

// drift is how far the station's time has run ahead of the host's clock, and
// how fast that is in parts per million; 0 as long as nothing can be said.
func (l *timeline) drift(now time.Time) (offset time.Duration, ppm float64) {
	b := l.best(now)
	elapsed := b.host.Sub(l.first.host)
	if elapsed < minDrift {
		return 0, 0
	}
	offset = b.ticks.Sub(l.first.ticks) - elapsed
	return offset, float64(offset) / float64(elapsed) * 1e6
}
