package mac

import (
	"time"

	"github.com/brocaar/lorawan"

	"gatewayd/bridge/region"
)

// Requests are the MAC commands that bring the node nearer to what is desired,
// as many as fit in room bytes: what FOpts has left (15 at most), or the
// FRMPayload of a downlink on port 0. They count as sent; the next uplink is
// expected to answer them. more says that some did not fit.
//
// Call it on a copy to see whether a downlink with more room is worth it.
func (s *State) Requests(want *Desired, now time.Time, room int) (cmds []byte, more bool) {
	for _, w := range s.wishes(want, now) {
		if !s.due(w) {
			continue
		}
		if len(cmds)+len(w.encoded) > room {
			more = true
			continue
		}
		cmds = append(cmds, w.encoded...)
		s.ask(w)
	}
	return cmds, more
}

// wishes are all requests that are called for, the most important first.
func (s *State) wishes(want *Desired, now time.Time) []wish {
	l := wishList{version: s.Version}
	if want.Region.DynamicChannels() {
		s.wishChannels(&l, want)
	}
	s.wishLink(&l, want)
	s.wishWindows(&l, want)
	s.wishLimits(&l, want)
	s.wishRejoin(&l, want)
	if s.StatusWanted || s.statusDue(want.StatusInterval, now) {
		l.add(slotDevStatus, V1_0_0, nil)
	}
	return l.wishes
}

// wishList collects wishes that a version knows.
type wishList struct {
	version Version
	wishes  []wish
}

// add appends the command of slot, which exists since a version.
func (l *wishList) add(k slot, since Version, payload lorawan.MACCommandPayload) {
	if l.version < since {
		return
	}
	if b := encode(k.cid(), payload); b != nil {
		l.wishes = append(l.wishes, wish{slot: k, encoded: b})
	}
}

// wishChannels: the default channels cannot be changed (RP002), and what the
// plan does not have is left to the channel mask.
func (s *State) wishChannels(l *wishList, want *Desired) {
	fixed := want.Region.DefaultMask()
	for i, c := range want.Region.UplinkChannels() {
		if i >= maxChannels || fixed.Has(i) || c == s.Channels[i] {
			continue
		}
		l.add(slotNewChannel+slot(i), V1_0_0, &lorawan.NewChannelReqPayload{
			ChIndex: uint8(i), Freq: c.Frequency, MinDR: c.MinDR, MaxDR: c.MaxDR,
		})
	}
	for i, f := range want.Downlinks {
		current := s.Channels[i].Frequency
		if current == 0 || s.mapped(i, f) == s.Downlinks[i] {
			continue
		}
		if f == 0 {
			f = current
		}
		l.add(slotDLChannel+slot(i), V1_0_2, &lorawan.DLChannelReqPayload{ChIndex: uint8(i), Freq: wire(f)})
	}
}

// wishLink waits for new channels to be answered: they change the mask
// themselves.
func (s *State) wishLink(l *wishList, want *Desired) {
	link := s.wantedLink(want)
	if !s.heard || link == s.Link && !s.linkDoubt || s.channelsOpen(l) {
		return
	}
	var block []byte
	for _, p := range want.Region.LinkADR(s.Link.Mask, link.Mask, link.DR, link.TXPower, link.NbTrans) {
		b := encode(lorawan.LinkADRReq, &p)
		if b == nil {
			return
		}
		block = append(block, b...)
	}
	l.wishes = append(l.wishes, wish{slot: slotLinkADR, encoded: block, link: link})
}

// channelsOpen says that a NewChannelReq waits for its answer, or is about to
// be sent.
func (s *State) channelsOpen(l *wishList) bool {
	for k := slotNewChannel; k < slotDLChannel; k++ {
		if s.asks[k].open {
			return true
		}
	}
	for _, w := range l.wishes {
		if w.slot >= slotNewChannel && w.slot < slotDLChannel && s.due(w) {
			return true
		}
	}
	return false
}

func (s *State) wishWindows(l *wishList, want *Desired) {
	if delay := max(want.RXDelay, 1); delay != s.RXDelay {
		l.add(slotRXTiming, V1_0_0, &lorawan.RXTimingSetupReqPayload{Delay: delay})
	}
	if want.RX1DROffset != s.RX1DROffset || want.RX2DataRate != s.RX2DataRate || want.RX2Frequency != s.RX2Frequency {
		l.add(slotRXParam, V1_0_0, &lorawan.RXParamSetupReqPayload{
			Frequency:  wire(want.RX2Frequency),
			DLSettings: lorawan.DLSettings{RX1DROffset: want.RX1DROffset, RX2DataRate: want.RX2DataRate},
		})
	}
}

func (s *State) wishLimits(l *wishList, want *Desired) {
	eirp := lorawan.GetTXParamSetupEIRPIndex(float32(want.MaxEIRP))
	differs := !s.eirpKnown || s.eirp != eirp || want.UplinkDwell != s.UplinkDwell || want.DownlinkDwell != s.DownlinkDwell
	if want.Region.TxParamSetup() && differs {
		l.add(slotTXParam, txParamSince(want.Region), &lorawan.TXParamSetupReqPayload{
			UplinkDwellTime: dwell(want.UplinkDwell), DownlinkDwelltime: dwell(want.DownlinkDwell), MaxEIRP: eirp,
		})
	}
	if want.DutyCycle != s.DutyCycle {
		l.add(slotDutyCycle, V1_0_0, &lorawan.DutyCycleReqPayload{MaxDCycle: want.DutyCycle})
	}
	if want.ADRAck != nil && *want.ADRAck != s.ADRAck {
		l.add(slotADRParam, V1_1_0, &lorawan.ADRParamSetupReqPayload{
			ADRParam: lorawan.ADRParam{LimitExp: want.ADRAck.LimitExp, DelayExp: want.ADRAck.DelayExp},
		})
	}
}

// txParamSince: AU915 got the command later than AS923 did.
func txParamSince(r *region.Region) Version {
	if r.Name() == "AU915" {
		return V1_0_3
	}
	return V1_0_2
}

func dwell(limited bool) lorawan.DwellTime {
	if limited {
		return lorawan.DwellTime400ms
	}
	return lorawan.DwellTimeNoLimit
}

// wishRejoin: nodes that were activated by personalisation do not rejoin.
func (s *State) wishRejoin(l *wishList, want *Desired) {
	if !s.OTAA {
		return
	}
	if want.Rejoin != nil && (!s.rejoinKnown || *want.Rejoin != s.Rejoin) {
		l.add(slotRejoinParam, V1_1_0, &lorawan.RejoinParamSetupReqPayload{
			MaxTimeN: want.Rejoin.TimeN, MaxCountN: want.Rejoin.CountN,
		})
	}
	if f := want.ForceRejoin; f != nil {
		l.add(slotForceRejoin, V1_1_0, &lorawan.ForceRejoinReqPayload{
			Period: f.Period, MaxRetries: f.MaxRetries, RejoinType: f.Type, DR: f.DR,
		})
	}
}

// statusDue: a status from the future was noted by a clock that was wrong.
func (s *State) statusDue(interval time.Duration, now time.Time) bool {
	if interval <= 0 {
		return false
	}
	age := now.Sub(time.Unix(s.Status.At, 0))
	return !s.HasStatus || age >= interval || age < 0
}
