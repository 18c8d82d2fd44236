package lorawan

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// DevAddr is a device address, as printed: 0x26011BDA is "26011BDA".
type DevAddr uint32

// String prints 8 upper-case hexadecimal digits.
func (a DevAddr) String() string { return fmt.Sprintf("%08X", uint32(a)) }

// MType is the message type of the MHDR: section 4.2.1.
type MType byte

// The message types.
const (
	JoinRequest MType = iota
	JoinAccept
	UnconfirmedUp
	UnconfirmedDown
	ConfirmedUp
	ConfirmedDown
	RejoinRequest
	Proprietary
)

// MHDR is the header byte of a message of LoRaWAN R1.
func (t MType) MHDR() byte { return byte(t) << mTypeShift }

// Direction of a frame, as the A and B0 blocks carry it.
type Direction byte

// The directions.
const (
	Up   Direction = 0
	Down Direction = 1
)

// The bits of FCtrl: section 4.3.1.
const (
	FCtrlADR       = 0x80
	FCtrlADRACKReq = 0x40 // uplinks; RFU in downlinks
	FCtrlACK       = 0x20
	FCtrlFPending  = 0x10 // downlinks; class B in uplinks
	fCtrlFOptsLen  = 0x0F
)

// Sizes in bytes.
const (
	MICSize  = 4
	FHDRSize = 7 // DevAddr, FCtrl, FCnt
	MaxFOpts = 15
	MaxPHY   = 255 // what the length field of a LoRa header can say
)

const (
	majorMask   = 0x03
	mTypeShift  = 5
	rfuMHDRMask = 0x1C
)

// Data is a data message: section 4. Whether FOpts and Payload are encrypted
// is for the user of the value to know.
type Data struct {
	MType   MType
	DevAddr DevAddr
	FCtrl   byte // FOptsLen is derived from FOpts
	FCnt    uint16
	FOpts   []byte
	HasPort bool
	FPort   byte
	Payload []byte // FRMPayload
}

// Direction of the frame.
func (f Data) Direction() Direction {
	if f.MType == UnconfirmedDown || f.MType == ConfirmedDown {
		return Down
	}
	return Up
}

// ACK reports whether the frame acknowledges one of the other direction.
func (f Data) ACK() bool { return f.FCtrl&FCtrlACK != 0 }

// Bytes is the PHYPayload without its MIC. FOpts must fit FOptsLen.
func (f Data) Bytes() []byte {
	b := []byte{f.MType.MHDR()}
	b = binary.LittleEndian.AppendUint32(b, uint32(f.DevAddr))
	b = append(b, f.FCtrl&^fCtrlFOptsLen|byte(len(f.FOpts)))
	b = binary.LittleEndian.AppendUint16(b, f.FCnt)
	b = append(b, f.FOpts...)
	if f.HasPort {
		b = append(append(b, f.FPort), f.Payload...)
	}
	return b
}

// errNotData is a PHYPayload whose MHDR is not that of a data message.
var errNotData = errors.New("not a LoRaWAN R1 data message")

// ParseMHDR reads the message type; anything but LoRaWAN R1 is refused.
func ParseMHDR(phy []byte) (MType, error) {
	if len(phy) == 0 {
		return 0, errors.New("empty PHYPayload")
	}
	if phy[0]&(majorMask|rfuMHDRMask) != 0 {
		return 0, fmt.Errorf("MHDR %02X: want major version 0 and RFU bits 0", phy[0])
	}
	return MType(phy[0] >> mTypeShift), nil
}

// ParseData splits a data message of either direction from its MIC. Its
// slices are those of phy.
func ParseData(phy []byte) (Data, [MICSize]byte, error) {
	t, err := ParseMHDR(phy)
	if err != nil {
		return Data{}, [MICSize]byte{}, err
	}
	if t < UnconfirmedUp || t > ConfirmedDown {
		return Data{}, [MICSize]byte{}, errNotData
	}
	if len(phy) < 1+FHDRSize+MICSize {
		return Data{}, [MICSize]byte{}, fmt.Errorf("%d bytes are too short for a data message", len(phy))
	}
	body, mic := phy[1:len(phy)-MICSize], [MICSize]byte(phy[len(phy)-MICSize:])
	f := Data{
		MType:   t,
		DevAddr: DevAddr(binary.LittleEndian.Uint32(body)),
		FCtrl:   body[4],
		FCnt:    binary.LittleEndian.Uint16(body[5:]),
	}
	rest := body[FHDRSize:]
	n := int(f.FCtrl & fCtrlFOptsLen)
	if n > len(rest) {
		return f, mic, fmt.Errorf("FOptsLen %d, but only %d bytes follow", n, len(rest))
	}
	f.FOpts, rest = rest[:n:n], rest[n:]
	if len(rest) > 0 {
		f.HasPort, f.FPort, f.Payload = true, rest[0], rest[1:]
	}
	return f, mic, nil
}
