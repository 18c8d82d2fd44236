package bridge

import (
	"github.com/brocaar/lorawan"

	"gatewayd/bridge/crypt"
)

// maxFOpts is the room for MAC commands in a frame header, in bytes.
const maxFOpts = 15

// letter is a data downlink before it is sealed.
type letter struct {
	ack      bool
	adr      bool
	pending  bool   // FPending
	confFCnt uint16 // of the uplink that is acknowledged
	commands []byte // in FOpts, or alone with FPort 0
	item     *item
}

// size is that of the MACPayload.
func (l letter) size() int {
	switch {
	case l.item != nil:
		return macOverhead + len(l.commands) + len(l.item.Payload)
	case len(l.commands) > maxFOpts:
		return macOverhead + len(l.commands)
	default:
		return macOverhead - 1 + len(l.commands)
	}
}

// seal encrypts and signs l with the session's next downlink counter, which
// is spent. ok is false when the counter is used up.
func (s *session) seal(l letter) (raw []byte, fCnt uint32, ok bool) {
	fCnt, ok = s.takeFCntDown(l.item != nil)
	if !ok {
		return nil, 0, false
	}
	phy := lorawan.PHYPayload{
		MHDR:       lorawan.MHDR{MType: lorawan.UnconfirmedDataDown, Major: lorawan.LoRaWANR1},
		MACPayload: s.payload(l, fCnt),
	}
	if l.item != nil && l.item.Confirmed {
		phy.MHDR.MType = lorawan.ConfirmedDataDown
		s.noteConfirmed(fCnt)
	}
	raw, err := phy.MarshalBinary()
	if err != nil { // FOpts longer than 15 bytes, which compose does not make
		return nil, 0, false
	}
	conf := uint16(0)
	if s.v11 && l.ack {
		conf = l.confFCnt
	}
	msg := raw[:len(raw)-4]
	mic := crypt.DownlinkMIC(s.expand().sNwkSInt, s.devAddr, fCnt, conf, msg)
	return append(msg, mic[:]...), fCnt, true
}

// payload is the MACPayload of l, encrypted.
func (s *session) payload(l letter, fCnt uint32) *lorawan.MACPayload {
	k := s.expand()
	p := &lorawan.MACPayload{FHDR: lorawan.FHDR{
		DevAddr: s.devAddr, FCnt: fCnt,
		FCtrl: lorawan.FCtrl{ADR: l.adr, ACK: l.ack, FPending: l.pending},
	}}
	commands := append([]byte(nil), l.commands...)
	if l.item == nil && len(commands) > maxFOpts {
		port := uint8(0)
		crypt.Payload(k.nwkSEnc, crypt.Down, s.devAddr, fCnt, commands)
		p.FPort, p.FRMPayload = &port, data(commands)
		return p
	}
	if s.v11 {
		crypt.FOpts(k.nwkSEnc, crypt.Down, l.item != nil, s.devAddr, fCnt, commands)
	}
	p.FHDR.FOpts = data(commands)
	if l.item != nil {
		clear := append([]byte(nil), l.item.Payload...)
		if k.app != nil {
			crypt.Payload(k.app, crypt.Down, s.devAddr, fCnt, clear)
		}
		p.FPort, p.FRMPayload = &l.item.FPort, data(clear)
	}
	return p
}

func data(b []byte) []lorawan.Payload {
	if len(b) == 0 {
		return nil
	}
	return []lorawan.Payload{&lorawan.DataPayload{Bytes: b}}
}
