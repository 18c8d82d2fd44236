package simulator

import (
	"time"

	"gatewayd/internal/secret"
	"gatewayd/internal/simulator/lorawan"
)

// maxFCntGap is how far a downlink's counter may be ahead: MAX_FCNT_GAP of
// section 4.3.1.5. 1.0.4 has dropped it.
const maxFCntGap = 16384

// session is what activation gives a node. Its node's mutex guards it.
type session struct {
	devAddr DevAddr
	netID   uint32
	keys    lorawan.Keys
	version lorawan.Version // that node and network agreed on

	fCntUp   uint32 // of the next uplink
	fCntDown uint32 // the lowest that the next downlink may have; NFCntDown under 1.1
	appDown  uint32 // the same for AFCntDown of 1.1

	ack       bool   // the last downlink was confirmed: the next uplink acknowledges it
	ackFCnt   uint16 // its counter
	confirmed uint16 // FCntUp of the last confirmed uplink
	ackDue    due    // since when
	urgent    bool   // the network waits for an uplink
	speakAt   time.Time

	adr bool // the last uplink had the ADR bit

	radio settings
	mac   macState

	adrCount int    // uplinks since the last downlink: ADR_ACK_CNT
	rjCount0 uint32 // of the next rejoin request of type 0 or 2
	rejoin   rejoinPlan
}

// v11 reports whether the session is one of 1.1.
func (s *session) v11() bool { return s.version == lorawan.V110 }

// counter is how a downlink's frame counter stands to the session's.
type counter uint8

const (
	counterUnknown counter = iota // no counter makes the MIC right
	counterFresh
	counterReused
	counterGap // further ahead than MAX_FCNT_GAP
)

// next is the counter that downlink f uses: the lowest it may have.
func (s *session) next(f lorawan.Data) *uint32 {
	if s.v11() && lorawan.CounterOf(f) == lorawan.ApplicationCounter {
		return &s.appDown
	}
	return &s.fCntDown
}

// place finds the 32-bit counter under which phy verifies.
func (s *session) place(f lorawan.Data, phy []byte) (uint32, counter) {
	gap := s.version != lorawan.V104
	return place(*s.next(f), f.FCnt, gap, func(fCnt uint32) bool { return s.verify(f, fCnt, phy) })
}

// place finds the 32-bit counter that low shortens and verify accepts: the
// lowest not used yet, which is next, or the highest used one.
func place(next uint32, low uint16, gap bool, verify func(fCnt uint32) bool) (uint32, counter) {
	fCnt := next + uint32(low-uint16(next))
	if verify(fCnt) {
		if gap && fCnt-next >= maxFCntGap {
			return fCnt, counterGap
		}
		return fCnt, counterFresh
	}
	if fCnt >= 1<<16 && verify(fCnt-1<<16) {
		return fCnt - 1<<16, counterReused
	}
	return 0, counterUnknown
}

// verify reports whether downlink phy carries the right MIC for frame counter
// fCnt.
func (s *session) verify(f lorawan.Data, fCnt uint32, phy []byte) bool {
	conf := uint16(0)
	if s.v11() && f.ACK() {
		conf = s.confirmed
	}
	msg, mic := phy[:len(phy)-lorawan.MICSize], phy[len(phy)-lorawan.MICSize:]
	return lorawan.MIC(s.keys.SNwkSInt, lorawan.Down, f.DevAddr, fCnt, conf, msg) == [lorawan.MICSize]byte(mic)
}

// seal encrypts uplink f, which is in clear, and appends the MIC. fCnt is the
// whole frame counter; f carries its low 16 bits.
func (s *session) seal(f lorawan.Data, fCnt uint32, tx lorawan.Transmission) []byte {
	f.DevAddr, f.FCnt = s.devAddr, uint16(fCnt)
	f.Payload = lorawan.Crypt(s.payloadKey(f.FPort), lorawan.Up, s.devAddr, fCnt, f.Payload)
	if s.v11() {
		f.FOpts = lorawan.CryptFOpts(s.keys.NwkSEnc, lorawan.Up, s.devAddr, lorawan.NetworkCounter, fCnt, f.FOpts)
	}
	msg := f.Bytes()
	mic := s.uplinkMIC(fCnt, tx, msg)
	return append(msg, mic[:]...)
}

func (s *session) uplinkMIC(fCnt uint32, tx lorawan.Transmission, msg []byte) [lorawan.MICSize]byte {
	if s.v11() {
		return lorawan.UplinkMIC(s.keys, s.devAddr, fCnt, tx, msg)
	}
	return lorawan.MIC(s.keys.FNwkSInt, lorawan.Up, s.devAddr, fCnt, 0, msg)
}

// open decrypts downlink f.
func (s *session) open(f lorawan.Data, fCnt uint32) lorawan.Data {
	f.Payload = lorawan.Crypt(s.payloadKey(f.FPort), lorawan.Down, s.devAddr, fCnt, f.Payload)
	if s.v11() {
		f.FOpts = lorawan.CryptFOpts(s.keys.NwkSEnc, lorawan.Down, s.devAddr, lorawan.CounterOf(f), fCnt, f.FOpts)
	}
	return f
}

// payloadKey is the key of FRMPayload: a network key for MAC commands on
// port 0.
func (s *session) payloadKey(fPort byte) secret.AES128 {
	if fPort == 0 {
		return s.keys.NwkSEnc
	}
	return s.keys.AppS
}
