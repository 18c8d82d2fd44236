package modem

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"gatewayd/radio"
)

const (
	// txHorizon is how far ahead a downlink may be: RX2 of a join is 6 s.
	txHorizon = 8 * time.Second

	// txMargin is for this process to get going.
	txMargin = 20 * time.Millisecond

	// txQueue is how many downlinks may wait.
	txQueue = 16
)

// emission is a scheduled transmission.
type emission struct {
	id      uint64
	to      channel
	power   int8 // dBm
	payload []byte
	start   time.Time     // of the preamble; zero: as soon as possible
	soon    bool          // start was ours to choose
	airtime time.Duration // of the whole frame
	prepare time.Duration // from leaving receive to the send command's last byte
	after   time.Duration // from the end of the frame to receiving
}

// busy is when the module can do nothing else.
func (e emission) busy() (from, to time.Time) {
	return e.start.Add(-e.prepare), e.start.Add(e.airtime + e.after)
}

// desk is where Transmit, called from anywhere, meets the goroutine of Run.
// It is closed unless the module receives.
type desk struct {
	wake chan struct{} // one value when something was added; cap 1

	mu      sync.Mutex
	isOpen  bool
	rxOnly  string        // why nothing is sent at all; "" if it is
	latency time.Duration // from the send command's last byte to the preamble
	waiting []emission    // ascending by start
	current emission      // the one being sent, or the last one sent
}

// permitted refuses everything for a module that only receives.
func (d *desk) permitted() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.rxOnly != "" {
		return refuse(radio.TxRxOnly, "%s", d.rxOnly)
	}
	return nil
}

// open lets downlinks in, unless rxOnly says why not.
func (d *desk) open(rxOnly string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.isOpen, d.rxOnly = true, rxOnly
}

// close lets nothing in any more and returns what was still waiting.
func (d *desk) close() []emission {
	d.mu.Lock()
	defer d.mu.Unlock()
	waiting := d.waiting
	d.isOpen, d.waiting, d.current = false, nil, emission{}
	return waiting
}

// lead is the latency, as last measured.
func (d *desk) lead() time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.latency
}

// measured tells what the latency really is.
func (d *desk) measured(latency time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.latency = latency
}

// add schedules e for its start, or for the first gap if that is zero.
func (d *desk) add(e emission, now time.Time) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.isOpen {
		return refuse(radio.TxNotRunning, "the module is not receiving")
	}
	if len(d.waiting) >= txQueue {
		return refuse(radio.TxQueueFull, "%d downlinks wait", len(d.waiting))
	}
	e.prepare += d.latency
	if e.start.IsZero() {
		e = d.soonest(e, now)
	}
	lead := e.start.Sub(now)
	if need := e.prepare + txMargin; lead < need {
		return refuse(radio.TxTooLate, "%s ahead, at least %s needed", lead, need)
	}
	if lead > txHorizon {
		return refuse(radio.TxTooEarly, "%s ahead, at most %s possible", lead, txHorizon)
	}
	if o, found := d.collision(e); found {
		return refuse(radio.TxCollision, "with the downlink that starts %s ahead", o.start.Sub(now))
	}
	i, _ := slices.BinarySearchFunc(d.waiting, e.start, func(w emission, t time.Time) int { return cmp.Compare(w.start.Sub(t), 0) })
	d.waiting = slices.Insert(d.waiting, i, e)
	select {
	case d.wake <- struct{}{}:
	default:
	}
	return nil
}

// soonest moves e to the first gap that is long enough. d.mu is held.
func (d *desk) soonest(e emission, now time.Time) emission {
	e.soon = true
	e.start = now.Add(e.prepare + txMargin)
	for o, found := d.collision(e); found; o, found = d.collision(e) {
		_, to := o.busy()
		e.start = to.Add(e.prepare)
	}
	return e
}

// collision returns the first emission that e overlaps. d.mu is held.
func (d *desk) collision(e emission) (emission, bool) {
	from, to := e.busy()
	overlaps := func(o emission) bool {
		oFrom, oTo := o.busy()
		return from.Before(oTo) && oFrom.Before(to)
	}
	if !d.current.start.IsZero() && overlaps(d.current) {
		return d.current, true
	}
	if i := slices.IndexFunc(d.waiting, overlaps); i >= 0 {
		return d.waiting[i], true
	}
	return emission{}, false
}

// due returns when the next emission must be prepared; false if none waits.
func (d *desk) due() (time.Time, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.dueLocked()
}

func (d *desk) dueLocked() (time.Time, bool) {
	if len(d.waiting) == 0 {
		return time.Time{}, false
	}
	from, _ := d.waiting[0].busy()
	return from, true
}

// take removes and returns the next emission if it is due.
func (d *desk) take(now time.Time) (emission, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if due, ok := d.dueLocked(); !ok || now.Before(due) {
		return emission{}, false
	}
	d.current = d.waiting[0]
	d.waiting = slices.Delete(d.waiting, 0, 1)
	return d.current, true
}
