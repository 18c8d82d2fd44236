package simulator

import (
	"context"
	"errors"
	"time"

	"gatewayd/internal/simulator/lorawan"
)

// rejoinPlan is when a node of 1.1 rejoins of its own accord.
type rejoinPlan struct {
	// RejoinParamSetupReq: type 0, by uplinks and by time. 0: never.
	every, uplinks int
	period         time.Duration
	since          time.Time

	// ForceRejoinReq.
	forced   bool
	typ      lorawan.JoinType
	dataRate uint8
	left     int           // requests still to send
	pause    time.Duration // between them, besides up to 32 s
	next     time.Time
}

// setup takes a RejoinParamSetupReq: section 5.14.
func (p *rejoinPlan) setup(b byte, now time.Time) {
	p.every = 1 << (b&0x0F + 4)
	p.period = time.Second << (b>>4 + 10)
	p.since, p.uplinks = now, 0
}

// force takes a ForceRejoinReq: section 5.13.
func (p *rejoinPlan) force(b []byte) {
	v := uint16(b[0]) | uint16(b[1])<<8
	p.forced, p.next = true, time.Time{}
	p.dataRate = uint8(v & 0x0F)
	p.typ = lorawan.Rejoin0
	if v>>4&0x07 == 2 {
		p.typ = lorawan.Rejoin2
	}
	p.left = 1 + int(v>>8&0x07)
	p.pause = 32 * time.Second << (v >> 11 & 0x07)
}

// counted notes an uplink.
func (p *rejoinPlan) counted() { p.uplinks++ }

// errand is something a node does of its own accord.
type errand uint8

const (
	nothing errand = iota
	speak          // send an empty uplink, for the network waits for one
	rejoin
)

// attends reports whether the node may have to speak of its own accord.
func (n *Node) attends() bool {
	return n.cfg.Class == ClassC || n.cfg.Prompt || n.cfg.v11()
}

// attend runs the node's errands until ctx ends.
func (n *Node) attend(ctx context.Context) error {
	for {
		what, t, dr, wait := n.errand()
		err := error(nil)
		switch what {
		case speak:
			_, err = n.Send(ctx, Message{})
		case rejoin:
			_, err = n.ask(ctx, t, dr)
		case nothing:
			n.idle(ctx, wait)
		}
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil && !errors.Is(err, ErrNotJoined) && !errors.Is(err, ErrNotRejoin):
			return err
		}
	}
}

// idle waits until there may be something to do.
func (n *Node) idle(ctx context.Context, wait time.Duration) {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-n.wake:
	case <-timer.C:
	case <-ctx.Done():
	}
}

// longIdle is how long a node without plans waits for something new.
const longIdle = 24 * time.Hour

// errand is what the node has to do now, or how long there is nothing.
func (n *Node) errand() (what errand, t lorawan.JoinType, dr uint8, wait time.Duration) {
	n.mu.Lock()
	defer n.mu.Unlock()
	s, now := n.session, n.now()
	if s == nil {
		return nothing, 0, 0, longIdle
	}
	if s.urgent && !now.Before(s.speakAt) {
		return speak, 0, 0, 0
	}
	p := &s.rejoin
	if p.forced && !now.Before(p.next) {
		p.left--
		p.forced = p.left > 0
		p.next = now.Add(p.pause + time.Duration(n.rng.Int64N(int64(32*time.Second))))
		return rejoin, p.typ, p.dataRate, 0
	}
	if p.every > 0 && (p.uplinks >= p.every || now.Sub(p.since) >= p.period) {
		p.since, p.uplinks = now, 0
		return rejoin, lorawan.Rejoin0, s.radio.dataRate, 0
	}
	wait = longIdle
	if s.urgent {
		wait = s.speakAt.Sub(now)
	}
	if p.forced {
		wait = min(wait, p.next.Sub(now))
	}
	if p.every > 0 {
		wait = min(wait, p.since.Add(p.period).Sub(now))
	}
	return nothing, 0, 0, wait
}
