package simulator

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// DevAddr is a device address, as printed: 0x26011BDA is "26011BDA".
type DevAddr uint32

// String prints 8 upper-case hexadecimal digits.
func (a DevAddr) String() string { return fmt.Sprintf("%08X", uint32(a)) }

// mType is the message type of the MHDR: section 4.2.1.
type mType byte

const (
	joinRequest mType = iota
	joinAccept
	unconfirmedUp
	unconfirmedDown
	confirmedUp
	confirmedDown
	rejoinRequest
	proprietary
)

// direction of a frame, as the A and B0 blocks carry it.
type direction byte

const (
	up   direction = 0
	down direction = 1
)

// The bits of FCtrl: section 4.3.1.
const (
	fCtrlADR      = 0x80
	fCtrlACK      = 0x20
	fCtrlFPending = 0x10 // downlinks only
	fCtrlFOptsLen = 0x0F
)

const (
	micSize     = 4
	fhdrSize    = 7 // DevAddr, FCtrl, FCnt
	maxFOpts    = 15
	maxPHY      = 255 // what the length field of a LoRa header can say
	majorR1     = 0   // LoRaWAN R1
	majorMask   = 0x03
	mTypeShift  = 5
	rfuMHDRMask = 0x1C
)

// dataFrame is a data message, FRMPayload still encrypted: section 4.
type dataFrame struct {
	mType   mType
	devAddr DevAddr
	fCtrl   byte // FOptsLen is derived from fOpts
	fCnt    uint16
	fOpts   []byte
	hasPort bool
	fPort   byte
	payload []byte // FRMPayload as on the air
}

// direction of the frame.
func (f dataFrame) direction() direction {
	if f.mType == unconfirmedDown || f.mType == confirmedDown {
		return down
	}
	return up
}

// bytes is the PHYPayload without its MIC. fOpts must fit FOptsLen.
func (f dataFrame) bytes() []byte {
	b := []byte{byte(f.mType)<<mTypeShift | majorR1}
	b = binary.LittleEndian.AppendUint32(b, uint32(f.devAddr))
	b = append(b, f.fCtrl&^fCtrlFOptsLen|byte(len(f.fOpts)))
	b = binary.LittleEndian.AppendUint16(b, f.fCnt)
	b = append(b, f.fOpts...)
	if f.hasPort {
		b = append(append(b, f.fPort), f.payload...)
	}
	return b
}

// errNotData is a PHYPayload whose MHDR is not that of a data message.
var errNotData = errors.New("not a LoRaWAN R1 data message")

// parseMHDR reads the message type; anything but LoRaWAN R1 is refused.
func parseMHDR(phy []byte) (mType, error) {
	if len(phy) == 0 {
		return 0, errors.New("empty PHYPayload")
	}
	if phy[0]&majorMask != majorR1 || phy[0]&rfuMHDRMask != 0 {
		return 0, fmt.Errorf("MHDR %02X: want major version 0 and RFU bits 0", phy[0])
	}
	return mType(phy[0] >> mTypeShift), nil
}

// parseData splits a data message of either direction from its MIC.
func parseData(phy []byte) (dataFrame, [micSize]byte, error) {
	var f dataFrame
	t, err := parseMHDR(phy)
	if err != nil {
		return f, [micSize]byte{}, err
	}
	if t < unconfirmedUp || t > confirmedDown {
		return f, [micSize]byte{}, errNotData
	}
	if len(phy) < 1+fhdrSize+micSize {
		return f, [micSize]byte{}, fmt.Errorf("%d bytes are too short for a data message", len(phy))
	}
	body, mic := phy[1:len(phy)-micSize], [micSize]byte(phy[len(phy)-micSize:])
	f = dataFrame{
		mType:   t,
		devAddr: DevAddr(binary.LittleEndian.Uint32(body)),
		fCtrl:   body[4],
		fCnt:    binary.LittleEndian.Uint16(body[5:]),
	}
	rest := body[fhdrSize:]
	n := int(f.fCtrl & fCtrlFOptsLen)
	if n > len(rest) {
		return f, mic, fmt.Errorf("FOptsLen %d, but only %d bytes follow", n, len(rest))
	}
	f.fOpts, rest = rest[:n], rest[n:]
	if len(rest) > 0 {
		f.hasPort, f.fPort, f.payload = true, rest[0], rest[1:]
	}
	return f, mic, nil
}
