package picocell

import (
	"sync"
	"time"

	"gatewayd/radio"
)

// desk is where Transmit, called from anywhere, meets the goroutine of Run.
// It is closed unless the concentrator receives.
type desk struct {
	wake chan struct{} // one value when something was added; cap 1

	mu       sync.Mutex
	isOpen   bool
	anchor   anchor
	schedule schedule
}

// open lets downlinks in. set must be called from time to time.
func (d *desk) open(a anchor) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.isOpen, d.anchor = true, a
}

// set tells what time the device has.
func (d *desk) set(a anchor) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.anchor = a
}

// close lets nothing in any more and returns what was still waiting.
func (d *desk) close() []emission {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.isOpen = false
	return d.schedule.clear()
}

// add schedules e for its start, or for as soon as possible.
func (d *desk) add(e emission, soon bool, now time.Time) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.isOpen {
		return refuse(radio.TxNotRunning, "the concentrator is not receiving")
	}
	put := d.schedule.add
	if soon {
		put = d.schedule.addSoon
	}
	if err := put(e, d.anchor.ticksAt(now)); err != nil {
		return err
	}
	select {
	case d.wake <- struct{}{}:
	default:
	}
	return nil
}

// take returns the emission that is due, if any.
func (d *desk) take(now time.Time) (emission, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.schedule.take(d.anchor.ticksAt(now))
}

// due returns when the next emission is due; false if none waits.
func (d *desk) due() (time.Time, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	t, ok := d.schedule.next()
	return d.anchor.timeAt(t), ok
}
