package semtechudp

import (
	"time"

	"gatewayd/radio"
	"gatewayd/radio/forwarded"
)

// Stats is what the listener has done so far.
type Stats struct {
	State     string    // for a human: "listening", "down", "stopped"
	Since     time.Time // when State began
	LastError string    // why it was last down; empty if it never was

	Datagrams uint64 // received
	Malformed uint64 // of them, no datagram of the protocol
	Refused   uint64 // of them, from gateways that are not allowed
	Crowded   uint64 // of them, from gateways there was no room for
	Bytes     uint64 // received
	Replies   uint64 // bytes sent

	Gateways []GatewayStats // by EUI
}

// GatewayStats is what one gateway has done so far.
type GatewayStats struct {
	Gateway   radio.EUI64
	Version   int       // of the protocol: 1 or 2
	Address   string    // where it pulls from; empty if it does not
	Reachable bool      // downlinks have a way to it
	FirstSeen time.Time // any datagram
	LastSeen  time.Time
	LastPull  time.Time // zero: never
	Moves     uint64    // it pulled from another address than before

	RxOK, RxCRCBad, RxNoCRC uint64
	RxDropped               uint64 // good frames for which the channel was full
	Malformed               uint64 // datagrams or frames that made no sense
	Forwarded               uint64 // frames passed on: RxOK - RxDropped

	Tx        forwarded.Tally // version 1: OK is what was handed over
	Warnings  uint64          // emitted, but not as asked for: mostly with less power
	StrayAcks uint64          // TX_ACKs late, doubled, or with a wrong token

	Restarts      uint64        // its counter began anew
	CounterOffset time.Duration // how far its counter has run ahead of the host's clock since then
	CounterDrift  float64       // how fast that is, ppm
	Report        Report        // its own words; zero: none yet
}

// snapshot is the gateway's statistics at now.
func (g *gateway) snapshot(now time.Time) GatewayStats {
	s := g.stats
	s.Gateway, s.Version, s.FirstSeen, s.LastSeen, s.LastPull = g.eui, int(g.version), g.first, g.last, g.pulled
	s.Reachable = g.reachable(now)
	if g.address.IsValid() {
		s.Address = plain(g.address).String()
	}
	s.Forwarded = s.RxOK - s.RxDropped
	s.Tx = g.stats.Tx.Clone()
	s.Restarts = g.counter.Restarts()
	s.CounterOffset, s.CounterDrift = g.counter.Drift(now)
	return s
}

// Stats returns what happened so far. Safe for concurrent use.
func (c *Concentrator) Stats() Stats {
	now := c.clock.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.stats
	for _, g := range c.table.sorted() {
		s.Gateways = append(s.Gateways, g.snapshot(now))
	}
	return s
}

// enter notes a state. c.mu is held.
func (c *Concentrator) enter(state string, now time.Time) {
	if c.stats.State != state {
		c.stats.State, c.stats.Since = state, now
	}
}
