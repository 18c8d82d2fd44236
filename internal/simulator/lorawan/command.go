package lorawan

import (
	"encoding/hex"
	"fmt"
)

// CID identifies a MAC command: chapter 5. Request and answer share one.
type CID byte

// The MAC commands. The names are those of the downlink, whichever side
// begins.
const (
	ResetConf        CID = 0x01
	LinkCheck        CID = 0x02
	LinkADR          CID = 0x03
	DutyCycle        CID = 0x04
	RXParamSetup     CID = 0x05
	DevStatus        CID = 0x06
	NewChannel       CID = 0x07
	RXTimingSetup    CID = 0x08
	TxParamSetup     CID = 0x09
	DlChannel        CID = 0x0A
	RekeyConf        CID = 0x0B
	ADRParamSetup    CID = 0x0C
	DeviceTime       CID = 0x0D
	ForceRejoin      CID = 0x0E
	RejoinParamSetup CID = 0x0F
	PingSlotInfo     CID = 0x10
	PingSlotChannel  CID = 0x11
	BeaconTiming     CID = 0x12
	BeaconFreq       CID = 0x13
	DeviceMode       CID = 0x20
)

// form is what the specification says of one CID.
type form struct {
	name     string
	up, down int // bytes after the CID; none: not sent in that direction
	first    Version
}

// none marks a direction in which a command is not sent.
const none = -1

// forms is the table of chapter 5, with the version that introduced each.
// Class B commands count from 1.0, as an option of all versions.
func forms(c CID) (form, bool) {
	switch c {
	case ResetConf:
		return form{"Reset", 1, 1, V110}, true
	case LinkCheck:
		return form{"LinkCheck", 0, 2, V100}, true
	case LinkADR:
		return form{"LinkADR", 1, 4, V100}, true
	case DutyCycle:
		return form{"DutyCycle", 0, 1, V100}, true
	case RXParamSetup:
		return form{"RXParamSetup", 1, 4, V100}, true
	case DevStatus:
		return form{"DevStatus", 2, 0, V100}, true
	case NewChannel:
		return form{"NewChannel", 1, 5, V100}, true
	case RXTimingSetup:
		return form{"RXTimingSetup", 0, 1, V100}, true
	case TxParamSetup:
		return form{"TxParamSetup", 0, 1, V102}, true
	case DlChannel:
		return form{"DlChannel", 1, 4, V102}, true
	case RekeyConf:
		return form{"Rekey", 1, 1, V110}, true
	case ADRParamSetup:
		return form{"ADRParamSetup", 0, 1, V110}, true
	case DeviceTime:
		return form{"DeviceTime", 0, 5, V103}, true
	case ForceRejoin:
		return form{"ForceRejoin", none, 2, V110}, true
	case RejoinParamSetup:
		return form{"RejoinParamSetup", 1, 1, V110}, true
	case PingSlotInfo:
		return form{"PingSlotInfo", 1, 0, V100}, true
	case PingSlotChannel:
		return form{"PingSlotChannel", 1, 4, V100}, true
	case BeaconTiming:
		return form{"BeaconTiming", 0, 3, V100}, true
	case BeaconFreq:
		return form{"BeaconFreq", 1, 3, V100}, true
	case DeviceMode:
		return form{"DeviceMode", 1, 1, V110}, true
	}
	return form{}, false
}

// size is the length of c's payload in that direction.
func (c CID) size(dir Direction) (int, bool) {
	f, ok := forms(c)
	n := f.up
	if dir == Down {
		n = f.down
	}
	return n, ok && n != none
}

// In reports whether version v has c.
func (c CID) In(v Version) bool {
	f, ok := forms(c)
	return ok && v >= f.first
}

// String is the command's name without Req, Ans, Ind or Conf.
func (c CID) String() string {
	if f, ok := forms(c); ok {
		return f.name
	}
	return fmt.Sprintf("CID %02X", byte(c))
}

// Command is one MAC command.
type Command struct {
	CID     CID
	Payload []byte // after the CID
}

// String is the name and the payload in hexadecimal.
func (c Command) String() string {
	if len(c.Payload) == 0 {
		return c.CID.String()
	}
	return c.CID.String() + " " + hex.EncodeToString(c.Payload)
}

// Bytes is the command as it stands in FOpts or FRMPayload.
func (c Command) Bytes() []byte { return append([]byte{byte(c.CID)}, c.Payload...) }

// EncodeCommands puts commands one after the other.
func EncodeCommands(commands []Command) []byte {
	var b []byte
	for _, c := range commands {
		b = append(b, c.Bytes()...)
	}
	return b
}

// ParseCommands reads the commands of a frame. It stops before the first one
// that is unknown or cut off, since the length of what follows cannot be
// known: rest is what was not read.
func ParseCommands(dir Direction, b []byte) (commands []Command, rest []byte) {
	for len(b) > 0 {
		c := CID(b[0])
		n, ok := c.size(dir)
		if !ok || len(b) < 1+n {
			return commands, b
		}
		commands = append(commands, Command{CID: c, Payload: b[1 : 1+n : 1+n]})
		b = b[1+n:]
	}
	return commands, nil
}
