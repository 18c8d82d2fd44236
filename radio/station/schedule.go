package station

import (
	"slices"
	"time"

	"gatewayd/radio"
	"gatewayd/radio/forwarded"
)

const (
	// txLeast is the shortest lead worth a message: stations want 20 ms, on
	// some platforms 60 ms (TX_AIM_GAP in s2conf.h).
	txLeast = 80 * time.Millisecond

	// txHorizon is how far ahead a downlink may be (TX_MAX_AHEAD is 600 s; this
	// is a beacon period, as with packet forwarders).
	txHorizon = 128 * time.Second

	// txGap is what a station wants free between two emissions, with a margin:
	// it prepares one TX_AIM_GAP before its time.
	txGap = 30 * time.Millisecond

	// txQueue is how many downlinks may wait for their result, and txBusy how
	// many may be on the schedule with those that are decided but not over.
	txQueue = 16
	txBusy  = 64

	// confirmWithin is how long after its time the confirmation of a downlink
	// may come. Stations send it 5 ms into the emission, and RX2 is one second
	// after RX1: later it would be of no use.
	confirmWithin = 600 * time.Millisecond

	// soonWithin is the same for a downlink without a time: stations try ten
	// times, a tenth of a second apart (CLASS_C_BACKOFF).
	soonWithin = 3 * time.Second
)

// emission is a downlink that Transmit has accepted.
type emission struct {
	id         uint64
	diid       int64
	line       *timeline   // nil unless start and end are known
	rctx       int64       // the antenna
	start, end radio.Ticks // on air
	frequency  uint32
	airtime    time.Duration
	until      time.Time // when the confirmation must be here
	reported   bool      // it stays only because it is on air
}

// schedule holds a station's emissions until they are over. The zero value is
// empty.
type schedule []*emission

// place checks that e fits. A station drops what collides without a word.
func (s schedule) place(e *emission, present radio.Ticks) error {
	switch lead := e.start.Sub(present); {
	case lead < txLeast:
		return forwarded.Refuse(radio.TxTooLate, "%s ahead, at least %s needed", lead, txLeast)
	case lead > txHorizon:
		return forwarded.Refuse(radio.TxTooEarly, "%s ahead, at most %s possible", lead, txHorizon)
	}
	for _, o := range s {
		if o.line == e.line && o.rctx == e.rctx && e.start < o.end.Add(txGap) && o.start < e.end.Add(txGap) {
			return forwarded.Refuse(radio.TxCollision, "with the downlink that starts %s ahead", o.start.Sub(present))
		}
	}
	return nil
}

// full reports whether there is no room for another.
func (s schedule) full() bool { return len(s.waiting()) >= txQueue || len(s) >= txBusy }

// waiting are those without a result yet.
func (s schedule) waiting() []*emission {
	return slices.DeleteFunc(slices.Clone(s), func(e *emission) bool { return e.reported })
}

// find returns the emission that a confirmation is about.
func (s schedule) find(diid int64) (*emission, bool) {
	i := slices.IndexFunc(s, func(e *emission) bool { return e.diid == diid && !e.reported })
	if i < 0 {
		return nil, false
	}
	return s[i], true
}

// sweep forgets what is reported and over.
func (s *schedule) sweep(now time.Time) {
	*s = slices.DeleteFunc(*s, func(e *emission) bool {
		return e.reported && (e.line == nil || e.end < e.line.present(now))
	})
}

// drop forgets e.
func (s *schedule) drop(e *emission) {
	*s = slices.DeleteFunc(*s, func(o *emission) bool { return o == e })
}
