package forwarded

import (
	"errors"
	"fmt"
	"maps"
	"time"

	"gatewayd/radio"
)

// maxFrequencies is how many frequencies airtime is kept for. No region has
// more downlink channels.
const maxFrequencies = 128

// Tally counts what became of downlinks. The zero value is ready to use. Not
// safe for concurrent use.
type Tally struct {
	OK      uint64                    // said to be emitted
	Failed  map[radio.TxReason]uint64 // refused or lost
	Airtime map[uint32]time.Duration  // by frequency in Hz, of what was emitted
}

// Sent counts an emission.
func (t *Tally) Sent(frequency uint32, airtime time.Duration) {
	t.OK++
	if t.Airtime == nil {
		t.Airtime = make(map[uint32]time.Duration)
	}
	if _, known := t.Airtime[frequency]; known || len(t.Airtime) < maxFrequencies {
		t.Airtime[frequency] += airtime
	}
}

// Refused counts err, if it is a *radio.TxError.
func (t *Tally) Refused(err error) {
	te, ok := errors.AsType[*radio.TxError](err)
	if !ok {
		return
	}
	if t.Failed == nil {
		t.Failed = make(map[radio.TxReason]uint64)
	}
	t.Failed[te.Reason]++
}

// Clone is a copy that does not change.
func (t *Tally) Clone() Tally {
	return Tally{OK: t.OK, Failed: maps.Clone(t.Failed), Airtime: maps.Clone(t.Airtime)}
}

// Refuse is a *radio.TxError.
func Refuse(reason radio.TxReason, format string, args ...any) error {
	return &radio.TxError{Reason: reason, Detail: fmt.Sprintf(format, args...)}
}
