package bridge

import (
	"cmp"
	"context"
	"slices"
	"sync/atomic"

	"gatewayd/bridge/duty"
	"gatewayd/radio"
)

type counters struct {
	accepted, joined, sent, acked, unsent, regulated, overflowed, unreadable, shed, held atomic.Uint64

	failure atomic.Pointer[error] // why the store cannot be written
}

// Stats are counts since the start.
type Stats struct {
	Accepted   uint64            // data uplinks made durable
	Joined     uint64            // join and rejoin requests answered
	Dropped    map[Reason]uint64 // frames not accepted; every reason is present
	Sent       uint64            // downlinks that a concentrator emitted
	Acked      uint64            // confirmed downlinks that the node acknowledged
	Unsent     uint64            // downlinks that missed every window
	Regulated  uint64            // emissions that a regulation forbade
	Overflowed uint64            // messages pushed out of the outbox by its bounds
	Unreadable uint64            // outbox records that could not be rendered
	Held       uint64            // frames in memory, because the store cannot be written
	Shed       uint64            // events dropped to save the hub's daily quota
	// StoreFailure is why the store cannot be written at the moment; nil: it
	// can.
	StoreFailure error
}

// Stats may be called at any time.
func (b *Bridge) Stats() Stats {
	s := Stats{
		Accepted: b.counters.accepted.Load(), Joined: b.counters.joined.Load(),
		Sent: b.counters.sent.Load(), Acked: b.counters.acked.Load(), Unsent: b.counters.unsent.Load(),
		Regulated: b.counters.regulated.Load(), Overflowed: b.counters.overflowed.Load(), Unreadable: b.counters.unreadable.Load(), Shed: b.counters.shed.Load(), Held: b.counters.held.Load(),
		Dropped: map[Reason]uint64{},
	}
	if err := b.counters.failure.Load(); err != nil {
		s.StoreFailure = *err
	}
	for r, c := range b.drops.counts {
		s.Dropped[r] = c.Load()
	}
	return s
}

// Airtime is what one gateway has sent, by sub-band of its region.
type Airtime struct {
	Concentrator string
	Gateway      radio.EUI64 // zero where the concentrator is one gateway
	Usage        []duty.Usage
}

// Airtime is the ledger of every gateway that has sent anything.
func (b *Bridge) Airtime(ctx context.Context) ([]Airtime, error) {
	all, err := ask(ctx, b, func(*batch) (all []Airtime, _ error) {
		for r, l := range b.ledgers {
			all = append(all, Airtime{r.concentrator, r.gateway, l.Usage(b.clock.Now())})
		}
		return all, nil
	})
	slices.SortFunc(all, func(a, b Airtime) int {
		return cmp.Or(cmp.Compare(a.Concentrator, b.Concentrator), slices.Compare(a.Gateway[:], b.Gateway[:]))
	})
	return all, err
}
