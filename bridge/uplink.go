package bridge

import (
	"slices"
	"time"

	"github.com/brocaar/lorawan"

	"gatewayd/internal/secret"
	"gatewayd/radio"
)

// maxReacks bounds how often one confirmed uplink is acknowledged again: a
// node repeats a frame at most 15 times (NbTrans), and whoever replays it
// must not spend our airtime without end.
const maxReacks = 15

// How far apart two receptions of one transmission may be, on one
// concentrator (a strong frame is heard on a neighbouring channel too) and on
// two (whose host times differ by the way to the host).
const (
	sameConcentrator  = 50 * time.Millisecond
	otherConcentrator = time.Second
)

// match is the session that a data uplink belongs to.
type match struct {
	node    *nodeState
	joining bool // the session handed out by the last join accept
	fCnt    uint32
	reason  Reason // "" for a frame with a counter above the last one
}

// uplink decides on one frame and adds what follows from it to bt.
func (b *Bridge) uplink(bt *batch, up radio.Uplink) {
	phy, err := radio.Decode(up.Payload)
	if err != nil {
		b.drops.add(Malformed, up, nil, err.Error())
		return
	}
	switch phy.MHDR.MType {
	case lorawan.JoinRequest:
		b.join(bt, up, phy)
	case lorawan.UnconfirmedDataUp, lorawan.ConfirmedDataUp:
		b.data(bt, up, phy)
	case lorawan.RejoinRequest:
		b.drops.add(Unsupported, up, nil, "rejoin request: LoRaWAN 1.1 is not served")
	default:
		b.drops.add(NotUplink, up, nil, phy.MHDR.MType.String())
	}
}

// data accepts or drops a data uplink.
func (b *Bridge) data(bt *batch, up radio.Uplink, phy lorawan.PHYPayload) {
	mac, ok := phy.MACPayload.(*lorawan.MACPayload)
	if !ok {
		b.drops.add(Malformed, up, nil, "data frame without MACPayload")
		return
	}
	candidates := b.table.byAddr[mac.FHDR.DevAddr]
	if len(candidates) == 0 {
		b.drops.add(UnknownDevAddr, up, nil, mac.FHDR.DevAddr.String())
		return
	}
	m := find(candidates, phy, mac)
	confirmed := phy.MHDR.MType == lorawan.ConfirmedDataUp
	switch {
	case m.reason == Replay && m.node.last.sameAs(up, m.fCnt, m.session()):
		b.drops.add(Duplicate, up, m.node, "")
	case m.reason == Replay && confirmed && m.repeatsLast(phy.MIC) && m.node.reacked < maxReacks:
		m.node.reacked++
		b.answerData(bt, up, m)
		b.drops.add(Retransmission, up, m.node, "")
	case m.reason != "":
		b.drops.add(m.reason, up, m.node, "")
	default:
		b.accept(bt, up, phy, mac, m)
	}
}

// find tries every session that uses the frame's DevAddr: the MIC tells them
// apart. A frame that only an old counter explains is a replay; one that
// nothing explains has a bad MIC.
func find(candidates []*nodeState, phy lorawan.PHYPayload, mac *lorawan.MACPayload) match {
	worst := match{reason: BadMIC}
	for _, n := range candidates {
		st := n.view()
		for _, s := range []struct {
			ok      bool
			session *session
			joining bool
		}{{st.hasJoining, &st.joining, true}, {st.hasActive, &st.active, false}} {
			if !s.ok || s.session.devAddr != mac.FHDR.DevAddr {
				continue
			}
			m := matchSession(s.session, n.node.OTAA, phy, mac)
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
func matchFirst(s *session, joined bool, phy lorawan.PHYPayload, mac *lorawan.MACPayload) match {
	rounds, low := uint32(firstRounds), mac.FHDR.FCnt
	if joined {
		rounds = 1
	}
	for high := range rounds {
		if fCnt := high<<16 | low; micFits(phy, mac, fCnt, s.nwkSKey) {
			return match{fCnt: fCnt}
		}
	}
	return match{reason: BadMIC}
}

// matchSession checks the frame against one session.
func matchSession(s *session, joined bool, phy lorawan.PHYPayload, mac *lorawan.MACPayload) match {
	mac.FHDR.FCnt &= 0xffff // as it was on the air
	if !s.heard {
		return matchFirst(s, joined, phy, mac)
	}
	low := uint16(mac.FHDR.FCnt)
	above, left := fCntAbove(s.fCntUp, low)
	if left && micFits(phy, mac, above, s.nwkSKey) {
		if above-s.fCntUp > MaxFCntGap {
			return match{fCnt: above, reason: FCntGap}
		}
		return match{fCnt: above}
	}
	if below, ok := fCntBelow(s.fCntUp, low); ok && micFits(phy, mac, below, s.nwkSKey) {
		return match{fCnt: below, reason: Replay}
	}
	return match{reason: BadMIC}
}

// micFits checks the MIC with the 32-bit counter fCnt (LoRaWAN 1.0.x, 4.4).
func micFits(phy lorawan.PHYPayload, mac *lorawan.MACPayload, fCnt uint32, nwkSKey secret.AES128) bool {
	mac.FHDR.FCnt = fCnt
	key := lorawan.AES128Key(nwkSKey.Reveal())
	ok, err := phy.ValidateUplinkDataMIC(lorawan.LoRaWAN1_0, 0, 0, 0, key, key)
	return err == nil && ok
}

// session is the matched session as the batch at hand sees it.
func (m match) session() *session {
	if m.joining {
		return &m.node.view().joining
	}
	return &m.node.view().active
}

// repeatsLast reports whether the frame is the last accepted one again: the
// same frame, not only the same counter. A node that was reset may use that
// counter for something new, which must not be acknowledged unpublished.
func (m match) repeatsLast(mic lorawan.MIC) bool {
	s := m.session()
	return s.heard && m.fCnt == s.fCntUp && mic == s.mic
}

// sameAs reports whether up, carrying fCnt, is another reception of the
// transmission that s last accepted.
func (l lastUplink) sameAs(up radio.Uplink, fCnt uint32, s *session) bool {
	if !s.heard || fCnt != s.fCntUp || l.received.IsZero() {
		return false
	}
	if up.Concentrator == l.concentrator {
		return up.Ticks.Sub(l.ticks).Abs() < sameConcentrator
	}
	return up.Received.Sub(l.received).Abs() < otherConcentrator
}

// accept stages the new session and the outbox entry, and the answer if one
// is due.
func (b *Bridge) accept(bt *batch, up radio.Uplink, phy lorawan.PHYPayload, mac *lorawan.MACPayload, m match) {
	confirmed := phy.MHDR.MType == lorawan.ConfirmedDataUp
	payload, err := decrypt(m.session().appSKey, mac.FHDR.DevAddr, m.fCnt, mac)
	if err != nil {
		b.drops.add(Malformed, up, m.node, err.Error())
		return
	}
	st := bt.edit(m.node)
	if m.joining {
		st.active, st.hasActive = st.joining, true
		st.joining, st.hasJoining = session{}, false
		m.joining = false
	}
	s := &st.active
	s.heard, s.fCntUp, s.mic = true, m.fCnt, phy.MIC

	m.node.last = lastUplink{up.Concentrator, up.Ticks, up.Received}
	m.node.reacked = 0
	if mac.FPort == nil || *mac.FPort != 0 { // FPort 0 carries MAC commands, nothing for the application
		rec := newRecord(up, s, m.node.node.DevEUI)
		rec.FPort, rec.Payload, rec.Confirmed = mac.FPort, payload, confirmed
		rec.stamp(b.clock, up.Received)
		bt.publish(m.node, rec)
	}
	bt.accepted++
	bt.greet = append(bt.greet, greeting{m.node, up})
	if confirmed || mac.FHDR.FCtrl.ADRACKReq {
		b.answerData(bt, up, m)
	}
}

// decrypt returns the clear FRMPayload, nil where there is none.
func decrypt(key secret.AES128, addr lorawan.DevAddr, fCnt uint32, mac *lorawan.MACPayload) ([]byte, error) {
	var clear []byte
	for _, p := range mac.FRMPayload {
		raw, err := p.MarshalBinary()
		if err != nil {
			return nil, err
		}
		// A copy, because lorawan decrypts in place and raw is part of the frame.
		clear, err = lorawan.EncryptFRMPayload(lorawan.AES128Key(key.Reveal()), true, addr, fCnt, slices.Clone(raw))
		if err != nil {
			return nil, err
		}
	}
	return clear, nil
}
