package semtechudp

import (
	"time"

	"gatewayd/radio"
	"gatewayd/radio/forwarded"
)

// Transmit implements radio.Concentrator. The downlink goes to the gateway
// that it names, at that gateway's time. The result is the gateway's word,
// which comes as soon as it has put the downlink on its schedule and not only
// when it is on air; of a gateway that never answers, no news is good news.
func (c *Concentrator) Transmit(d radio.Downlink) error {
	now := c.clock.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.sock == nil {
		return forwarded.Refuse(radio.TxNotRunning, "not listening")
	}
	g, err := c.table.find(d.Gateway)
	if err != nil {
		return err
	}
	e, err := g.plan(d, now)
	if err == nil && !now.Before(e.due) {
		if err = c.hand(g, e, now); err != nil {
			g.queue.drop(e)
		}
	}
	if err != nil {
		g.stats.Tx.Refused(err)
		return err
	}
	select {
	case c.wake <- struct{}{}:
	default:
	}
	return nil
}

// hand sends e's PULL_RESP. c.mu is held.
func (c *Concentrator) hand(g *gateway, e *emission, now time.Time) error {
	b := append(appendHead(nil, g.version, e.token, pullResp), e.body...)
	if _, err := c.sock.WriteToUDPAddrPort(b, g.address); err != nil {
		return forwarded.Refuse(radio.TxHardware, "gateway %s: %v", g.eui, err)
	}
	e.body, e.ackBy = nil, now.Add(ackWithin)
	return nil
}
