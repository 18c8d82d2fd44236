package mac

import (
	"github.com/brocaar/lorawan"
)

// minor is our version of LoRaWAN, as ResetConf and RekeyConf count it: 1.1.
const minor = 1

// request answers what a node asks for or indicates, once an uplink. ok is
// false for commands that are answers of the node.
func (s *State) request(u *uplink, c command) (ok bool) {
	handle := s.requestHandler(c.cid)
	if handle == nil {
		return false
	}
	if bit := uint64(1) << c.cid; u.done&bit == 0 {
		u.done |= bit
		handle(u, c)
	}
	return true
}

func (s *State) requestHandler(cid lorawan.CID) func(*uplink, command) {
	switch cid {
	case lorawan.LinkCheckReq:
		return s.linkCheck
	case lorawan.DeviceTimeReq:
		return s.deviceTime
	case lorawan.ResetInd:
		return s.resetInd
	case lorawan.RekeyInd:
		return s.rekeyInd
	case lorawan.DeviceModeInd:
		return s.deviceMode
	case lorawan.PingSlotInfoReq, beaconTimingReq:
		return func(u *uplink, c command) { s.refuseClassB(u, c.cid) }
	default:
		return nil
	}
}

func (s *State) linkCheck(u *uplink, _ command) {
	u.out.answer(encode(lorawan.LinkCheckAns, &lorawan.LinkCheckAnsPayload{
		Margin: linkMargin(Margin(u.DataRate, u.SNR)),
		GwCnt:  uint8(min(max(u.Gateways, 1), 255)),
	}))
}

func (s *State) deviceTime(u *uplink, _ command) {
	if u.GPSTime != nil {
		u.out.answer(encode(lorawan.DeviceTimeAns, &lorawan.DeviceTimeAnsPayload{TimeSinceGPSEpoch: *u.GPSTime}))
	}
}

// resetInd: an ABP node of LoRaWAN 1.1 has been reset, and uses again what it
// was made with (section 5.1). It says so until it gets ResetConf.
func (s *State) resetInd(u *uplink, c command) {
	version := negotiated(c)
	if s.OTAA || version.Minor == 0 {
		return
	}
	fresh := NewState(u.want.Region, s.Version, u.want.Factory)
	fresh.HasStatus, fresh.Status = s.HasStatus, s.Status
	*s = fresh
	s.once(u, lateReset, Event{Kind: ResetIndicated, CID: c.cid})
	u.out.answer(encode(lorawan.ResetConf, &lorawan.ResetConfPayload{ServLoRaWANVersion: version}))
}

// rekeyInd: an OTAA node of LoRaWAN 1.1 has its session keys, and says so
// until it gets RekeyConf (section 5.9).
func (s *State) rekeyInd(u *uplink, c command) {
	version := negotiated(c)
	if !s.OTAA || version.Minor == 0 {
		return
	}
	s.once(u, lateRekey, Event{Kind: Rekeyed, CID: c.cid})
	u.out.answer(encode(lorawan.RekeyConf, &lorawan.RekeyConfPayload{ServLoRaWANVersion: version}))
}

// negotiated is the lower of the node's minor version and ours. A node with
// minor version 0, which would not know the command, gets no answer: none
// would be valid.
func negotiated(c command) lorawan.Version {
	return lorawan.Version{Minor: min(c.payload[0]&0x0f, minor)}
}

func (s *State) deviceMode(u *uplink, c command) {
	class := lorawan.DeviceModeClass(c.payload[0])
	if class != lorawan.DeviceModeClassA && class != lorawan.DeviceModeClassC {
		return // reserved: nothing to confirm
	}
	isC := class == lorawan.DeviceModeClassC
	if isC != s.ClassC {
		name := map[bool]string{false: "A", true: "C"}[isC]
		u.out.event(Event{Kind: ClassChanged, CID: c.cid, Detail: name})
	}
	s.ClassC = isC
	u.out.answer(encode(lorawan.DeviceModeConf, &lorawan.DeviceModeConfPayload{Class: class}))
}
