package picocell

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"gatewayd/radio"
)

const (
	// txAhead is how long before the preamble `f` is sent. From then on the
	// device is deaf, so it should be short; but it must cover USB and what
	// the MCU does before it arms the chip.
	txAhead = 50 * time.Millisecond

	// txAccept is the shortest lead with which Transmit takes a downlink: it
	// leaves the time of one poll in progress.
	txAccept = 40 * time.Millisecond

	// txLatest is the shortest lead with which `f` is still sent. A start
	// that has passed makes the device wait 10 s for nothing, and a busy Pi
	// may hold us up between the decision and the write.
	txLatest = 30 * time.Millisecond

	// txHorizon is how far ahead a downlink may be: RX2 of a join is 6 s.
	txHorizon = 8 * time.Second

	// txRecover is how long after an emission the device restarts its radio.
	txRecover = 100 * time.Millisecond

	// txQueue is how many downlinks may wait.
	txQueue = 16
)

// emission is a scheduled transmission.
type emission struct {
	id         uint64
	tx         transmission // count is set when it is sent
	start, end radio.Ticks  // on air
}

// busy returns the time during which the device can do nothing else.
func (e emission) busy() (from, to radio.Ticks) {
	return e.start.Add(-txAhead), e.end.Add(txRecover)
}

// overlaps reports whether the device cannot do both.
func (e emission) overlaps(o emission) bool {
	from, to := e.busy()
	oFrom, oTo := o.busy()
	return from < oTo && oFrom < to
}

// schedule holds the downlinks that wait for their time. It knows no clock:
// now is passed in. The zero value is empty.
type schedule struct {
	waiting []emission // ascending by start
	current emission   // the one being sent, or the last one sent
}

// add takes e, which must start at the given time.
func (s *schedule) add(e emission, now radio.Ticks) error {
	lead := e.start.Sub(now)
	switch {
	case lead < txAccept:
		return &radio.TxError{Reason: radio.TxTooLate, Detail: fmt.Sprintf("%s ahead, at least %s needed", lead, txAccept)}
	case lead > txHorizon:
		return &radio.TxError{Reason: radio.TxTooEarly, Detail: fmt.Sprintf("%s ahead, at most %s possible", lead, txHorizon)}
	case len(s.waiting) >= txQueue:
		return &radio.TxError{Reason: radio.TxQueueFull, Detail: fmt.Sprintf("%d downlinks wait", len(s.waiting))}
	}
	if o, found := s.collision(e); found {
		return &radio.TxError{Reason: radio.TxCollision, Detail: fmt.Sprintf("with the downlink that starts %s ahead", o.start.Sub(now))}
	}
	i, _ := slices.BinarySearchFunc(s.waiting, e.start, func(w emission, t radio.Ticks) int { return cmp.Compare(w.start, t) })
	s.waiting = slices.Insert(s.waiting, i, e)
	return nil
}

// addSoon takes e, moved to the first gap that is long enough.
func (s *schedule) addSoon(e emission, now radio.Ticks) error {
	airtime := e.end - e.start
	e.start = now.Add(txAhead + txLatest)
	e.end = e.start + airtime
	for {
		o, found := s.collision(e)
		if !found {
			return s.add(e, now)
		}
		_, to := o.busy()
		e.start = to.Add(txAhead)
		e.end = e.start + airtime
	}
}

// collision returns the first emission that e overlaps.
func (s *schedule) collision(e emission) (emission, bool) {
	if s.current.end != 0 && e.overlaps(s.current) {
		return s.current, true
	}
	i := slices.IndexFunc(s.waiting, e.overlaps)
	if i < 0 {
		return emission{}, false
	}
	return s.waiting[i], true
}

// next returns when the next `f` is due.
func (s *schedule) next() (due radio.Ticks, ok bool) {
	if len(s.waiting) == 0 {
		return 0, false
	}
	return s.waiting[0].start.Add(-txAhead), true
}

// take removes and returns the next emission if it is due.
func (s *schedule) take(now radio.Ticks) (emission, bool) {
	if due, ok := s.next(); !ok || now < due {
		return emission{}, false
	}
	s.current = s.waiting[0]
	s.waiting = slices.Delete(s.waiting, 0, 1)
	return s.current, true
}

// clear empties the schedule and returns what was waiting.
func (s *schedule) clear() []emission {
	w := s.waiting
	*s = schedule{}
	return w
}
