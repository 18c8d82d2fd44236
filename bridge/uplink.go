package bridge

import (
	"fmt"
	"slices"
	"time"

	"github.com/brocaar/lorawan"
	"go.uber.org/zap"

	"gatewayd/bridge/crypt"
	"gatewayd/bridge/mac"
	"gatewayd/bridge/shape"
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

// uplink decides on one frame and adds what follows from it to bt.
func (b *Bridge) uplink(bt *batch, up reception) {
	if len(up.Payload) > 1 && lorawan.MType(up.Payload[0]>>5) == lorawan.Proprietary {
		b.foreign(bt, up) // nothing else of it is LoRaWAN's
		return
	}
	phy, err := radio.Decode(up.Payload)
	if err != nil {
		b.drops.add(Malformed, up.Uplink, nil, err.Error())
		return
	}
	switch phy.MHDR.MType {
	case lorawan.JoinRequest:
		b.joinRequest(bt, up, phy)
	case lorawan.RejoinRequest:
		b.rejoinRequest(bt, up, phy)
	case lorawan.UnconfirmedDataUp, lorawan.ConfirmedDataUp:
		b.data(bt, up, phy)
	default:
		b.drops.add(NotUplink, up.Uplink, nil, phy.MHDR.MType.String())
	}
}

// foreign publishes a frame of another protocol as it is, if a device
// takes such frames.
func (b *Bridge) foreign(bt *batch, up reception) {
	n := b.table.proprietary
	if n == nil {
		b.drops.add(NotUplink, up.Uplink, nil, lorawan.Proprietary.String())
		return
	}
	rec := newRecord(kindProprietary, b.newEventID(), n.node.DevEUI)
	rec.Payload = up.Payload[1:]
	rec.receivedBy(up)
	rec.stamp(b.clock, up.Received)
	bt.publish(n, rec)
	bt.accepted++
	bt.frames = append(bt.frames, up)
}

// data accepts or drops a data uplink.
func (b *Bridge) data(bt *batch, up reception, phy lorawan.PHYPayload) {
	payload, ok := phy.MACPayload.(*lorawan.MACPayload)
	if !ok {
		b.drops.add(Malformed, up.Uplink, nil, "data frame without MACPayload")
		return
	}
	candidates := b.table.byAddr[payload.FHDR.DevAddr]
	if len(candidates) == 0 {
		b.drops.add(UnknownDevAddr, up.Uplink, nil, payload.FHDR.DevAddr.String())
		return
	}
	f := &dataFrame{reception: up, mac: payload, mic: phy.MIC, confirmed: phy.MHDR.MType == lorawan.ConfirmedDataUp, channel: -1}
	f.dataRate, f.rateKnown = b.region.DataRateIndex(up.DataRate, true)
	if n, ok := b.region.ChannelOf(up.Frequency, up.DataRate); ok {
		f.channel = n
	}
	m := find(candidates, f)
	if m.node != nil {
		f.channel = m.session().channelOf(f, m.fCnt)
	}
	switch {
	case m.reason == Replay && m.node.last.sameAs(up.Uplink, m.fCnt, m.session()):
		b.drops.add(Duplicate, up.Uplink, m.node, "")
	case m.reason == Replay && m.repeatsLast(f.mic) && (!f.confirmed || m.node.reacked < maxReacks):
		b.repeated(bt, f, m)
	case m.reason != "":
		b.drops.add(m.reason, up.Uplink, m.node, "")
	default:
		b.accept(bt, f, m)
	}
}

// repeated deals with the last accepted frame sent again, because its answer
// was not heard (confirmed) or in any case (NbTrans above 1).
func (b *Bridge) repeated(bt *batch, f *dataFrame, m match) {
	m.node.last.receiver, m.node.last.ticks, m.node.last.received = receiverOf(f.Uplink), f.Ticks, f.Received
	if f.confirmed {
		m.node.reacked++
		b.acknowledgeAgain(bt, f, m)
	}
	b.drops.add(Retransmission, f.Uplink, m.node, "")
}

// sameAs reports whether up, carrying fCnt, is another reception of the
// transmission that s last accepted.
func (l lastUplink) sameAs(up radio.Uplink, fCnt uint32, s *session) bool {
	if !s.heard || fCnt != s.fCntUp || l.received.IsZero() {
		return false
	}
	if up.Concentrator == l.concentrator && up.Gateway == l.gateway {
		return up.Ticks.Sub(l.ticks).Abs() < sameConcentrator
	}
	return up.Received.Sub(l.received).Abs() < otherConcentrator
}

// accept stages the new session, the outbox entry and the answer if one is
// due.
func (b *Bridge) accept(bt *batch, f *dataFrame, m match) {
	st := bt.edit(m.node)
	if m.joining {
		st.active, st.hasActive = st.joining, true
		st.joining, st.hasJoining = session{}, false
	}
	s := &st.active
	if m.restarted {
		b.restart(bt, m.node, s, m.fCnt)
	}
	s.heard, s.fCntUp, s.mic = true, m.fCnt, f.mic
	if f.mac.FHDR.FCtrl.ACK {
		s.confCount = 0 // acknowledged: no older one will be
	}
	m.node.hear(f.reception)

	payload, commands := s.open(f)
	outcome := s.mac.Uplink(m.node.desired(), b.macUplink(f, s, commands))
	b.report(bt, m.node, outcome)
	acked := b.settle(bt, m.node, f.mac.FHDR.FCtrl.ACK)

	if m.node.publishes(f.mac.FPort) {
		rec := newRecord(kindUp, messageID(m.node.node, s, s.fCntUp), m.node.node.DevEUI)
		rec.uplink(f, s, payload)
		if rec.Acknowledges = acked; m.node.node.Format == shape.StarterKit {
			rec.MACAnswers = kitAnswers(commands)
		}
		rec.stamp(b.clock, f.Received)
		bt.publish(m.node, rec)
	}
	bt.accepted++
	bt.frames = append(bt.frames, f.reception)
	bt.greet = append(bt.greet, greeting{m.node, f.reception})
	b.attendNow(m.node) // its windows, or its session, may have been waited for
	fCnt := s.fCntUp
	bt.after = append(bt.after, func() { b.reportState(m.node, f); b.watchAccepted(m.node, f, fCnt) })
	b.answerData(bt, m.node, f, outcome)
}

// reportState has the twin say how the node is.
func (b *Bridge) reportState(n *nodeState, f *dataFrame) {
	if n.node.Kit {
		n.reports.kit(b.kitReportOf(n, f))
	}
	i := n.info()
	now := b.clock.Now()
	lastSeen := ""
	if b.trusted() {
		lastSeen = now.Add(-now.Sub(f.Received)).UTC().Format(timeFormat)
	}
	n.reports.state(now, n.node.ReportInterval, stateReport{
		LastSeen: lastSeen, DataRate: i.DataRate, RSSI: i.RSSI, SNR: i.SNR, FCntUp: i.FCntUp,
		Battery: i.Battery, Margin: i.Margin, Class: i.Class, Version: i.Version, DevAddr: i.DevAddr,
		Receivers: 1 + len(f.others),
	})
}

// publishes reports whether an uplink on port goes to the hub. FPort 0 carries
// MAC commands, nothing for the application.
func (n *nodeState) publishes(port *uint8) bool {
	if port == nil {
		return true
	}
	return *port != 0 && (n.node.Ports == nil || slices.Contains(n.node.Ports, *port))
}

// restart begins a session anew whose counter went back, as the node's policy
// allows: message ids must not repeat.
func (b *Bridge) restart(bt *batch, n *nodeState, s *session, fCnt uint32) {
	s.id = b.newSessionID()
	if !n.node.OTAA { // it is as it was made
		status, has := s.mac.Status, s.mac.HasStatus
		s.mac = b.firstMAC(n.node)
		s.mac.Status, s.mac.HasStatus = status, has
	}
	if !b.hush.may("restart "+n.node.Name, b.clock.Now()) {
		return
	}
	b.log.Warn("the node's counter went back and its policy accepts that: frames can be replayed to this gateway",
		nodeField(n), zap.Uint32("f_cnt", fCnt), zap.Uint32("last", s.fCntUp))
	rec := newRecord(kindLog, b.newEventID(), n.node.DevEUI)
	rec.State, rec.Reason = "counter_restarted", fmt.Sprintf("FCntUp %d after %d", fCnt, s.fCntUp)
	b.publishEvent(bt, n, rec)
}

// open returns the clear FRMPayload (as it is where there is no key) and the
// MAC commands of FOpts or FPort 0. The frame's own bytes stay as they are.
func (s *session) open(f *dataFrame) (payload, commands []byte) {
	k, p := s.expand(), f.mac
	payload = bytesOf(p.FRMPayload)
	switch {
	case p.FPort == nil:
		commands = bytesOf(p.FHDR.FOpts)
	case *p.FPort == 0:
		crypt.Payload(k.nwkSEnc, crypt.Up, s.devAddr, s.fCntUp, payload)
		return nil, payload
	default:
		commands = bytesOf(p.FHDR.FOpts)
		if k.app != nil {
			crypt.Payload(k.app, crypt.Up, s.devAddr, s.fCntUp, payload)
		}
	}
	if s.v11 {
		crypt.FOpts(k.nwkSEnc, crypt.Up, false, s.devAddr, s.fCntUp, commands)
	}
	return payload, commands
}

// bytesOf copies the bytes of payloads, which share those of the frame.
func bytesOf(payloads []lorawan.Payload) []byte {
	var out []byte
	for _, p := range payloads {
		if raw, err := p.MarshalBinary(); err == nil {
			out = append(out, raw...)
		}
	}
	return out
}

// macUplink is what the MAC layer wants to know of a frame.
func (b *Bridge) macUplink(f *dataFrame, s *session, commands []byte) mac.Uplink {
	c := f.mac.FHDR.FCtrl
	return mac.Uplink{
		Commands: commands, ADR: c.ADR, ADRACKReq: c.ADRACKReq, ClassB: c.ClassB,
		DR: f.dataRate, DataRate: f.DataRate, Channel: f.channel, SNR: f.SNR, FCnt: s.fCntUp,
		Gateways: 1 + len(f.others), GPSTime: b.gpsTime(f.Received), Now: b.clock.Now(),
	}
}
