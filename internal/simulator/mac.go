package simulator

import (
	"fmt"

	"gatewayd/internal/simulator/lorawan"
)

// obey carries out the MAC commands of downlink f, which is in clear, and
// returns those the node understood. It stops at the first it does not know,
// as a node must: the length of that one is unknown.
func (n *Node) obey(em heard, s *session, f lorawan.Data) []lorawan.Command {
	b := f.FOpts
	if f.HasPort && f.FPort == 0 {
		b = f.Payload
	}
	commands, rest := lorawan.ParseCommands(lorawan.Down, b)
	if len(rest) > 0 {
		n.violate(em, fault{RuleCommand, fmt.Sprintf("CID %02X is unknown or cut off: %X", rest[0], rest)})
	}
	for i := 0; i < len(commands); {
		c := commands[i]
		if !c.CID.In(s.version) {
			n.violate(em, fault{RuleCommand, fmt.Sprintf("%s is not a command of %s", c, s.version)})
			return commands[:i]
		}
		if c.CID == lorawan.LinkADR {
			block := adrBlock(commands[i:], s.version)
			n.linkADR(s, block)
			i += len(block)
			continue
		}
		n.obeyOne(em, s, c)
		i++
	}
	return commands
}

// obeyOne carries out one command.
func (n *Node) obeyOne(em heard, s *session, c lorawan.Command) {
	switch c.CID {
	case lorawan.ResetConf, lorawan.RekeyConf, lorawan.DeviceMode, lorawan.LinkCheck, lorawan.DeviceTime,
		lorawan.PingSlotInfo, lorawan.BeaconTiming:
		if detail, bad := n.conclude(s, c); bad {
			n.violate(em, fault{RuleCommand, detail})
		}
		return
	case lorawan.ForceRejoin:
		s.rejoin.force(c.Payload)
		return
	default:
	}
	payload, ok := n.perform(s, c)
	if !ok {
		n.violate(em, fault{RuleCommand, fmt.Sprintf("%s: %s has no such command", c, n.cfg.Region)})
		return
	}
	s.reply(c.CID, payload...)
}

// reply puts an answer in line.
func (s *session) reply(c lorawan.CID, payload ...byte) {
	s.mac.answers = append(s.mac.answers, answer{
		Command: lorawan.Command{CID: c, Payload: payload}, sticky: sticky(c, s.version),
	})
}

// conclude takes the network's answer to a command of the node. It says what
// is wrong with it.
func (n *Node) conclude(s *session, c lorawan.Command) (string, bool) {
	if !s.mac.awaiting[c.CID] {
		return fmt.Sprintf("%s: the node has not asked", c), true
	}
	delete(s.mac.awaiting, c.CID)
	switch c.CID {
	case lorawan.ResetConf, lorawan.RekeyConf:
		if c.Payload[0] != minor {
			return fmt.Sprintf("%s: the node speaks 1.1", c), true
		}
		s.mac.resetPending, s.mac.rekeyPending = false, false
	case lorawan.DeviceMode:
		if Class(c.Payload[0]) != n.cfg.Class {
			return fmt.Sprintf("%s: the node has said class %d", c, n.cfg.Class), true
		}
		s.mac.modePending = false
	default:
	}
	return "", false
}

// perform carries out a request of the network and returns the payload of the
// answer. ok is false if the node gives none: the region has no such command.
func (n *Node) perform(s *session, c lorawan.Command) (payload []byte, ok bool) {
	r, p := &s.radio, c.Payload
	switch c.CID {
	case lorawan.DutyCycle:
		r.maxDuty = p[0] & 0x0F
	case lorawan.RXParamSetup:
		return n.rxParamSetup(r, p), true
	case lorawan.DevStatus:
		return []byte{n.cfg.Battery, byte(n.cfg.Margin) & 0x3F}, true
	case lorawan.NewChannel:
		return n.newChannel(r, p)
	case lorawan.RXTimingSetup:
		r.rxDelay = lorawan.RXDelay(p[0])
	case lorawan.TxParamSetup:
		return nil, n.txParamSetup(r, p[0])
	case lorawan.DlChannel:
		return n.dlChannel(r, p)
	case lorawan.ADRParamSetup:
		r.adrLimit, r.adrDelay = 1<<(p[0]>>4), 1<<(p[0]&0x0F)
	case lorawan.RejoinParamSetup:
		s.rejoin.setup(p[0], n.now())
		return []byte{0x01}, true // TimeOK
	case lorawan.PingSlotChannel, lorawan.BeaconFreq:
		return []byte{0}, true // refused: the node has no class B
	default:
		return nil, false
	}
	return nil, true
}

// status sets bit i of an answer for each condition that holds, from bit 0
// on.
func status(bits ...bool) (out byte, all bool) {
	all = true
	for i, ok := range bits {
		if ok {
			out |= 1 << i
		}
		all = all && ok
	}
	return out, all
}

// rxParamSetup moves the receive windows: section 5.5.
func (n *Node) rxParamSetup(r *settings, p []byte) []byte {
	offset, rx2, hz := p[0]>>4&0x07, p[0]&0x0F, n.cfg.Region.Frequency(p[1:])
	answer, ok := status(
		n.cfg.Region.AllowsDownlink(hz),
		n.cfg.Region.CheckRX2Rate(rx2) == nil,
		n.cfg.Region.CheckOffset(offset) == nil,
	)
	if ok {
		r.rx1Offset, r.rx2, r.rx2Hz = offset, rx2, hz
	}
	return []byte{answer}
}

// txParamSetup sets dwell times and the highest power: section 5.8.
func (n *Node) txParamSetup(r *settings, p byte) bool {
	if !n.cfg.Region.HasTxParamSetup() {
		return false
	}
	eirp := [16]int8{8, 10, 12, 13, 14, 16, 18, 20, 21, 24, 26, 27, 29, 30, 33, 36} // dBm
	r.dwellDown, r.dwellUp, r.maxEIRP = p&0x20 != 0, p&0x10 != 0, eirp[p&0x0F]
	if low := n.cfg.Region.MinRate(r.dwellUp); r.dataRate < low {
		r.dataRate = low
	}
	return true
}
