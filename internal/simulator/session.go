package simulator

import (
	"time"

	"gatewayd/internal/secret"
)

// maxFCntGap is how far a downlink's counter may be ahead: MAX_FCNT_GAP of
// section 4.3.1.5.
const maxFCntGap = 16384

// session is what activation gives a node. Its node's mutex guards it.
type session struct {
	devAddr          DevAddr
	nwkSKey, appSKey secret.AES128

	fCntUp   uint32 // of the next uplink
	fCntDown uint32 // the lowest that the next downlink may have
	ack      bool   // the last downlink was confirmed: the next uplink acknowledges it

	channels  []channel
	rx1Offset uint8
	rx2       uint8 // data rate index
	rxDelay   time.Duration
}

// counter is how a downlink's frame counter stands to the session's.
type counter uint8

const (
	counterUnknown counter = iota // no counter makes the MIC right
	counterFresh
	counterReused
	counterGap // further ahead than MAX_FCNT_GAP
)

// place finds the 32-bit counter under which phy verifies: the lowest not
// used yet, or the highest used one with the same low 16 bits.
func (s *session) place(f dataFrame, phy []byte) (uint32, counter) {
	next := s.fCntDown + uint32(f.fCnt-uint16(s.fCntDown))
	if s.verify(f, next, phy) {
		if next-s.fCntDown >= maxFCntGap {
			return next, counterGap
		}
		return next, counterFresh
	}
	if next >= 1<<16 && s.verify(f, next-1<<16, phy) {
		return next - 1<<16, counterReused
	}
	return 0, counterUnknown
}
