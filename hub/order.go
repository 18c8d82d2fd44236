package hub

import (
	"math"
	"time"
)

// Replay is the order in which messages go out that waited for the hub.
type Replay string

const (
	// ReplayInOrder sends the oldest first: what a device says arrives in the
	// order in which it was said.
	ReplayInOrder Replay = "in-order"
	// ReplayFreshFirst sends what came since the outage first, and what waited
	// behind it. Each of the two is in order.
	ReplayFreshFirst Replay = "fresh-first"
)

// Backlog is a Feed that can tell what waited from what comes. Only a device
// whose Replay is ReplayFreshFirst needs it.
type Backlog interface {
	// Newest is the Seq of the newest message that waits; 0: none does.
	Newest() uint64
}

// staleAfter is how long a device is away until what waits counts as a backlog. A
// connection that is soon back goes on with what was fresh.
const staleAfter = 5 * time.Minute

// run is a stretch of the feed that is sent in order.
type run struct {
	after   uint64 // Seq of the last message taken
	upTo    uint64 // Seq of the last that belongs to it
	skipped uint64 // highest Seq of a message that the hub can never take
}

// pass goes on behind seq, and reports whether that is new.
func (r *run) pass(seq uint64) bool {
	r.after = seq
	if seq <= r.skipped {
		return false
	}
	r.skipped = seq
	return true
}

// runs divide the feed: what is fresh, and the backlog behind which it must
// not wait. In order there is no backlog: all of it is fresh.
type runs struct {
	fresh, backlog run
	begun          bool
	left           time.Time // when the last session ended
}

// begin starts both anew, for another session at now. What waits becomes the
// backlog if there was an outage; newest is nil in order.
func (r *runs) begin(now time.Time, newest func() uint64) {
	if newest != nil && (!r.begun || now.Sub(r.left) >= staleAfter) {
		r.backlog.upTo = max(r.backlog.upTo, newest())
	}
	r.begun = true
	r.backlog.after = 0
	r.fresh.after, r.fresh.upTo = r.backlog.upTo, math.MaxUint64
}

// of is the run to which a message belongs.
func (r *runs) of(seq uint64) *run {
	if seq <= r.backlog.upTo {
		return &r.backlog
	}
	return &r.fresh
}

// open are the runs that may have more, in the order in which to ask for it.
func (r *runs) open() []run {
	if r.backlog.after < r.backlog.upTo {
		return []run{r.fresh, r.backlog}
	}
	return []run{r.fresh}
}

// skips reports whether a message was passed over: the hub can never take it.
func (r *runs) skips(seq uint64) bool { return seq <= r.of(seq).skipped }

// newest asks the device's feed for the end of a backlog; nil if there is to be
// none.
func (c *connection) newest() func() uint64 {
	if b, can := c.device.Feed.(Backlog); can && c.device.Replay == ReplayFreshFirst {
		return b.Newest
	}
	return nil
}
