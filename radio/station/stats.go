package station

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

	Connections  uint64 // of TCP
	TurnedAway   uint64 // of them, more than are taken at a time or a second
	Unauthorized uint64 // requests without the right token
	Refused      uint64 // requests of gateways that are not allowed
	Crowded      uint64 // stations there was no room for
	Discoveries  uint64 // answered

	Gateways []GatewayStats // by EUI
}

// GatewayStats is what one station has done so far.
type GatewayStats struct {
	Gateway   radio.EUI64
	Version   string // of Basics Station
	Model     string
	Address   string // where it is connected from; empty if it is not
	Reachable bool   // it is connected and has its channels
	FirstSeen time.Time
	LastSeen  time.Time // any message
	Since     time.Time // of the connection, or of its end
	Connects  uint64

	Messages, Bytes uint64 // received
	Malformed       uint64 // of them, those that made no sense
	Unknown         uint64 // of them, those of kinds that are ignored
	TimeSyncs       uint64 // of them, those that ask for the time

	RxOK      uint64 // frames; stations keep those with a bad CRC to themselves
	RxDropped uint64 // frames for which the channel was full
	Forwarded uint64 // frames passed on: RxOK - RxDropped

	Tx         forwarded.Tally // OK: confirmed
	StrayTxeds uint64          // confirmations late, doubled, or of nothing we sent

	Restarts      uint64        // its time began anew, with a connection or without
	CounterOffset time.Duration // how far its time has run ahead of the host's clock since then
	CounterDrift  float64       // how fast that is, ppm
}

// snapshot is the gateway's statistics at now.
func (g *gateway) snapshot(now time.Time) GatewayStats {
	s := g.stats
	s.Gateway, s.Version, s.Model, s.Address = g.eui, g.version.Station, g.version.Model, g.address
	s.Reachable = g.way != nil && g.configured
	s.FirstSeen, s.LastSeen, s.Since, s.Connects = g.first, g.last, g.since, g.connects
	s.Forwarded = s.RxOK - s.RxDropped
	s.Tx = g.stats.Tx.Clone()
	s.Restarts = g.time.restarts
	if h, ok := g.time.latest(); ok {
		s.CounterOffset, s.CounterDrift = h.line.drift(now)
	}
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

// count adds one to a counter of the listener.
func (c *Concentrator) count(n *uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	*n++
}
