package station

import (
	"strings"
	"time"

	"go.uber.org/zap"

	"gatewayd/radio"
	"gatewayd/radio/forwarded"
	"gatewayd/radio/station/lns"
)

// arrive takes a new connection of a station; false if there is no room. The
// one it replaces is cut, and what waited on it is lost.
func (c *Concentrator) arrive(eui radio.EUI64, way post, address string) (results []radio.TxResult, ok bool) {
	now := c.clock.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	g, ok := c.table.enter(eui, now)
	if !ok {
		c.stats.Crowded++
		return nil, false
	}
	if g.way != nil {
		g.way.cut()
		results = c.abandon(g, radio.TxNotRunning, "the station has connected anew")
	}
	g.way, g.address, g.configured = way, address, false
	g.last, g.since = now, now
	g.connects++
	g.time.begin(now)
	return results, true
}

// depart ends a connection, unless it has been replaced already. why is nil if
// it is our own doing.
func (c *Concentrator) depart(eui radio.EUI64, way post, why error) []radio.TxResult {
	now := c.clock.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	g, ok := c.table.gateways[eui]
	if !ok || g.way != way {
		return nil
	}
	g.way, g.address, g.configured, g.since = nil, "", false, now
	if why != nil && c.talk.AllowN(now, 1) {
		c.log.Warn("station is gone", zap.Stringer("gateway_eui", g.eui), zap.NamedError("reason", why))
	}
	return c.abandon(g, radio.TxNotRunning, "the station's connection is lost: it may have been on the air")
}

// abandon gives up what waits for g. c.mu is held.
func (c *Concentrator) abandon(g *gateway, reason radio.TxReason, why string) []radio.TxResult {
	var results []radio.TxResult
	for _, e := range g.queue.waiting() {
		results = append(results, c.settle(g, e, forwarded.Refuse(reason, "%s", why)))
	}
	return results
}

// settle ends e. c.mu is held.
func (c *Concentrator) settle(g *gateway, e *emission, err error) radio.TxResult {
	g.settle(e, err)
	return radio.TxResult{Concentrator: c.o.Name, ID: e.id, Err: err}
}

// take deals with a message that has just come over way, and returns the
// results of downlinks that it brings.
func (c *Concentrator) take(eui radio.EUI64, way post, b []byte, up chan<- radio.Uplink) []radio.TxResult {
	m, err := lns.Parse(b)
	now := c.clock.Now()
	date := c.date(m, now)
	c.mu.Lock()
	defer c.mu.Unlock()
	g, ok := c.table.gateways[eui]
	if !ok || g.way != way {
		return nil
	}
	g.last = now
	g.stats.Messages++
	g.stats.Bytes += uint64(len(b))
	if err != nil {
		g.stats.Malformed++
		c.log.Debug("message makes no sense", zap.Stringer("gateway_eui", g.eui), zap.Error(err))
		return nil
	}
	if v, first := m.(lns.Version); first || !g.configured {
		c.configure(g, v, date, now)
	}
	switch m := m.(type) {
	case lns.Frame:
		return c.heard(g, m, now, up)
	case lns.Transmitted:
		return c.confirmed(g, m)
	case lns.TimeSync:
		g.stats.TimeSyncs++
		if !date.IsZero() {
			g.way.send(lns.TimeSyncReply(m, date))
		}
	case lns.Other:
		g.stats.Unknown++
		c.log.Debug("message is ignored", zap.Stringer("gateway_eui", g.eui), zap.String("type", printable(m.Type)))
	}
	return nil
}

// date is now if m is to be answered with it and it can be believed, else
// zero.
func (c *Concentrator) date(m lns.Message, now time.Time) time.Time {
	switch m.(type) {
	case lns.Version, lns.TimeSync:
		if c.o.TimeTrusted() {
			return now
		}
	}
	return time.Time{}
}

// configure gives a station its channels, which starts its radio. date is
// zero if it is not known.
func (c *Concentrator) configure(g *gateway, v lns.Version, date, now time.Time) {
	if !g.way.send(c.o.Plan.RouterConfig(v, date)) {
		return
	}
	g.configured = true
	g.version = lns.Version{Station: printable(v.Station), Model: printable(v.Model)}
	if c.talk.AllowN(now, 1) {
		c.log.Info("station is here", zap.Stringer("gateway_eui", g.eui), zap.String("from", g.address),
			zap.String("version", g.version.Station), zap.String("model", g.version.Model))
	}
}

// heard passes a frame on.
func (c *Concentrator) heard(g *gateway, f lns.Frame, now time.Time, up chan<- radio.Uplink) []radio.TxResult {
	dr, ok := c.o.Plan.Uplink(f.DataRate)
	if !ok {
		g.stats.Malformed++
		return nil
	}
	g.stats.RxOK++
	h, gone := g.time.place(f, now)
	u := radio.Uplink{
		Concentrator: c.o.Name, Gateway: g.eui, Payload: f.Payload, Ticks: h.ticks, Received: h.line.host(h.ticks, now),
		Frequency: f.Frequency, DataRate: dr, RSSI: f.RSSI, SNR: f.SNR, Channel: c.o.Plan.Channel(f.Frequency, f.DataRate),
	}
	if dr.Modulation == radio.FSK {
		u.SNR = 0
	}
	select {
	case up <- u:
	default:
		g.stats.RxDropped++
	}
	var results []radio.TxResult
	for _, e := range g.queue.waiting() {
		if gone != nil && e.line == gone {
			results = append(results, c.settle(g, e, forwarded.Refuse(radio.TxTooLate, "the station's radio has restarted")))
		}
	}
	return results
}

// confirmed takes the word that a downlink is on air.
func (c *Concentrator) confirmed(g *gateway, m lns.Transmitted) []radio.TxResult {
	e, ok := g.queue.find(m.DIID)
	if !ok {
		g.stats.StrayTxeds++
		return nil
	}
	return []radio.TxResult{c.settle(g, e, nil)}
}

// printable is at most 64 characters of s that no log minds.
func printable(s string) string {
	clean := strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, s)
	return clean[:min(len(clean), 64)]
}
