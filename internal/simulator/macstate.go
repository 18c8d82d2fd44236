package simulator

import (
	"slices"

	"gatewayd/internal/simulator/lorawan"
)

// macState is what a session owes the network in MAC commands, and what it
// waits for.
type macState struct {
	// Repeated in every uplink until the network confirms.
	resetPending bool // ResetInd
	rekeyPending bool // RekeyInd
	modePending  bool // DeviceModeInd
	greetings    int  // uplinks with RekeyInd

	answers  []answer
	awaiting map[lorawan.CID]bool
}

// answer is one that waits for an uplink.
type answer struct {
	lorawan.Command
	sticky bool // repeated until a class A downlink arrives
	sent   bool
}

// minor is the version that ResetInd and RekeyInd carry: 1.1.
const minor = 1

// greeting is the state of a new session: under 1.1 the node tells its
// version until the network confirms it, and its class.
func (n *Node) greeting(s *session) macState {
	m := macState{awaiting: make(map[lorawan.CID]bool)}
	if s.v11() {
		m.rekeyPending, m.resetPending = n.cfg.otaa(), !n.cfg.otaa()
		m.modePending = n.cfg.Class == ClassC
	}
	return m
}

// greetedInVain counts an uplink with RekeyInd, and reports whether there
// were so many that the node must join again: section 5.10.
func (n *Node) greetedInVain(s *session) bool {
	if !s.mac.rekeyPending {
		return false
	}
	s.mac.greetings++
	return s.mac.greetings > s.radio.adrLimit
}

// waiting lists the MAC commands for the next uplink, in order. n.mu is held.
func (n *Node) waiting(s *session) []lorawan.Command {
	var out []lorawan.Command
	add := func(pending bool, c lorawan.CID, payload byte) {
		if pending {
			out = append(out, lorawan.Command{CID: c, Payload: []byte{payload}})
		}
	}
	add(s.mac.resetPending, lorawan.ResetConf, minor)
	add(s.mac.rekeyPending, lorawan.RekeyConf, minor)
	add(s.mac.modePending, lorawan.DeviceMode, byte(n.cfg.Class))
	for _, a := range s.mac.answers {
		out = append(out, a.Command)
	}
	return append(out, n.requests...)
}

// commands takes as many of the waiting MAC commands as fit into room bytes,
// never part of one. What does not fit waits on.
func (n *Node) commands(s *session, room int) []lorawan.Command {
	all, size := n.waiting(s), 0
	fit := 0
	for _, c := range all {
		if size += len(c.Bytes()); size > room {
			break
		}
		fit++
	}
	own := len(all) - len(s.mac.answers) - len(n.requests)
	answers := min(max(0, fit-own), len(s.mac.answers))
	for i := range s.mac.answers[:answers] {
		s.mac.answers[i].sent = true
	}
	s.mac.answers = slices.DeleteFunc(s.mac.answers, func(a answer) bool { return a.sent && !a.sticky })
	if requests := fit - own - answers; requests > 0 {
		n.requests = n.requests[requests:]
	}
	return all[:fit]
}

// asked notes the commands of an uplink that the network has to answer.
func (m *macState) asked(commands []lorawan.Command) {
	for _, c := range commands {
		switch c.CID {
		case lorawan.LinkCheck, lorawan.DeviceTime, lorawan.PingSlotInfo, lorawan.BeaconTiming,
			lorawan.ResetConf, lorawan.RekeyConf, lorawan.DeviceMode:
			m.awaiting[c.CID] = true
		default: // an answer
		}
	}
}

// delivered notes a class A downlink: the network has seen the sticky answers.
func (m *macState) delivered() {
	m.answers = slices.DeleteFunc(m.answers, func(a answer) bool { return a.sent })
}

// sticky reports whether answers to c are repeated until a downlink arrives,
// lest node and network disagree about the windows.
func sticky(c lorawan.CID, v lorawan.Version) bool {
	switch c {
	case lorawan.RXParamSetup, lorawan.RXTimingSetup:
		return v >= lorawan.V101
	case lorawan.DlChannel:
		return v >= lorawan.V102
	case lorawan.TxParamSetup:
		return v == lorawan.V104
	default:
		return false
	}
}
