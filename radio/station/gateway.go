package station

import (
	"math/rand/v2"
	"time"

	"gatewayd/radio"
	"gatewayd/radio/forwarded"
	"gatewayd/radio/station/lns"
)

// post is the way to a station. Both methods return at once.
type post interface {
	// send queues a message; false if the way is closed or too much waits.
	send(b []byte) bool
	// cut closes the way.
	cut()
}

// gateway is one station. Owner: Concentrator.mu.
type gateway struct {
	eui         radio.EUI64
	way         post   // nil unless it is connected
	address     string // from where
	version     lns.Version
	configured  bool // router_config was sent on this connection
	first, last time.Time
	since       time.Time // of the connection, or of its end
	connects    uint64
	time        chronicle
	queue       schedule
	diid        int64 // of the latest downlink
	stats       GatewayStats
}

// plan turns d into an emission and its message, and puts it on the schedule,
// or refuses it.
func (g *gateway) plan(d radio.Downlink, p *lns.Plan, now time.Time) (*emission, []byte, error) {
	if err := forwarded.CheckDownlink(d); err != nil {
		return nil, nil, err
	}
	index, ok := p.Downlink(d.DataRate)
	switch {
	case !ok:
		return nil, nil, forwarded.Refuse(radio.TxDataRate, "%s is no data rate of region %s that stations know", d.DataRate, p.Region)
	case !p.Carries(d.Frequency):
		return nil, nil, forwarded.Refuse(radio.TxFrequency, "%d Hz is outside of what the station was told", d.Frequency)
	case g.way == nil || !g.configured:
		return nil, nil, forwarded.Refuse(radio.TxNotRunning, "station %s is not connected", g.eui)
	}
	g.queue.sweep(now)
	if g.queue.full() {
		return nil, nil, forwarded.Refuse(radio.TxQueueFull, "%d downlinks wait", len(g.queue))
	}
	e := &emission{id: d.ID, diid: g.number(), frequency: d.Frequency, airtime: forwarded.Airtime(d.DataRate, len(d.Payload))}
	m := lns.Downlink{DIID: e.diid, Payload: d.Payload, DataRate: index, Frequency: d.Frequency}
	if d.Immediate {
		return g.soon(e, m, now)
	}
	return g.at(d.At, e, m, now)
}

// number is a new diid. It begins anywhere, so that a confirmation from
// before a restart of ours is none of another downlink.
func (g *gateway) number() int64 {
	if g.diid == 0 {
		g.diid = rand.Int64N(1 << 40)
	}
	g.diid++
	return g.diid
}

// soon is class C: the station chooses the time.
func (g *gateway) soon(e *emission, m lns.Downlink, now time.Time) (*emission, []byte, error) {
	if h, ok := g.time.latest(); ok {
		m.XTime, m.RCtx = h.xtime, h.rctx
	}
	e.until = now.Add(soonWithin + e.airtime)
	g.queue = append(g.queue, e)
	return e, m.Soon(), nil
}

// at is class A: exactly at t. The answer to a frame says so in that frame's
// terms; any other time is given as one second after a moment of our choice.
func (g *gateway) at(t radio.Ticks, e *emission, m lns.Downlink, now time.Time) (*emission, []byte, error) {
	h, delay, ok := g.time.answered(t)
	if !ok {
		line, known := g.time.nearest(t, now)
		if !known {
			return nil, nil, forwarded.Refuse(radio.TxNotRunning, "station %s has heard no frame yet: its time is unknown", g.eui)
		}
		h, delay = heard{line: line, rctx: line.rctx}, 1
		if h.xtime, ok = line.xtime(t.Add(-time.Second)); !ok {
			return nil, nil, forwarded.Refuse(radio.TxTooLate, "the time is one before the station's latest start")
		}
	}
	e.line, e.rctx, e.start, e.end = h.line, h.rctx, t, t.Add(e.airtime)
	present := h.line.present(now)
	if err := g.queue.place(e, present); err != nil {
		return nil, nil, err
	}
	e.until = now.Add(t.Sub(present) + confirmWithin)
	g.queue = append(g.queue, e)
	m.XTime, m.RCtx = h.xtime, h.rctx
	return e, m.At(delay), nil
}

// settle counts what became of e.
func (g *gateway) settle(e *emission, err error) {
	e.reported = true
	if err != nil {
		g.stats.Tx.Refused(err)
		g.queue.drop(e) // another may have its place
		return
	}
	g.stats.Tx.Sent(e.frequency, e.airtime)
}
