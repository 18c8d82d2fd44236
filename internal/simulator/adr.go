package simulator

import "gatewayd/internal/simulator/lorawan"

// fallBack counts an uplink under ADR and, if the network has been silent for
// too long, makes the node easier to hear, one step each ADR_ACK_DELAY: power
// first, then data rate, then the region's channels. It returns the ADRACKReq bit if
// the frame is to ask for a downlink: section 4.3.1.1.
func (n *Node) fallBack(s *session) byte {
	limit, delay := s.radio.adrLimit, s.radio.adrDelay
	silent := s.adrCount
	s.adrCount++
	if silent < limit {
		return 0
	}
	if silent > limit && (silent-limit)%delay == 0 {
		n.stepDown(s)
	}
	if s.version < lorawan.V104 && n.lowest(s) {
		return 0 // nothing would be left to try
	}
	return lorawan.FCtrlADRACKReq
}

// stepDown takes the next step towards the most robust settings.
func (n *Node) stepDown(s *session) {
	r := &s.radio
	if r.txPower > 0 {
		r.txPower = 0
		return
	}
	if dr, ok := n.lowerRate(s); ok {
		r.dataRate = dr
		return
	}
	r.channels = n.cfg.Region.Restore(r.channels)
	r.nbTrans = 1
}

// lowerRate is the next lower data rate that an enabled channel carries.
func (n *Node) lowerRate(s *session) (uint8, bool) {
	for dr := int(s.radio.dataRate) - 1; dr >= int(n.cfg.Region.MinRate(s.radio.dwellUp)); dr-- {
		if _, ok := n.cfg.Region.Rate(uint8(dr)); ok && len(s.radio.channels.Usable(uint8(dr))) > 0 {
			return uint8(dr), true
		}
	}
	return 0, false
}

// lowest reports whether the node is as easy to hear as it can be.
func (n *Node) lowest(s *session) bool {
	_, lower := n.lowerRate(s)
	return !lower && s.radio.txPower == 0
}
