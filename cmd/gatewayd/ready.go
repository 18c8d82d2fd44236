package main

import (
	"fmt"
	"sync/atomic"
	"time"

	"gatewayd/internal/status"
)

// aliveWithin is how long the bridge may take to get around: it does so each
// second.
const aliveWithin = 15 * time.Second

// pulse is when the bridge got around last.
type pulse struct{ last atomic.Int64 } // ns of the monotonic clock, since started

// beat is called each time.
func (p *pulse) beat(since time.Duration) { p.last.Store(int64(since)) }

// alive reports whether the bridge gets around.
func (p *pulse) alive(since time.Duration) (ok bool, why string) {
	if silent := since - time.Duration(p.last.Load()); silent > aliveWithin {
		return false, fmt.Sprintf("the bridge has not got around for %v", silent.Round(time.Second))
	}
	return true, ""
}

// ready tells how each part of the daemon is.
func (s snapshot) ready() []status.Part {
	radio := status.Part{Name: "radio", OK: len(s.Concentrators) > 0}
	for _, c := range s.Concentrators {
		if !receives(c.State) {
			radio.OK, radio.Reason = false, fmt.Sprintf("concentrator %s: %s", c.Name, c.State)
		}
	}
	queue := status.Part{Name: "queue", OK: s.Outbox.Failure == "", Reason: s.Outbox.Failure}
	cloud := status.Part{Name: "hub", OK: true}
	if away := s.Devices - s.Connected - s.States["idle"]; away > 0 {
		cloud.OK, cloud.Reason = false, fmt.Sprintf("%d of %d devices are not connected%s", away, s.Devices, s.otherStates())
	}
	for _, q := range s.Quota {
		if q.Short {
			cloud.OK, cloud.Reason = false, fmt.Sprintf("%s: %d of %d messages of the day are used, %d foreseen", q.Hub, q.Used, q.Limit, q.Forecast)
		}
	}
	return []status.Part{radio, {Name: "clock", OK: s.ClockTrusted, Reason: s.ClockReason}, queue, cloud}
}
