package semtechudp

import (
	"net/netip"
	"time"

	"gatewayd/radio"
	"gatewayd/radio/forwarded"
)

// silentAfter is when a gateway counts as gone: forwarders pull every 5 to 30
// seconds, and routers forget the way back after one or two minutes.
const silentAfter = 90 * time.Second

// gateway is one packet forwarder. Owner: Concentrator.mu.
type gateway struct {
	eui         radio.EUI64
	version     byte
	first, last time.Time      // any datagram
	pulled      time.Time      // latest PULL_DATA
	address     netip.AddrPort // of that
	counter     forwarded.Counter
	queue       schedule
	acks        bool // it has answered a PULL_RESP with the right token
	greeted     bool // its coming has been said
	silent      bool // it is gone, and that has been said
	stats       GatewayStats

	restartsSaid uint64    // how many restarts have been spoken of
	restartSaid  time.Time // when
}

// reachable reports whether downlinks have a way to the gateway.
func (g *gateway) reachable(now time.Time) bool {
	return !g.pulled.IsZero() && now.Sub(g.pulled) < silentAfter
}

// plan turns d into an emission and puts it on the schedule, or refuses it.
func (g *gateway) plan(d radio.Downlink, now time.Time) (*emission, error) {
	if err := forwarded.CheckDownlink(d); err != nil {
		return nil, err
	}
	if !g.reachable(now) {
		return nil, forwarded.Refuse(radio.TxNotRunning, "gateway %s has not pulled for downlinks within %s", g.eui, silentAfter)
	}
	present, known := g.counter.Now(now)
	g.queue.sweep(present)
	if g.queue.full() {
		return nil, forwarded.Refuse(radio.TxQueueFull, "%d downlinks wait", len(g.queue))
	}
	e := &emission{
		id: d.ID, token: g.queue.token(), due: now, frequency: d.Frequency,
		airtime: forwarded.Airtime(d.DataRate, len(d.Payload)),
	}
	start, timed, err := g.start(d, e.airtime, present, known)
	if err != nil {
		return nil, err
	}
	if timed {
		e.timed, e.start, e.end = true, start, start.Add(e.airtime)
		if g.version == 1 {
			e.due = now.Add(max(0, start.Sub(present)-txHold))
		}
	}
	body, err := pullRespBody(d, e.start.Count(), !e.timed)
	if err != nil {
		return nil, forwarded.Refuse(radio.TxDataRate, "%v", err)
	}
	e.body = body
	g.queue = append(g.queue, e)
	return e, nil
}

// start is when d goes on air; timed is false if the gateway may choose.
func (g *gateway) start(d radio.Downlink, airtime time.Duration, present radio.Ticks, known bool) (start radio.Ticks, timed bool, err error) {
	start = d.At
	switch {
	case d.Immediate && !known:
		return 0, false, nil
	case d.Immediate:
		soon := present.Add(txLeast)
		if start = g.queue.gap(soon, airtime); start == soon {
			return 0, false, nil // the forwarder knows better than we how soon it can be
		}
	case !known:
		return 0, false, forwarded.Refuse(radio.TxNotRunning, "gateway %s has forwarded no frame yet: its time is unknown", g.eui)
	}
	return start, true, g.queue.place(start, start.Add(airtime), present)
}

// answered returns the emission that a TX_ACK with that token is about.
func (g *gateway) answered(token uint16, v verdict) (*emission, bool) {
	e, ok := g.queue.find(token)
	if !ok || e.body != nil {
		g.stats.StrayAcks++
		return nil, false
	}
	g.acks = true
	if v.warn != "" {
		g.stats.Warnings++
	}
	return e, true
}

// settle counts what became of e.
func (g *gateway) settle(e *emission, err error) {
	e.reported, e.body = true, nil
	if err != nil {
		g.stats.Tx.Refused(err)
		g.queue.drop(e) // another may have its place
		return
	}
	g.stats.Tx.Sent(e.frequency, e.airtime)
}

// unacknowledged judges the lack of a TX_ACK. Version 1 knows none, and some
// forwarders of version 2 never send it: then nobody has objected.
func (g *gateway) unacknowledged() error {
	if !g.acks {
		return nil
	}
	return forwarded.Refuse(radio.TxHardware, "no TX_ACK from gateway %s within %s: it may have been on the air", g.eui, ackWithin)
}

// place takes the time stamp of a frame. After a restart, what was not sent
// yet is for a time that will not come.
func (g *gateway) place(count uint32, now time.Time) (t radio.Ticks, lost []*emission) {
	t, restarted := g.counter.Place(count, now)
	if !restarted {
		return t, nil
	}
	for _, e := range g.queue {
		e.timed = false
		if e.body != nil {
			lost = append(lost, e)
		}
	}
	return t, lost
}
