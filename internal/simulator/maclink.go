package simulator

import (
	"encoding/binary"

	"gatewayd/internal/simulator/lorawan"
	"gatewayd/internal/simulator/regional"
)

// adrBlock are the LinkADRReq at the beginning of commands that the node
// takes as one: since 1.0.2 all that follow each other.
func adrBlock(commands []lorawan.Command, v lorawan.Version) []lorawan.Command {
	n := 1
	for v >= lorawan.V102 && n < len(commands) && commands[n].CID == lorawan.LinkADR {
		n++
	}
	return commands[:n]
}

// linkADR is a LinkADRReq read.
type linkADR struct {
	dataRate, txPower, cntl, nbTrans uint8
	mask                             uint16
}

func readLinkADR(p []byte) linkADR {
	return linkADR{
		dataRate: p[0] >> 4, txPower: p[0] & 0x0F, mask: binary.LittleEndian.Uint16(p[1:]),
		cntl: p[3] >> 4 & 0x07, nbTrans: p[3] & 0x0F,
	}
}

// keep is the data rate or power that means: leave it, since 1.0.4.
const keep = 15

// linkADR carries out a block: section 5.3. Each command is answered, with one
// and the same status. A node whose last uplink had the ADR bit takes all or
// nothing.
func (n *Node) linkADR(s *session, block []lorawan.Command) {
	r := &s.radio
	channels, maskOK := n.masked(s, block)
	last := readLinkADR(block[len(block)-1].Payload)
	rate, power := n.asked(s, last)
	_, known := n.cfg.Region.Rate(rate)
	rateOK := known && rate >= n.cfg.Region.MinRate(r.dwellUp) && len(channels.Usable(rate)) > 0
	powerOK := power <= n.cfg.Region.MaxPower()
	if s.version == lorawan.V104 && !s.adr { // element by element
		rateOK, powerOK = rateOK && rate == r.dataRate, power == r.txPower
		if maskOK && len(channels.Usable(r.dataRate)) > 0 {
			r.channels = channels
		}
	}
	answer, ok := status(maskOK, rateOK, powerOK)
	if ok {
		r.channels, r.dataRate, r.txPower = channels, rate, power
		if s.adr {
			r.nbTrans = max(1, last.nbTrans) // 0 is the default
		}
	}
	for range block {
		s.reply(lorawan.LinkADR, answer)
	}
}

// asked are data rate and power as the node takes them. Without the ADR bit
// they are its own affair: before 1.0.4, and under 1.1, it keeps them and says
// yes.
func (n *Node) asked(s *session, req linkADR) (rate, power uint8) {
	if !s.adr && s.version != lorawan.V104 {
		return s.radio.dataRate, s.radio.txPower
	}
	rate, power = req.dataRate, req.txPower
	if s.version.CountsNonces() { // 1.0.4 and 1.1
		if rate == keep {
			rate = s.radio.dataRate
		}
		if power == keep {
			power = s.radio.txPower
		}
	}
	return rate, power
}

// masked are the channels after the masks of a block.
func (n *Node) masked(s *session, block []lorawan.Command) (regional.Channels, bool) {
	channels, err := s.radio.channels, error(nil)
	for _, c := range block {
		req := readLinkADR(c.Payload)
		if channels, err = n.cfg.Region.Mask(channels, req.cntl, req.mask); err != nil {
			return s.radio.channels, false
		}
	}
	if len(channels.Enabled()) == 0 {
		return s.radio.channels, false
	}
	return channels, true
}

// newChannel defines, changes or removes a channel: section 5.7.
func (n *Node) newChannel(r *settings, p []byte) ([]byte, bool) {
	region := n.cfg.Region
	if region.Fixed() {
		return nil, false
	}
	i, hz := int(p[0]), region.Frequency(p[1:])
	low, high := p[4]&0x0F, p[4]>>4
	_, lowOK := region.Rate(low)
	_, highOK := region.Rate(high)
	free := i >= region.Own() && i < r.channels.Len()
	answer, ok := status(free && (hz == 0 || region.AllowsUplink(hz)), low <= high && lowOK && highOK)
	if ok {
		r.channels = r.channels.Define(i, regional.Channel{Hz: hz, Low: low, High: high})
	}
	return []byte{answer}, true
}

// dlChannel moves the first receive window of a channel: section 5.9.
func (n *Node) dlChannel(r *settings, p []byte) ([]byte, bool) {
	if n.cfg.Region.Fixed() {
		return nil, false
	}
	i, hz := int(p[0]), n.cfg.Region.Frequency(p[1:])
	answer, ok := status(n.cfg.Region.AllowsDownlink(hz), r.channels.Defined(i))
	if ok {
		r.channels = r.channels.Move(i, hz)
	}
	return []byte{answer}, true
}
