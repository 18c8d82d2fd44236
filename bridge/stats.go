package bridge

import "sync/atomic"

type counters struct {
	accepted, joined, sent, unsent, overflowed, unreadable atomic.Uint64
}

// Stats are counts since the start.
type Stats struct {
	Accepted   uint64            // data uplinks made durable
	Joined     uint64            // join requests answered
	Dropped    map[Reason]uint64 // frames not accepted; every reason is present
	Sent       uint64            // answers that the concentrator emitted
	Unsent     uint64            // answers that missed both windows
	Overflowed uint64            // messages pushed out of the outbox by its bounds
	Unreadable uint64            // outbox records that could not be rendered
}

// Stats may be called at any time.
func (b *Bridge) Stats() Stats {
	s := Stats{
		Accepted: b.counters.accepted.Load(), Joined: b.counters.joined.Load(),
		Sent: b.counters.sent.Load(), Unsent: b.counters.unsent.Load(),
		Overflowed: b.counters.overflowed.Load(), Unreadable: b.counters.unreadable.Load(),
		Dropped: map[Reason]uint64{},
	}
	for r, c := range b.drops.counts {
		s.Dropped[r] = c.Load()
	}
	return s
}
