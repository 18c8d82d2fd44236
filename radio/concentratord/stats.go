package concentratord

import (
	"sync"
	"sync/atomic"
	"time"

	"gatewayd/radio"
	"gatewayd/radio/forwarded"
)

// Stats is what a concentrator has done so far.
type Stats struct {
	State     string      // for a human: "receiving", "connecting", "down", "stopped"
	Since     time.Time   // when State began
	LastError string      // why it was last down; empty if it never was
	Gateway   radio.EUI64 // gateway EUI; zero until first known
	Version   string      // of Concentratord, as far as its dialect tells

	Connects  uint64    // times it was connected
	LastSeen  time.Time // latest event
	Malformed uint64    // events that made no sense

	RxOK, RxCRCBad, RxNoCRC uint64
	RxDropped               uint64 // good frames for which the channel was full
	Forwarded               uint64 // frames passed on: RxOK - RxDropped

	Tx forwarded.Tally // OK: on Concentratord's schedule

	Restarts      uint64        // its counter began anew
	CounterOffset time.Duration // how far its counter has run ahead of the host's clock since then
	CounterDrift  float64       // how fast that is, ppm

	// Concentratord's own count of the latest interval: frames received and
	// those with a good CRC, downlinks got and emitted.
	ReportReceived, ReportCRCOK, ReportDownlinks, ReportEmitted uint32
}

// counters is the live form of Stats. Safe for concurrent use.
type counters struct {
	malformed, rxOK, rxCRCBad, rxNoCRC, rxDrop atomic.Uint64

	mu       sync.Mutex
	state    string
	since    time.Time
	lastErr  string
	gateway  radio.EUI64
	dialect  dialect
	connects uint64
	lastSeen time.Time
	report   report
	tx       forwarded.Tally
}

func (c *counters) enter(state string, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state != state {
		c.state, c.since = state, now
	}
}

func (c *counters) failed(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lastErr = err.Error()
}

func (c *counters) connected(gateway radio.EUI64, d dialect) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.gateway, c.dialect = gateway, d
	c.connects++
}

func (c *counters) seen(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lastSeen = now
}

func (c *counters) reported(r report) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.report = r
}

func (c *counters) refused(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tx.Refused(err)
}

func (c *counters) sent(frequency uint32, airtime time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tx.Sent(frequency, airtime)
}

// Stats returns what happened so far. Safe for concurrent use.
func (c *Concentrator) Stats() Stats {
	n := &c.count
	n.mu.Lock()
	defer n.mu.Unlock()
	s := Stats{
		State: n.state, Since: n.since, LastError: n.lastErr, Gateway: n.gateway, Version: n.dialect.String(),
		Connects: n.connects, LastSeen: n.lastSeen, Malformed: n.malformed.Load(),
		RxOK: n.rxOK.Load(), RxCRCBad: n.rxCRCBad.Load(), RxNoCRC: n.rxNoCRC.Load(), RxDropped: n.rxDrop.Load(),
		Tx:             n.tx.Clone(),
		ReportReceived: n.report.received, ReportCRCOK: n.report.crcOK,
		ReportDownlinks: n.report.downlinks, ReportEmitted: n.report.emitted,
	}
	s.Forwarded = s.RxOK - s.RxDropped
	s.Restarts, s.CounterOffset, s.CounterDrift = c.desk.clock(c.clock.Now())
	return s
}
