package picocell

import (
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"gatewayd/radio"
)

// Stats is what a concentrator has done so far.
type Stats struct {
	State     string      // for a human, e.g. "receiving", "bring-up: load agc_fw", "down"
	Since     time.Time   // when State began
	LastError string      // why it was last down; empty if it never was
	Gateway   radio.EUI64 // gateway EUI; zero until first known

	Commands, BytesOut, BytesIn uint64 // on the wire
	Resyncs                     uint64 // answers torn, missing or out of step
	BringUps                    uint64 // that ended in receiving
	Malformed                   uint64 // receive answers or packets that made no sense

	RxOK, RxCRCBad, RxNoCRC uint64
	RxDropped               uint64    // good frames for which the channel was full
	Forwarded               uint64    // frames passed on: RxOK - RxDropped
	LastSeen                time.Time // latest frame of any kind; zero: none yet

	TxOK     uint64
	TxFailed map[radio.TxReason]uint64 // refused or lost
	Airtime  map[uint32]time.Duration  // by frequency in Hz, of what was emitted

	// CounterOffset is how far its counter has run ahead of the host's clock
	// since the bring-up, CounterDrift how fast that is in ppm; both 0 for the
	// first minute.
	CounterOffset time.Duration
	CounterDrift  float64
}

// maxFrequencies is how many frequencies airtime is kept for. No region has
// more downlink channels.
const maxFrequencies = 128

// counters is the live form of Stats. Safe for concurrent use.
type counters struct {
	commands, bytesOut, bytesIn     atomic.Uint64
	resyncs, bringUps, malformed    atomic.Uint64
	rxOK, rxCRCBad, rxNoCRC, rxDrop atomic.Uint64
	txOK                            atomic.Uint64

	mu       sync.Mutex
	txFailed map[radio.TxReason]uint64
	airtime  map[uint32]time.Duration
	lastSeen time.Time
	offset   time.Duration
	drift    float64
	state    string
	since    time.Time
	lastErr  string
	gateway  radio.EUI64
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

// emitted counts an emission.
func (c *counters) emitted(frequency uint32, airtime time.Duration) {
	c.txOK.Add(1)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.airtime == nil {
		c.airtime = make(map[uint32]time.Duration)
	}
	if _, known := c.airtime[frequency]; known || len(c.airtime) < maxFrequencies {
		c.airtime[frequency] += airtime
	}
}

// seen notes a frame of any kind.
func (c *counters) seen(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lastSeen = now
}

// ran notes how the counter does.
func (c *counters) ran(offset time.Duration, ppm float64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset, c.drift = offset, ppm
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

func (c *counters) identified(gateway radio.EUI64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.gateway = gateway
}

func (c *counters) snapshot() Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := Stats{
		State: c.state, Since: c.since, LastError: c.lastErr, Gateway: c.gateway,
		Commands: c.commands.Load(), BytesOut: c.bytesOut.Load(), BytesIn: c.bytesIn.Load(),
		Resyncs: c.resyncs.Load(), BringUps: c.bringUps.Load(), Malformed: c.malformed.Load(),
		RxOK: c.rxOK.Load(), RxCRCBad: c.rxCRCBad.Load(), RxNoCRC: c.rxNoCRC.Load(), RxDropped: c.rxDrop.Load(),
		LastSeen: c.lastSeen, TxOK: c.txOK.Load(), TxFailed: maps.Clone(c.txFailed), Airtime: maps.Clone(c.airtime),
		CounterOffset: c.offset, CounterDrift: c.drift,
	}
	s.Forwarded = s.RxOK - min(s.RxDropped, s.RxOK)
	return s
}
