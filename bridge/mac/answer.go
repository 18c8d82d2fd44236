package mac

import (
	"fmt"
	"strings"

	"github.com/brocaar/lorawan"

	"gatewayd/bridge/region"
)

// answer takes in the answer to a request of ours. One that nothing was asked
// for is a repetition, or older than the session's last reset, and says
// nothing.
func (s *State) answer(u *uplink, c command) {
	switch c.cid {
	case lorawan.LinkADRAns:
		s.collectLink(u, c.payload[0])
	case lorawan.DevStatusAns:
		s.status(u, c)
	case lorawan.DutyCycleAns:
		s.settle(u, slotDutyCycle, 0, 0)
	case lorawan.RXParamSetupAns:
		s.lately |= lateRXParam
		s.settle(u, slotRXParam, c.payload[0], 7)
	case lorawan.RXTimingSetupAns:
		s.lately |= lateRXTiming
		s.settle(u, slotRXTiming, 0, 0)
	case lorawan.TXParamSetupAns:
		s.lately |= lateTXParam
		s.settle(u, slotTXParam, 0, 0)
	case lorawan.ADRParamSetupAns:
		s.settle(u, slotADRParam, 0, 0)
	case lorawan.RejoinParamSetupAns:
		s.rejoinAnswered(u, c.payload[0])
	case lorawan.NewChannelAns:
		s.settleNext(u, slotNewChannel, c.payload[0])
	case lorawan.DLChannelAns:
		s.lately |= lateDLChannel
		s.settleNext(u, slotDLChannel, c.payload[0])
	default: // class B's, which nothing was asked for
	}
}

// settle applies what slot was asked for if all bits are set in status, and
// notes the refusal otherwise: a node does all of a command or nothing.
func (s *State) settle(u *uplink, k slot, status, bits byte) {
	a := &s.asks[k]
	if !a.sent {
		return
	}
	if refused := bits &^ status; refused != 0 {
		if a.refuse() {
			u.out.event(Event{Kind: Refused, CID: k.cid(), Detail: details(k, a.payload, refused)})
		}
		return
	}
	payload := a.payload
	*a = ask{}
	s.apply(k, payload)
}

// settleNext is settle for the next slot of a family, answers being in the
// order of the requests. What only repeats the uplink before is not for a
// request that is older still.
func (s *State) settleNext(u *uplink, first slot, status byte) {
	open, sent := s.pending(first)
	if len(open) == 0 && !u.before.has(stickyBit(first)) {
		open = sent
	}
	if len(open) > 0 {
		s.settle(u, open[0], status, 3)
	}
}

// apply makes what a node has accepted what it uses.
func (s *State) apply(k slot, b [maxPayload]byte) {
	switch {
	case k >= slotDLChannel:
		s.Downlinks[k-slotDLChannel] = s.mapped(int(k-slotDLChannel), frequencyAt(b[1:]))
		return
	case k >= slotNewChannel:
		s.setChannel(int(k-slotNewChannel), region.Channel{Frequency: frequencyAt(b[1:]), MinDR: b[4] & 0x0f, MaxDR: b[4] >> 4})
		return
	}
	switch k {
	case slotDutyCycle:
		s.DutyCycle = b[0]
	case slotRXParam:
		s.RX1DROffset, s.RX2DataRate, s.RX2Frequency = b[0]>>4&7, b[0]&0x0f, frequencyAt(b[1:])
	case slotRXTiming:
		s.RXDelay = max(b[0]&0x0f, 1)
	case slotTXParam:
		s.DownlinkDwell, s.UplinkDwell = b[0]&0x20 != 0, b[0]&0x10 != 0
		s.eirp, s.eirpKnown = b[0]&0x0f, true
	case slotADRParam:
		s.ADRAck = ADRAck{LimitExp: b[0] >> 4, DelayExp: b[0] & 0x0f}
	case slotRejoinParam:
		s.Rejoin, s.rejoinKnown = Rejoin{TimeN: b[0] >> 4, CountN: b[0] & 0x0f}, true
	default: // nothing to keep
	}
}

// mapped is 0 where a channel is answered on its own frequency.
func (s *State) mapped(i int, downlink uint32) uint32 {
	if downlink == s.Channels[i].Frequency {
		return 0
	}
	return downlink
}

// frequencyAt reads a Frequency field, in Hz.
func frequencyAt(b []byte) uint32 {
	return unwire((uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16) * 100)
}

func (s *State) status(u *uplink, c command) {
	var p lorawan.DevStatusAnsPayload
	if err := p.UnmarshalBinary([]byte{c.payload[0], c.payload[1] & 0x3f}); err != nil {
		return
	}
	s.asks[slotDevStatus] = ask{}
	s.StatusWanted = false
	s.HasStatus, s.Status = true, Status{Battery: p.Battery, Margin: p.Margin, At: u.Now.Unix()}
	u.out.event(Event{Kind: StatusReported, CID: c.cid, Battery: p.Battery, Margin: p.Margin})
}

// rejoinAnswered: a node without a clock takes the count and leaves out the
// time, which is no refusal (LoRaWAN 1.1 section 5.13).
func (s *State) rejoinAnswered(u *uplink, status byte) {
	a := s.asks[slotRejoinParam]
	if a.sent && status&1 == 0 {
		u.out.event(Event{Kind: Refused, CID: lorawan.RejoinParamSetupReq, Detail: "time limit: the node has no clock; its count limit is in force"})
	}
	s.settle(u, slotRejoinParam, 0, 0)
}

// details names the fields of a request whose bits were refused.
func details(k slot, b [maxPayload]byte, refused byte) string {
	var fields [3]string
	switch {
	case k >= slotDLChannel:
		fields[0] = fmt.Sprintf("downlink frequency %d Hz of channel %d", frequencyAt(b[1:]), b[0])
		fields[1] = fmt.Sprintf("channel %d, which it does not have", b[0])
	case k >= slotNewChannel:
		fields[0] = fmt.Sprintf("frequency %d Hz of channel %d", frequencyAt(b[1:]), b[0])
		fields[1] = fmt.Sprintf("data rates %d to %d of channel %d", b[4]&0x0f, b[4]>>4, b[0])
	case k == slotRXParam:
		fields = [3]string{
			fmt.Sprintf("RX2 frequency %d Hz", frequencyAt(b[1:])),
			fmt.Sprintf("RX2 data rate %d", b[0]&0x0f),
			fmt.Sprintf("RX1 data rate offset %d", b[0]>>4&7),
		}
	}
	return join(fields, refused)
}

func join(fields [3]string, bits byte) string {
	var named []string
	for i, field := range fields {
		if bits&(1<<i) != 0 && field != "" {
			named = append(named, field)
		}
	}
	return strings.Join(named, ", ")
}
