package modem

import (
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"gatewayd/radio"
)

// Stats is what a module has done so far.
type Stats struct {
	State     string      // for a human: "receiving", "setting up", "down", ...
	Since     time.Time   // when State began
	LastError string      // why it was last down or set up anew; empty if it never was
	Gateway   radio.EUI64 // gateway EUI; zero if neither configured nor known to the module
	Firmware  string      // version, "" if the module does not say

	Commands, BytesOut, BytesIn uint64 // on the wire
	BringUps                    uint64 // that ended in receiving
	ReInits                     uint64 // of these, after a brown-out or silence, the port still open
	Rearms                      uint64 // times the receiver was started again after a frame
	Malformed                   uint64 // lines overlong, or frames that made no sense

	RxOK      uint64
	RxCRCBad  uint64 // as far as the module tells
	RxDropped uint64 // good frames for which the channel was full

	TxOK     uint64
	TxFailed map[radio.TxReason]uint64 // refused or lost
	// TxLatency is the time from the end of the send command to the preamble,
	// as measured at the latest emissions; before the first, a guess. Zero
	// for a module that only receives.
	TxLatency time.Duration
}

// counters is the live form of Stats. Safe for concurrent use.
type counters struct {
	commands, bytesOut, bytesIn          atomic.Uint64
	bringUps, reInits, rearms, malformed atomic.Uint64
	rxOK, rxCRCBad, rxDrop               atomic.Uint64
	txOK                                 atomic.Uint64

	mu       sync.Mutex
	txFailed map[radio.TxReason]uint64
	state    string
	since    time.Time
	lastErr  string
	gateway  radio.EUI64
	firmware string
	latency  time.Duration
}

func (c *counters) sent(n int) {
	c.commands.Add(1)
	c.bytesOut.Add(uint64(n))
}

func (c *counters) received(n int) { c.bytesIn.Add(uint64(n)) }

func (c *counters) refused(r radio.TxReason) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.txFailed == nil {
		c.txFailed = make(map[radio.TxReason]uint64)
	}
	c.txFailed[r]++
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

func (c *counters) identified(gateway radio.EUI64, firmware string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.gateway, c.firmware = gateway, firmware
}

func (c *counters) measured(latency time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.latency = latency
}

func (c *counters) snapshot() Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	return Stats{
		State: c.state, Since: c.since, LastError: c.lastErr, Gateway: c.gateway, Firmware: c.firmware,
		Commands: c.commands.Load(), BytesOut: c.bytesOut.Load(), BytesIn: c.bytesIn.Load(),
		BringUps: c.bringUps.Load(), ReInits: c.reInits.Load(), Rearms: c.rearms.Load(), Malformed: c.malformed.Load(),
		RxOK: c.rxOK.Load(), RxCRCBad: c.rxCRCBad.Load(), RxDropped: c.rxDrop.Load(),
		TxOK: c.txOK.Load(), TxFailed: maps.Clone(c.txFailed), TxLatency: c.latency,
	}
}
