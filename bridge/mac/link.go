package mac

import (
	"fmt"

	"github.com/brocaar/lorawan"

	"gatewayd/bridge/region"
)

// Bits of a LinkADRAns.
const (
	maskACK      = 1 << 0
	dataRateACK  = 1 << 1
	powerACK     = 1 << 2
	linkAccepted = maskACK | dataRateACK | powerACK
)

// collectLink puts together the answers to one block. Nodes of LoRaWAN 1.0.x
// answer each LinkADRReq of a block, and all alike; those before 1.0.2 may
// not. Nodes of 1.1 answer a block once, and would refuse further blocks, of
// which there are none (sections 5.2 and 5.3).
func (s *State) collectLink(u *uplink, status byte) {
	u.linkCount++
	if u.linkCount == 1 || s.Version < V1_1_0 {
		u.linkAns &= status
	}
}

// linkAnswered takes in the answer to the last block of LinkADRReq.
func (s *State) linkAnswered(u *uplink) {
	a := &s.asks[slotLinkADR]
	if !a.sent {
		return
	}
	asked := s.linkAsked
	switch {
	case u.linkAns == linkAccepted:
		s.setLink(asked)
	case u.linkAns&maskACK != 0 && !u.ADR:
		// A node that does its own ADR takes the channels and NbTrans and
		// leaves the rest (LoRaWAN 1.0.4 and 1.1 section 4.3.1.1).
		asked.DR, asked.TXPower = s.Link.DR, s.Link.TXPower
		s.setLink(asked)
	default:
		s.linkRefused(u, linkAccepted&^u.linkAns)
	}
}

// setLink makes l what the node uses. What was measured with other settings no
// longer counts.
func (s *State) setLink(l Link) {
	if l.DR != s.Link.DR || l.TXPower != s.Link.TXPower || l.NbTrans != s.Link.NbTrans {
		s.history = history{}
	}
	s.Link, s.linkDoubt = l, false
	a := &s.asks[slotLinkADR]
	a.open, a.sent, a.refused, a.wait = false, false, 0, 0
}

// linkRefused notes which fields the node will not take. ADR then asks for
// less; what else is asked for is given up after a few refusals.
func (s *State) linkRefused(u *uplink, bits byte) {
	asked := s.linkAsked
	if bits == linkAccepted && asked.Mask == s.Link.Mask {
		// Some nodes refuse all when they refuse anything; the mask, which they
		// use already, is not the reason.
		bits &^= maskACK
	}
	given := s.asks[slotLinkADR].refuse()
	if bits&maskACK == 0 && u.want.ADR.Mode == ADROn {
		s.limit(asked, bits)
	}
	if !given {
		return
	}
	if bits&maskACK != 0 {
		s.maskRefused = asked.Mask
	}
	u.out.event(Event{Kind: Refused, CID: lorawan.LinkADRReq, Detail: join([3]string{
		fmt.Sprintf("channel mask %s", maskString(asked.Mask)),
		fmt.Sprintf("data rate %d", asked.DR),
		fmt.Sprintf("TX power index %d", asked.TXPower),
	}, bits)})
}

// limit remembers the highest data rate and TX power index that the node may
// still take.
func (s *State) limit(asked Link, refused byte) {
	if refused&dataRateACK != 0 && asked.DR > s.Link.DR {
		s.maxDR = asked.DR - 1
	}
	if refused&powerACK != 0 && asked.TXPower > s.Link.TXPower {
		s.maxTXPower = asked.TXPower - 1
	}
}

// maskString prints a mask as its words, channel 0 in the lowest bit of the
// first.
func maskString(m region.Mask) string { return fmt.Sprintf("%04x", [len(m)]uint16(m)) }

// observe compares how an uplink came with what the node should use: what is
// heard is the truth. followed is false when the node does not do as it was
// told, be it that it has fallen back because it heard nothing for long
// (LoRaWAN 1.0.4 section 4.3.1.1).
func (s *State) observe(u *uplink) (followed bool) {
	followed = s.observeChannel(u)
	if s.heard && u.DR != s.Link.DR {
		s.history = history{}
		if u.ADR && u.DR < s.Link.DR {
			s.Link.TXPower = 0 // full power is what it falls back to first
		}
		followed = followed && !u.ADR
	}
	s.heard, s.adrBit, s.Link.DR = true, u.ADR, u.DR
	if u.ADR {
		s.history.add(u.FCnt, u.DataRate, u.SNR)
	} else {
		s.history = history{}
	}
	return followed
}

// obeys says that an uplink came as the node was last told. One that says yes
// and goes on as before does not follow, and must not look as if it did.
func (s *State) obeys(u *uplink) bool {
	return !s.linkDoubt && (!u.ADR || u.DR == s.linkAsked.DR)
}

// observeChannel: a node on a channel that it should not use has lost its
// channel mask, or never had it.
func (s *State) observeChannel(u *uplink) (followed bool) {
	if u.Channel < 0 || u.Channel >= 16*len(s.Link.Mask) || s.Link.Mask.Has(u.Channel) {
		return true
	}
	for i, word := range u.want.Region.DefaultMask() {
		s.Link.Mask[i] |= word
	}
	s.Link.Mask.Set(u.Channel, true)
	s.linkDoubt = true
	return false
}

// wantedLink is what the node should be told with the next LinkADRReq.
func (s *State) wantedLink(want *Desired) Link {
	l := s.Link
	if mask := s.wantedMask(want.Region); mask.Count() > 0 && mask != s.maskRefused {
		l.Mask = mask
	}
	if !s.adrBit {
		return l // the data rate is the node's affair
	}
	switch want.ADR.Mode {
	case ADRStatic:
		l.DR, l.TXPower, l.NbTrans = want.ADR.Static.DR, want.ADR.Static.TXPower, max(want.ADR.Static.NbTrans, 1)
	case ADROn:
		l = s.adapt(want, l)
	case ADROff:
	}
	return l
}

// wantedMask is the plan's channels, as far as the node has them.
func (s *State) wantedMask(r *region.Region) region.Mask {
	mask := r.Mask()
	if !r.DynamicChannels() {
		return mask
	}
	for i := range 16 * len(mask) {
		if i >= maxChannels || s.Channels[i].Frequency == 0 {
			mask.Set(i, false)
		}
	}
	return mask
}
