package bridge

import (
	"github.com/brocaar/lorawan"

	"gatewayd/bridge/crypt"
	"gatewayd/bridge/mac"
)

// session is one security context of a node. A value: copied, never changed
// in place once committed.
type session struct {
	id      uint32 // random; part of every message id
	devAddr lorawan.DevAddr
	keys    crypt.Session
	v11     bool // LoRaWAN 1.1 security

	heard     bool        // an uplink has been accepted; fCntUp is its counter
	fCntUp    uint32      // of the last accepted uplink
	mic       lorawan.MIC // of the same: a retransmission is the same frame
	nFCntDown uint32      // next to use; for every downlink in LoRaWAN 1.0
	aFCntDown uint32      // next to use for application downlinks in LoRaWAN 1.1

	// confs are the counters of the last confirmed downlinks, confCount of
	// them: in LoRaWAN 1.1 the MIC of an uplink that acknowledges one covers
	// its counter.
	confs     [maxConfs]uint16
	confCount uint8

	rejoined bool   // rjCount0 has been used in this session
	rjCount0 uint16 // last used

	region string // whose parameters mac holds; "" in records of the first releases
	mac    mac.State

	// schedule holds the expanded keys, made when they are first needed.
	schedule *schedule
}

// schedule are the expanded keys of a session.
type schedule struct {
	fNwkSInt, sNwkSInt, nwkSEnc *crypt.Key
	app                         *crypt.Key // nil: payloads stay encrypted
}

// expand makes the schedule if it is not there.
func (s *session) expand() *schedule {
	if s.schedule != nil {
		return s.schedule
	}
	s.schedule = &schedule{fNwkSInt: crypt.NewKey(s.keys.FNwkSInt)}
	s.schedule.sNwkSInt, s.schedule.nwkSEnc = s.schedule.fNwkSInt, s.schedule.fNwkSInt
	if s.v11 {
		s.schedule.sNwkSInt, s.schedule.nwkSEnc = crypt.NewKey(s.keys.SNwkSInt), crypt.NewKey(s.keys.NwkSEnc)
	}
	if !s.keys.App.IsZero() {
		s.schedule.app = crypt.NewKey(s.keys.App)
	}
	return s.schedule
}

// maxConfs is how many attempts at a confirmed downlink are told apart.
const maxConfs = 8

// noteConfirmed remembers the counter of a confirmed downlink.
func (s *session) noteConfirmed(fCnt uint32) {
	if s.confCount == maxConfs {
		copy(s.confs[:], s.confs[1:])
		s.confCount--
	}
	s.confs[s.confCount] = uint16(fCnt)
	s.confCount++
}

// takeFCntDown spends the next downlink counter: that of application
// downlinks (FPort above 0) in LoRaWAN 1.1, else the only one. ok is false
// when it is used up.
func (s *session) takeFCntDown(application bool) (fCnt uint32, ok bool) {
	c := &s.nFCntDown
	if application && s.v11 {
		c = &s.aFCntDown
	}
	if *c == ^uint32(0) {
		return 0, false
	}
	*c++
	return *c - 1, true
}

// state is all that survives a restart of one node.
type state struct {
	// active is the session that the node is known to use, if any.
	active    session
	hasActive bool
	// joining was handed out in a join accept and becomes active with the
	// first uplink that uses it, because a join accept may not arrive.
	joining    session
	hasJoining bool

	joinNonce uint32 // last used
	devNonce  int32  // last used where it is a counter (LoRaWAN 1.0.4 and later), -1 if none
	rjCount1  int32  // last used, -1 if none
	// nonceEpoch is how often the used DevNonces have been forgotten.
	nonceEpoch uint16

	// recent are hashes of the ids of the last downlinks taken over: the hub
	// offers a message again whose PUBACK was lost.
	recent []uint64

	queue []item // downlinks that wait, in the order they are sent; never changed in place
}

func newState() state { return state{devNonce: -1, rjCount1: -1} }
