package bridge

import (
	"slices"

	"github.com/brocaar/lorawan"

	"gatewayd/bridge/crypt"
	"gatewayd/bridge/mac"
	"gatewayd/bridge/region"
)

// match is the session that a data uplink belongs to.
type match struct {
	node    *nodeState
	joining bool // the session handed out by the last join accept
	fCnt    uint32
	reason  Reason // "" for a frame that may be accepted
	// restarted says that the counter went back and the policy allows it.
	restarted bool
}

// session is the matched session as the batch at hand sees it.
func (m match) session() *session {
	if m.joining {
		return &m.node.view().joining
	}
	return &m.node.view().active
}

// dataFrame is a data uplink, parsed, with what its MIC needs.
type dataFrame struct {
	reception
	mac       *lorawan.MACPayload
	mic       lorawan.MIC
	confirmed bool
	dataRate  uint8 // index
	rateKnown bool  // the region has such an uplink data rate
	channel   int   // number in the region's channel plan, in the node's once that is known; -1 if it has no such
}

// find tries every session that uses the frame's DevAddr: the MIC tells them
// apart. A frame that only an old counter explains is a replay; one that
// nothing explains has a bad MIC.
func find(candidates []*nodeState, f *dataFrame) match {
	worst := match{reason: BadMIC}
	for _, n := range candidates {
		st := n.view()
		for _, s := range []struct {
			ok      bool
			session *session
			joining bool
		}{{st.hasJoining, &st.joining, true}, {st.hasActive, &st.active, false}} {
			if !s.ok || s.session.devAddr != f.mac.FHDR.DevAddr {
				continue
			}
			m := matchSession(s.session, n.node, f)
			m.node, m.joining = n, s.joining
			if m.reason == "" {
				return m
			}
			if m.reason != BadMIC {
				worst = m
			}
		}
	}
	return worst
}

// firstRounds is how many high halves of the 32-bit counter are tried on the
// first uplink of an ABP node, which another gateway may have served for
// years: up to a million frames. A session that was joined begins at 0.
const firstRounds = 16

// matchFirst checks the frame against a session that has not been used yet.
func matchFirst(s *session, joined bool, f *dataFrame) match {
	rounds, low := uint32(firstRounds), f.mac.FHDR.FCnt&0xffff
	if joined {
		rounds = 1
	}
	for high := range rounds {
		if fCnt := high<<16 | low; s.micFits(f, fCnt) {
			return match{fCnt: fCnt}
		}
	}
	return match{reason: BadMIC}
}

// matchSession checks the frame against one session of node.
func matchSession(s *session, node Node, f *dataFrame) match {
	if !s.heard {
		return matchFirst(s, node.OTAA, f)
	}
	low := uint16(f.mac.FHDR.FCnt)
	above, left := fCntAbove(s.fCntUp, low)
	if left && s.micFits(f, above) {
		// LoRaWAN 1.0.4 and 1.1 have done away with MAX_FCNT_GAP.
		if above-s.fCntUp > MaxFCntGap && node.Version < mac.V1_0_4 && node.Counters != CountersOff {
			return match{fCnt: above, reason: FCntGap}
		}
		return match{fCnt: above}
	}
	below, ok := fCntBelow(s.fCntUp, low)
	if ok && s.micFits(f, below) {
		if below == s.fCntUp && f.mic == s.mic {
			return match{fCnt: below, reason: Replay}
		}
		return node.Counters.judge(below)
	}
	// A counter that started again may be of a lower round than the last one.
	if node.Counters != CountersStrict && uint32(low) < below && s.micFits(f, uint32(low)) {
		return node.Counters.judge(uint32(low))
	}
	return match{reason: BadMIC}
}

// judge says what becomes of a frame with good MIC whose counter went back to
// fCnt.
func (p CounterPolicy) judge(fCnt uint32) match {
	if p == CountersOff || p == CountersRelaxed && fCnt <= 1 {
		return match{fCnt: fCnt, restarted: true}
	}
	return match{fCnt: fCnt, reason: Replay}
}

// channelOf is the number that the node knows the channel of f by, which
// carries fCnt: that of its own channel plan, or that of the region's, which it
// may have been told since it was last heard.
func (s *session) channelOf(f *dataFrame, fCnt uint32) int {
	own := s.ownChannel(f)
	if own == f.channel || own < 0 || s.v11 && !s.micFitsOn(f, fCnt, own) {
		return f.channel
	}
	return own
}

// ownChannel is the number in the channel plan that the node has, as far as it
// is known; -1 if it has none. Only a dynamic plan differs from the region's.
func (s *session) ownChannel(f *dataFrame) int {
	if !f.rateKnown {
		return -1
	}
	return slices.IndexFunc(s.mac.Channels[:], func(c region.Channel) bool {
		return c.Frequency == f.Frequency && f.dataRate >= c.MinDR && f.dataRate <= c.MaxDR
	})
}

// micFits checks the MIC with the 32-bit counter fCnt.
func (s *session) micFits(f *dataFrame, fCnt uint32) bool {
	if !s.v11 {
		return crypt.UplinkMIC(s.expand().fNwkSInt, s.devAddr, fCnt, f.msg()) == f.mic
	}
	own := s.ownChannel(f)
	return s.micFitsOn(f, fCnt, f.channel) || own >= 0 && own != f.channel && s.micFitsOn(f, fCnt, own)
}

// micFitsOn is micFits in LoRaWAN 1.1, where the MIC covers the number of the
// channel.
func (s *session) micFitsOn(f *dataFrame, fCnt uint32, channel int) bool {
	k := s.expand()
	air := crypt.Air{DataRate: f.dataRate, Channel: uint8(max(channel, 0))}
	fits := func() bool {
		return crypt.UplinkMIC11(k.fNwkSInt, k.sNwkSInt, s.devAddr, fCnt, air, f.msg()) == f.mic
	}
	if !f.mac.FHDR.FCtrl.ACK {
		return fits()
	}
	// Which of the attempts at a confirmed downlink the node has heard is its
	// secret: the latest first.
	for i := int(s.confCount) - 1; i >= 0; i-- {
		if air.ConfFCnt = s.confs[i]; fits() {
			return true
		}
	}
	air.ConfFCnt = 0
	return fits()
}

// repeatsLast reports whether the frame is the last accepted one again: the
// same frame, not only the same counter. A node that was reset may use that
// counter for something new, which must not be acknowledged unpublished.
func (m match) repeatsLast(mic lorawan.MIC) bool {
	s := m.session()
	return s.heard && m.fCnt == s.fCntUp && mic == s.mic
}
