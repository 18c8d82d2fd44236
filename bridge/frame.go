package bridge

import (
	"encoding/hex"

	"github.com/brocaar/lorawan"

	"gatewayd/radio"
)

// Frame is what anybody can read in a frame, without a key.
type Frame struct {
	Type string `json:"type,omitempty"` // of the MHDR, as the specification calls it; "" if it is no LoRaWAN frame
	Size int    `json:"size"`           // bytes of PHYPayload
	MIC  string `json:"mic,omitempty"`

	// Of data frames.
	DevAddr string       `json:"devAddr,omitempty"`
	FCnt    *uint32      `json:"fCnt,omitempty"` // the 16 bits on the air
	FPort   *uint8       `json:"fPort,omitempty"`
	FCtrl   *FrameFlags  `json:"fCtrl,omitempty"`
	FOpts   string       `json:"fOpts,omitempty"` // as on the air
	JoinEUI *radio.EUI64 `json:"joinEui,omitempty"`
	DevEUI  *radio.EUI64 `json:"devEui,omitempty"`
	Nonce   *uint16      `json:"devNonce,omitempty"` // of rejoin requests the RJcount
}

// FrameFlags are the bits of FCtrl.
type FrameFlags struct {
	ADR       bool `json:"adr"`
	ADRACKReq bool `json:"adrAckReq"`
	ACK       bool `json:"ack"`
	FPending  bool `json:"fPending"` // downlinks
	ClassB    bool `json:"classB"`   // uplinks
}

// readFrame reads a frame.
func readFrame(raw []byte, phy lorawan.PHYPayload) Frame {
	f := Frame{Type: phy.MHDR.MType.String(), Size: len(raw), MIC: lorawanHex(phy.MIC[:])}
	switch p := phy.MACPayload.(type) {
	case *lorawan.MACPayload:
		fCnt := p.FHDR.FCnt & 0xffff
		up := phy.MHDR.MType == lorawan.UnconfirmedDataUp || phy.MHDR.MType == lorawan.ConfirmedDataUp
		c := p.FHDR.FCtrl
		f.DevAddr, f.FCnt, f.FPort = upper(p.FHDR.DevAddr), &fCnt, p.FPort
		f.FCtrl = &FrameFlags{ADR: c.ADR, ADRACKReq: up && c.ADRACKReq, ACK: c.ACK, FPending: !up && c.FPending, ClassB: up && c.ClassB}
		f.FOpts = hex.EncodeToString(bytesOf(p.FHDR.FOpts))
	case *lorawan.JoinRequestPayload:
		f.ids(p.JoinEUI, p.DevEUI, uint16(p.DevNonce))
	case *lorawan.RejoinRequestType02Payload:
		eui := radio.EUI64(p.DevEUI)
		f.DevEUI, f.Nonce = &eui, &p.RJCount0
	case *lorawan.RejoinRequestType1Payload:
		f.ids(p.JoinEUI, p.DevEUI, p.RJCount1)
	}
	return f
}

func (f *Frame) ids(join, dev lorawan.EUI64, nonce uint16) {
	joinEUI, devEUI := radio.EUI64(join), radio.EUI64(dev)
	f.JoinEUI, f.DevEUI, f.Nonce = &joinEUI, &devEUI, &nonce
}
