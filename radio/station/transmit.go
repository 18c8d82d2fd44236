package station

import (
	"gatewayd/radio"
	"gatewayd/radio/forwarded"
)

// Transmit implements radio.Concentrator. The downlink goes to the station
// that it names, at that station's time. The station chooses the power. The
// result comes when the frame is on air; a station says nothing of one that it
// does not send, so then the result is an error some time after.
func (c *Concentrator) Transmit(d radio.Downlink) error {
	now := c.clock.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.open {
		return forwarded.Refuse(radio.TxNotRunning, "not listening")
	}
	g, err := c.table.find(d.Gateway)
	if err != nil {
		return err
	}
	e, message, err := g.plan(d, &c.o.Plan, now)
	if err == nil && !g.way.send(message) {
		g.queue.drop(e)
		err = forwarded.Refuse(radio.TxQueueFull, "the connection to station %s is stuck", g.eui)
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
