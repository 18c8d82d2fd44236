package concentratord

import (
	"sync"
	"time"

	"gatewayd/radio"
	"gatewayd/radio/forwarded"
)

const (
	// txQueue is how many downlinks may wait to be handed over.
	txQueue = 16

	// txLeast is the shortest lead worth a command: Concentratord refuses
	// what is less than 32.5 ms ahead (jitqueue.rs).
	txLeast = 40 * time.Millisecond

	// firstTicks keeps times a little before the start positive.
	firstTicks = radio.Ticks(1) << 32
)

// desk is where Transmit, called from anywhere, meets the goroutines of Run:
// it knows the concentrator's time, and which frames can be answered. It is
// closed unless Concentratord is connected.
type desk struct {
	orders chan order // to the goroutine that talks to Concentratord

	mu      sync.Mutex // guards the rest
	isOpen  bool
	began   time.Time // on the host; Ticks where contexts are no counter
	counter forwarded.Counter
	recent  recent
}

func newDesk(now time.Time) *desk { return &desk{orders: make(chan order, txQueue), began: now} }

// open lets downlinks in. The counter may have begun anew since it was closed.
func (d *desk) open() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.isOpen = true
	d.counter.Forget()
	d.recent.clear()
}

// close lets nothing in any more and returns what was still waiting.
func (d *desk) close() []order {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.isOpen = false
	var left []order
	for {
		select {
		case o := <-d.orders:
			left = append(left, o)
		default:
			return left
		}
	}
}

// place gives a frame that has arrived just now its time, and keeps its
// context for the answer.
func (d *desk) place(u *radio.Uplink, context []byte, now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if c, ok := count(context); ok {
		ticks, restarted := d.counter.Place(c, now)
		if restarted {
			d.recent.clear()
		}
		u.Ticks, u.Received = ticks, d.counter.Time(ticks, now)
	} else {
		u.Ticks, u.Received = d.present(now), now
	}
	d.recent.add(origin{u.Ticks, context})
}

// present is the concentrator's time, or what serves as one. d.mu is held.
func (d *desk) present(now time.Time) radio.Ticks {
	if t, known := d.counter.Now(now); known {
		return t
	}
	return firstTicks.Add(now.Sub(d.began))
}

// add takes dl, or refuses it.
func (d *desk) add(dl radio.Downlink, now time.Time) error {
	if err := forwarded.CheckDownlink(dl); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.isOpen {
		return forwarded.Refuse(radio.TxNotRunning, "Concentratord is not connected")
	}
	o := order{Downlink: dl}
	if !dl.Immediate {
		if err := d.time(&o, now); err != nil {
			return err
		}
	}
	select {
	case d.orders <- o:
		return nil
	default:
		return forwarded.Refuse(radio.TxQueueFull, "%d downlinks wait", txQueue)
	}
}

// time finds the frame that o is timed from. d.mu is held.
func (d *desk) time(o *order, now time.Time) error {
	if lead := o.At.Sub(d.present(now)); lead < txLeast {
		return forwarded.Refuse(radio.TxTooLate, "%s ahead, at least %s needed", lead, txLeast)
	}
	from, ok := d.recent.find(o.At)
	if !ok {
		return forwarded.Refuse(radio.TxNotRunning, "no frame has told the concentrator's time yet")
	}
	o.context, o.delay = from.context, o.At.Sub(from.ticks)
	return nil
}

// clock tells how the counter has behaved.
func (d *desk) clock(now time.Time) (restarts uint64, offset time.Duration, ppm float64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	offset, ppm = d.counter.Drift(now)
	return d.counter.Restarts(), offset, ppm
}
