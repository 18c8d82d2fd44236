package bridge

import (
	"cmp"
	"context"
	"slices"
	"sync/atomic"
	"time"

	"gatewayd/bridge/duty"
	"gatewayd/internal/metric"
	"gatewayd/radio"
)

type counters struct {
	accepted, joined, sent, acked, unsent, regulated, overflowed, unreadable, shed, held atomic.Uint64

	failure atomic.Pointer[error] // why the store cannot be written

	slack *metric.Histogram // see Stats.Slack
	codec *metric.Histogram // see Stats.Codec
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
	// Slack is how long before its window each answer was handed to a
	// concentrator, Codec how long payloads took to decode.
	Slack, Codec metric.Buckets
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
	s.Slack, s.Codec = b.counters.slack.Read(), b.counters.codec.Read()
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

// slackHistogram: a PicoCell needs 30 ms, a packet forwarder on a slow line
// some hundreds.
func slackHistogram() *metric.Histogram {
	return metric.NewHistogram(10*time.Millisecond, 30*time.Millisecond, 100*time.Millisecond, 250*time.Millisecond, 500*time.Millisecond,
		750*time.Millisecond, 900*time.Millisecond, time.Second, 2*time.Second, 6*time.Second)
}

func codecHistogram() *metric.Histogram {
	return metric.NewHistogram(50*time.Microsecond, 100*time.Microsecond, 250*time.Microsecond, 500*time.Microsecond, time.Millisecond,
		5*time.Millisecond, 25*time.Millisecond, 100*time.Millisecond, time.Second, 5*time.Second)
}
