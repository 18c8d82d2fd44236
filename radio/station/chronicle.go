package station

import (
	"slices"
	"time"

	"gatewayd/radio"
	"gatewayd/radio/station/lns"
)

const (
	// maxTimelines is how many antennas a station may have; four is usual.
	maxTimelines = 8

	// maxHeard is how many frames are kept to be answered.
	maxHeard = 64

	// unitShift and unitMask are the antenna in xtime (RAL_TXUNIT_SHIFT).
	unitShift = 56
	unitMask  = 0x7f

	// firstTicks keeps times a little before the start positive.
	firstTicks = radio.Ticks(1) << 32
)

// heard is a frame that can be answered.
type heard struct {
	line  *timeline
	ticks radio.Ticks
	xtime int64
	rctx  int64
}

// chronicle is a station's time: that of each of its antennas, since it has
// connected. The zero value is ready to use. Owner: Concentrator.mu.
type chronicle struct {
	lines    []*timeline // the latest heard last
	frames   []heard     // the latest last
	highest  radio.Ticks
	restarts uint64
}

// begin forgets everything but that Ticks must not step back: a new
// connection starts the station's radio.
func (c *chronicle) begin(now time.Time) {
	if len(c.lines) > 0 {
		c.restarts++
	}
	c.lift(now)
	c.lines, c.frames = nil, nil
}

// lift raises what Ticks must not step behind to the present.
func (c *chronicle) lift(now time.Time) {
	for _, l := range c.lines {
		c.highest = max(c.highest, l.present(now))
	}
}

// start is where the next timeline may begin: so late that a downlink meant
// for another one is past.
func (c *chronicle) start(now time.Time) radio.Ticks {
	c.lift(now)
	if c.highest == 0 {
		return firstTicks
	}
	return c.highest.Add(txHorizon)
}

// place takes a frame that has arrived just now. gone is the timeline that
// has ended with it, if any: that antenna's radio has started anew.
func (c *chronicle) place(f lns.Frame, now time.Time) (h heard, gone *timeline) {
	i := slices.IndexFunc(c.lines, func(l *timeline) bool { return l.session == f.XTime>>sessionShift })
	if i >= 0 && c.lines[i].plausible(c.lines[i].ticks(f.XTime), now) {
		l := c.lines[i]
		c.lines = append(slices.Delete(c.lines, i, i+1), l)
		l.learn(l.ticks(f.XTime), now)
		return c.keep(l, f), nil
	}
	start := c.start(now)
	gone = c.end(i, f.XTime)
	l := newTimeline(f.XTime, f.RCtx, start, now)
	c.lines = append(c.lines, l)
	return c.keep(l, f), gone
}

// end removes the timeline that a new one follows: the i-th if there is one,
// else that of the same antenna, else the one not heard for longest if there
// are too many.
func (c *chronicle) end(i int, xtime int64) *timeline {
	unit := xtime >> unitShift & unitMask
	if i < 0 {
		const unitOfSession = unitShift - sessionShift
		i = slices.IndexFunc(c.lines, func(l *timeline) bool { return l.session>>unitOfSession&unitMask == unit })
	}
	if i < 0 && len(c.lines) >= maxTimelines {
		i = 0
	}
	if i < 0 {
		return nil
	}
	gone := c.lines[i]
	c.lines = slices.Delete(c.lines, i, i+1)
	c.frames = slices.DeleteFunc(c.frames, func(h heard) bool { return h.line == gone })
	c.restarts++
	return gone
}

func (c *chronicle) keep(l *timeline, f lns.Frame) heard {
	h := heard{line: l, ticks: l.ticks(f.XTime), xtime: f.XTime, rctx: f.RCtx}
	l.rctx = f.RCtx
	c.highest = max(c.highest, h.ticks)
	if len(c.frames) == maxHeard {
		c.frames = slices.Delete(c.frames, 0, 1)
	}
	c.frames = append(c.frames, h)
	return h
}

// latest is the frame heard last.
func (c *chronicle) latest() (heard, bool) {
	if len(c.frames) == 0 {
		return heard{}, false
	}
	return c.frames[len(c.frames)-1], true
}

// answered finds the frame that a downlink at t answers: a whole number of
// seconds before, as receive windows are. delay is that number.
func (c *chronicle) answered(t radio.Ticks) (h heard, delay int, ok bool) {
	for _, h := range slices.Backward(c.frames) {
		d := t.Sub(h.ticks)
		if d >= time.Second && d <= lns.MaxRxDelay*time.Second && d%time.Second == 0 {
			return h, int(d / time.Second), true
		}
	}
	return heard{}, 0, false
}

// nearest is the timeline whose present is next to t: whose it is, if nothing
// else tells.
func (c *chronicle) nearest(t radio.Ticks, now time.Time) (*timeline, bool) {
	var found *timeline
	for _, l := range slices.Backward(c.lines) {
		if found == nil || t.Sub(l.present(now)).Abs() < t.Sub(found.present(now)).Abs() {
			found = l
		}
	}
	return found, found != nil
}
