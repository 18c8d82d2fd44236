package radiotest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"gatewayd/radio"
)

var _ radio.Concentrator = (*Concentrator)(nil)

const (
	transmittedBuffered = 1024
	// maxAhead is how far ahead the fake accepts downlinks.
	maxAhead = 10 * time.Second
	// firstTicks keeps times a little before the start positive.
	firstTicks = radio.Ticks(1) << 32
)

// ErrDropped is what Hear returns when nobody takes the uplink: the channel
// given to Run is full.
var ErrDropped = errors.New("the uplink channel is full")

// Concentrator is a radio.Concentrator in memory. Its Ticks run with real time,
// or with that of a testing/synctest bubble in which it was made, until the
// test takes over with SetTicks or Advance. All its methods are safe for
// concurrent use.
type Concentrator struct {
	name        string
	gateway     radio.EUI64
	started     time.Time
	transmitted chan radio.Downlink
	wake        chan struct{}

	mu        sync.Mutex          // guards the rest
	up        chan<- radio.Uplink // nil while Run does not run
	frozen    bool
	ticks     radio.Ticks // when frozen
	scheduled []scheduled
	refusals  []radio.TxError // for the next Transmits
	failures  []radio.TxError // for the next accepted downlinks
	dropped   uint64
}

// scheduled is an accepted downlink whose result is still to come.
type scheduled struct {
	id         uint64
	start, end radio.Ticks
	err        error
}

// NewConcentrator makes a concentrator with the name and gateway EUI that its
// uplinks carry.
func NewConcentrator(name string, gateway radio.EUI64) *Concentrator {
	return &Concentrator{
		name: name, gateway: gateway, started: time.Now(),
		transmitted: make(chan radio.Downlink, transmittedBuffered), wake: make(chan struct{}, 1),
	}
}

// String is the concentrator's name.
func (c *Concentrator) String() string { return c.name }

// Ticks is the concentrator's time now.
func (c *Concentrator) Ticks() radio.Ticks {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now()
}

func (c *Concentrator) now() radio.Ticks {
	if c.frozen {
		return c.ticks
	}
	return firstTicks.Add(time.Since(c.started))
}

// SetTicks stops the clock at t; it moves by SetTicks and Advance from then on.
func (c *Concentrator) SetTicks(t radio.Ticks) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.frozen, c.ticks = true, t
	c.nudge()
}

// Advance moves the clock by d and stops it there.
func (c *Concentrator) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.frozen, c.ticks = true, c.now().Add(d)
	c.nudge()
}

// nudge lets Run look at the schedule again.
func (c *Concentrator) nudge() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// Hear delivers an uplink. Concentrator and Gateway are filled in, and so are
// Ticks and Received where they are zero: now. The error is ErrNotReceiving
// while Run does not run, or ErrDropped.
func (c *Concentrator) Hear(u radio.Uplink) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.up == nil {
		return ErrNotReceiving
	}
	u.Concentrator, u.Gateway, u.Payload = c.name, c.gateway, slices.Clone(u.Payload)
	if u.Ticks == 0 {
		u.Ticks = c.now()
	}
	if u.Received.IsZero() {
		u.Received = time.Now()
	}
	select {
	case c.up <- u:
		return nil
	default:
		c.dropped++
		return ErrDropped
	}
}

// Dropped counts the uplinks lost to a full channel.
func (c *Concentrator) Dropped() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.dropped
}

// Transmitted gets each downlink as soon as Transmit accepts it, before its
// time on air and whatever its result will be.
func (c *Concentrator) Transmitted() <-chan radio.Downlink { return c.transmitted }

// RefuseNext makes the next Transmit that is not refused anyway fail at once.
// Several calls add up.
func (c *Concentrator) RefuseNext(reason radio.TxReason, detail string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.refusals = append(c.refusals, radio.TxError{Reason: reason, Detail: detail})
}

// FailNext lets the next downlink be accepted and its TxResult report a
// failure. Several calls add up.
func (c *Concentrator) FailNext(reason radio.TxReason, detail string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failures = append(c.failures, radio.TxError{Reason: reason, Detail: detail})
}

// Transmit schedules d. It refuses what overlaps an emission already accepted,
// lies in the past or more than 10 s ahead, or has no payload of 1..255 bytes.
// The result follows when the emission is over.
func (c *Concentrator) Transmit(d radio.Downlink) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	start := d.At
	if d.Immediate {
		start = now
	}
	end := start.Add(d.DataRate.LoRaAirtime(len(d.Payload), 8, false))
	if err := c.refuse(d, start, end, now); err != nil {
		return err
	}
	s := scheduled{id: d.ID, start: start, end: end}
	if len(c.failures) > 0 {
		failure := c.failures[0]
		s.err, c.failures = &failure, c.failures[1:]
	}
	d.Payload = slices.Clone(d.Payload)
	select {
	case c.transmitted <- d:
	default:
		return &radio.TxError{Reason: radio.TxQueueFull, Detail: "the test does not read Transmitted"}
	}
	c.scheduled = append(c.scheduled, s)
	c.nudge()
	return nil
}

func (c *Concentrator) refuse(d radio.Downlink, start, end, now radio.Ticks) error {
	switch {
	case c.up == nil:
		return &radio.TxError{Reason: radio.TxNotRunning}
	case len(d.Payload) == 0 || len(d.Payload) > maxPayload:
		return &radio.TxError{Reason: radio.TxSize, Detail: fmt.Sprintf("%d bytes", len(d.Payload))}
	case start < now:
		return &radio.TxError{Reason: radio.TxTooLate, Detail: now.Sub(start).String()}
	case start.Sub(now) > maxAhead:
		return &radio.TxError{Reason: radio.TxTooEarly, Detail: start.Sub(now).String()}
	}
	for _, s := range c.scheduled {
		if start < s.end && s.start < end {
			return &radio.TxError{Reason: radio.TxCollision, Detail: fmt.Sprintf("with downlink %d", s.id)}
		}
	}
	if len(c.refusals) > 0 {
		err := c.refusals[0]
		c.refusals = c.refusals[1:]
		return &err
	}
	return nil
}

// Run delivers uplinks and results until ctx ends; downlinks still scheduled
// then are reported as not_running.
func (c *Concentrator) Run(ctx context.Context, up chan<- radio.Uplink, tx chan<- radio.TxResult) error {
	c.setUp(up)
	defer func() {
		for _, s := range c.setUp(nil) {
			tx <- radio.TxResult{Concentrator: c.name, ID: s.id, Err: &radio.TxError{Reason: radio.TxNotRunning}}
		}
	}()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-c.wake:
		case <-timer.C:
		}
		due, next := c.due()
		for _, s := range due {
			tx <- radio.TxResult{Concentrator: c.name, ID: s.id, Err: s.err}
		}
		timer.Stop()
		if next >= 0 {
			timer.Reset(next)
		}
	}
}

// setUp starts or stops the deliveries and returns the schedule it ends.
func (c *Concentrator) setUp(up chan<- radio.Uplink) []scheduled {
	c.mu.Lock()
	defer c.mu.Unlock()
	left := c.scheduled
	c.up, c.scheduled = up, nil
	return left
}

// due takes what is over off the schedule, in the order of the emissions, and
// returns when to look again; negative: when something changes.
func (c *Concentrator) due() ([]scheduled, time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	slices.SortFunc(c.scheduled, func(a, b scheduled) int { return cmp.Compare(a.end, b.end) })
	now, n := c.now(), 0
	for n < len(c.scheduled) && c.scheduled[n].end <= now {
		n++
	}
	due := slices.Clone(c.scheduled[:n])
	c.scheduled = slices.Delete(c.scheduled, 0, n)
	if len(c.scheduled) == 0 || c.frozen {
		return due, -1
	}
	return due, c.scheduled[0].end.Sub(now)
}
