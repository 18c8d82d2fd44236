package semtechudp

import (
	"math/rand/v2"
	"slices"
	"time"

	"gatewayd/radio"
	"gatewayd/radio/forwarded"
)

const (
	// txLeast is the shortest lead worth a datagram: Semtech's forwarder
	// refuses what is 52.5 ms ahead or less (TX_START_DELAY, TX_MARGIN_DELAY
	// and TX_JIT_DELAY in jitqueue.c).
	txLeast = 60 * time.Millisecond

	// txHorizon is how far ahead a downlink may be: a beacon period, as in
	// Semtech's forwarder.
	txHorizon = 128 * time.Second

	// txGap is what Semtech's forwarder wants free before an emission.
	txGap = 35 * time.Millisecond

	// txHold is how long before its time a version 1 forwarder gets a
	// downlink. It has no queue: it programs the concentrator at once, over
	// what was programmed there before.
	txHold = 800 * time.Millisecond

	// txQueue is how many downlinks may wait for their result, and txBusy how
	// many may be on the schedule with those that are decided but not over.
	txQueue = 16
	txBusy  = 64

	// ackWithin is how long a TX_ACK may take. RX2 is one second after RX1,
	// so a later refusal would be of no use.
	ackWithin = time.Second
)

// emission is a downlink that Transmit has accepted.
type emission struct {
	id         uint64
	token      uint16
	timed      bool        // start and end are known
	start, end radio.Ticks // on air
	frequency  uint32
	airtime    time.Duration
	body       []byte    // of PULL_RESP; nil once it is sent
	due        time.Time // when body is to be sent
	ackBy      time.Time // when TX_ACK must be here, once body is sent
	reported   bool      // it stays only because it is on air
}

// schedule holds a gateway's emissions until they are over. It knows no
// clock: now is passed in. The zero value is empty.
type schedule []*emission

// collision returns the emission that leaves no room for one from start to
// end.
func (s schedule) collision(start, end radio.Ticks) (*emission, bool) {
	for _, e := range s {
		if e.timed && start < e.end.Add(txGap) && e.start < end.Add(txGap) {
			return e, true
		}
	}
	return nil, false
}

// place checks that an emission at start fits.
func (s schedule) place(start, end, present radio.Ticks) error {
	switch lead := start.Sub(present); {
	case lead < txLeast:
		return forwarded.Refuse(radio.TxTooLate, "%s ahead, at least %s needed", lead, txLeast)
	case lead > txHorizon:
		return forwarded.Refuse(radio.TxTooEarly, "%s ahead, at most %s possible", lead, txHorizon)
	}
	if e, found := s.collision(start, end); found {
		return forwarded.Refuse(radio.TxCollision, "with the downlink that starts %s ahead", e.start.Sub(present))
	}
	return nil
}

// gap is the first time from start on at which airtime fits.
func (s schedule) gap(start radio.Ticks, airtime time.Duration) radio.Ticks {
	for {
		e, found := s.collision(start, start.Add(airtime))
		if !found {
			return start
		}
		start = e.end.Add(txGap)
	}
}

// full reports whether there is no room for another.
func (s schedule) full() bool {
	n := 0
	for _, e := range s {
		if !e.reported {
			n++
		}
	}
	return n >= txQueue || len(s) >= txBusy
}

// token is one that no emission has. A guess is right once in 65535 times.
func (s schedule) token() uint16 {
	for {
		t := uint16(rand.N(0xffff) + 1)
		if _, used := s.find(t); !used {
			return t
		}
	}
}

// find returns the emission that waits for a TX_ACK with that token.
func (s schedule) find(token uint16) (*emission, bool) {
	i := slices.IndexFunc(s, func(e *emission) bool { return e.token == token && !e.reported })
	if i < 0 {
		return nil, false
	}
	return s[i], true
}

// sweep forgets what is reported and over.
func (s *schedule) sweep(present radio.Ticks) {
	*s = slices.DeleteFunc(*s, func(e *emission) bool { return e.reported && (!e.timed || e.end < present) })
}

// drop forgets e.
func (s *schedule) drop(e *emission) {
	*s = slices.DeleteFunc(*s, func(o *emission) bool { return o == e })
}
