package semtechudp

import (
	"net/netip"
	"time"

	"go.uber.org/zap"

	"gatewayd/radio"
	"gatewayd/radio/forwarded"
)

const (
	// maxStrange is how many gateways that are not allowed are remembered as
	// spoken of.
	maxStrange = 64

	// restartEvery is how often a restart of a gateway is worth a line: there
	// are simulators whose time stamps are not microseconds at all.
	restartEvery = time.Hour
)

// take deals with a datagram that arrived at now, and returns the results of
// downlinks that it brings. A reply is never longer than the datagram, and
// none goes to whom we do not know as a gateway.
func (c *Concentrator) take(b []byte, from netip.AddrPort, now time.Time, up chan<- radio.Uplink) []radio.TxResult {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stats.Datagrams++
	c.stats.Bytes += uint64(len(b))
	h, body, err := parseHeader(b)
	if err != nil {
		c.stats.Malformed++
		return nil
	}
	if !c.table.admits(h.gateway) {
		c.refuse(h.gateway, from, now)
		return nil
	}
	g, evicted, ok := c.table.enter(h.gateway, now)
	if !ok {
		c.stats.Crowded++
		return nil
	}
	var results []radio.TxResult
	if evicted != nil {
		results = c.abandon(evicted, radio.TxNotRunning, "its gateway had to make room for others")
	}
	g.version = h.version
	c.greet(g, now)
	switch h.kind {
	case pullData:
		c.pulled(g, from, now)
		c.reply(h.ack(), from)
	case pushData:
		c.reply(h.ack(), from)
		results = append(results, c.pushed(g, body, now, up)...)
	case txAck:
		v := parseTxAck(body)
		if e, ok := g.answered(h.token, v); ok {
			results = append(results, c.settle(g, e, v.err))
		}
	case pushAck, pullResp, pullAck: // parseHeader lets none in
	}
	return results
}

// refuse counts a datagram of a gateway that is not allowed, and says so once.
func (c *Concentrator) refuse(eui radio.EUI64, from netip.AddrPort, now time.Time) {
	c.stats.Refused++
	if c.strange[eui] || len(c.strange) >= maxStrange || !c.talk.AllowN(now, 1) {
		return
	}
	c.strange[eui] = true
	c.log.Warn("gateway is not allowed: if it is yours, add it to allowed_gateways",
		zap.Stringer("gateway_eui", eui), zap.Stringer("from", plain(from)))
}

// greet says that a gateway is here, or back.
func (c *Concentrator) greet(g *gateway, now time.Time) {
	message := ""
	switch {
	case g.silent:
		g.silent, message = false, "gateway is back"
	case !g.greeted:
		g.greeted, message = true, "gateway is here"
	}
	if message != "" && c.talk.AllowN(now, 1) {
		c.log.Info(message, zap.Stringer("gateway_eui", g.eui), zap.Uint8("protocol", g.version))
	}
}

// pulled notes where downlinks go from now on: a router in between may have
// given the gateway another port.
func (c *Concentrator) pulled(g *gateway, from netip.AddrPort, now time.Time) {
	if g.address.IsValid() && g.address != from {
		g.stats.Moves++
		c.log.Debug("gateway pulls from another address", zap.Stringer("gateway_eui", g.eui), zap.Stringer("from", plain(from)))
	}
	g.address, g.pulled = from, now
}

// reply sends b back. If it gets lost the gateway asks again.
func (c *Concentrator) reply(b []byte, to netip.AddrPort) {
	if c.sock == nil {
		return
	}
	if n, err := c.sock.WriteToUDPAddrPort(b, to); err == nil {
		c.stats.Replies += uint64(n)
	}
}

// pushed takes what a gateway heard and says of itself.
func (c *Concentrator) pushed(g *gateway, body []byte, now time.Time, up chan<- radio.Uplink) []radio.TxResult {
	p, err := parsePush(body)
	if err != nil {
		g.stats.Malformed++
		return nil
	}
	if len(p.Status) > 0 {
		if r, err := parseReport(p.Status); err == nil {
			g.stats.Report = r
		} else {
			g.stats.Malformed++
		}
	}
	var results []radio.TxResult
	for _, raw := range p.Frames {
		h, err := parseRxpk(raw)
		if err != nil {
			g.stats.Malformed++
			c.log.Debug("frame makes no sense", zap.Stringer("gateway_eui", g.eui), zap.Error(err))
			continue
		}
		results = append(results, c.heard(g, h, now, up)...)
	}
	return results
}

// heard passes a frame on if its CRC is right.
func (c *Concentrator) heard(g *gateway, h heard, now time.Time, up chan<- radio.Uplink) []radio.TxResult {
	switch h.status {
	case crcGood:
		g.stats.RxOK++
	case crcBad:
		g.stats.RxCRCBad++
		return nil
	case crcNone:
		g.stats.RxNoCRC++
		return nil
	}
	ticks, lost := g.place(h.count, now)
	c.sayRestart(g, now)
	u := h.uplink
	u.Concentrator, u.Gateway, u.Ticks, u.Received = c.o.Name, g.eui, ticks, g.counter.Time(ticks, now)
	select {
	case up <- u:
	default:
		g.stats.RxDropped++
	}
	var results []radio.TxResult
	for _, e := range lost {
		results = append(results, c.settle(g, e, forwarded.Refuse(radio.TxTooLate, "the gateway has restarted")))
	}
	return results
}

// sayRestart logs a restart, but not each of many.
func (c *Concentrator) sayRestart(g *gateway, now time.Time) {
	n := g.counter.Restarts()
	if n == g.restartsSaid || !g.restartSaid.IsZero() && now.Sub(g.restartSaid) < restartEvery {
		return
	}
	g.restartsSaid, g.restartSaid = n, now
	c.log.Info("gateway has restarted: its counter began anew", zap.Stringer("gateway_eui", g.eui), zap.Uint64("restarts", n))
}
