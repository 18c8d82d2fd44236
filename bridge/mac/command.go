package mac

import "github.com/brocaar/lorawan"

// beaconTimingReq was deprecated in LoRaWAN 1.0.3 and 1.1; lorawan has no name
// for it.
const beaconTimingReq lorawan.CID = 0x12

// command is one MAC command of an uplink.
type command struct {
	cid     lorawan.CID
	payload []byte
}

// since is the version that an uplink command came with, and its payload's
// size in bytes. ok is false for what no version has.
func since(cid lorawan.CID) (v Version, size int, ok bool) {
	switch cid {
	case lorawan.LinkCheckReq, lorawan.DutyCycleAns, lorawan.RXTimingSetupAns:
		return V1_0_0, 0, true
	case lorawan.LinkADRAns, lorawan.RXParamSetupAns, lorawan.NewChannelAns:
		return V1_0_0, 1, true
	case lorawan.DevStatusAns:
		return V1_0_0, 2, true
	// Answers to what only later versions are asked, and what older stacks
	// have been given ahead of their version: the size is the same for all.
	case lorawan.TXParamSetupAns, lorawan.DeviceTimeReq, beaconTimingReq:
		return V1_0_0, 0, true
	case lorawan.DLChannelAns, lorawan.PingSlotInfoReq, lorawan.PingSlotChannelAns, lorawan.BeaconFreqAns:
		return V1_0_0, 1, true
	case lorawan.ADRParamSetupAns:
		return V1_1_0, 0, true
	case lorawan.ResetInd, lorawan.RekeyInd, lorawan.RejoinParamSetupAns, lorawan.DeviceModeInd:
		return V1_1_0, 1, true
	case lorawan.ForceRejoinReq: // has no answer
		return 0, 0, false
	default:
		return 0, 0, false
	}
}

// next takes the first command off b. ok is false when b begins with a command
// that v does not know, or that is cut short: as its size is unknown, all that
// follows is unreadable.
func next(b []byte, v Version) (c command, rest []byte, ok bool) {
	c.cid = lorawan.CID(b[0])
	from, size, known := since(c.cid)
	if !known || v < from || len(b) < 1+size {
		return c, nil, false
	}
	c.payload = b[1 : 1+size]
	return c, b[1+size:], true
}

// sticky says whether a node of version v repeats its answer in every uplink
// until it receives a downlink in a class A window: answers to requests that
// change how it listens. Sources: LoRaWAN 1.0.1 (RX parameters), 1.0.2
// (DlChannel), 1.0.4 section 5 (TxParamSetup), and their class B chapters.
func sticky(cid lorawan.CID, v Version) bool {
	switch cid {
	case lorawan.RXParamSetupAns, lorawan.RXTimingSetupAns:
		return v >= V1_0_1
	case lorawan.DLChannelAns, lorawan.PingSlotChannelAns:
		return true
	case lorawan.TXParamSetupAns:
		return v == V1_0_4
	default:
		return false
	}
}

// encode is the bytes of one downlink command, and nil if a field does not
// fit: such a command is not sent.
func encode(cid lorawan.CID, payload lorawan.MACCommandPayload) []byte {
	b, err := lorawan.MACCommand{CID: cid, Payload: payload}.MarshalBinary()
	if err != nil {
		return nil
	}
	return b
}

// wire is a frequency as the Frequency fields of MAC commands count it, in
// 100 Hz; the 2.4 GHz band counts in 200 Hz (Semtech, "Physical layer proposal
// 2.4 GHz").
func wire(frequency uint32) uint32 {
	if frequency >= 2_400_000_000 {
		return frequency / 2
	}
	return frequency
}

// unwire undoes wire.
func unwire(frequency uint32) uint32 {
	if frequency >= 1_200_000_000 {
		return frequency * 2
	}
	return frequency
}
