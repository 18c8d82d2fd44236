package bridge

import (
	"fmt"

	"github.com/brocaar/lorawan"

	"gatewayd/bridge/crypt"
	"gatewayd/bridge/mac"
	"gatewayd/radio"
)

// rejoinRequest accepts or drops a rejoin request (LoRaWAN 1.1, section
// 6.2.4). Each kind is answered with a join accept, which gives the node new
// keys.
func (b *Bridge) rejoinRequest(bt *batch, up reception, phy lorawan.PHYPayload) {
	switch req := phy.MACPayload.(type) {
	case *lorawan.RejoinRequestType02Payload:
		b.rejoin02(bt, up, phy.MIC, req)
	case *lorawan.RejoinRequestType1Payload:
		b.rejoin1(bt, up, phy.MIC, req)
	default:
		b.drops.add(Malformed, up.Uplink, nil, "rejoin request without its payload")
	}
}

// rejoin02 deals with types 0 and 2, which are signed with the session's
// SNwkSIntKey and count within the session.
func (b *Bridge) rejoin02(bt *batch, up reception, mic lorawan.MIC, req *lorawan.RejoinRequestType02Payload) {
	n := b.rejoiner(up, req.DevEUI)
	if n == nil {
		return
	}
	st := n.view()
	s, isJoining := &st.active, false
	if !st.hasActive || !s.v11 || crypt.JoinMIC(s.expand().sNwkSInt, up.msg()) != mic {
		// The session of a join accept may be in use without a data uplink yet.
		s, isJoining = &st.joining, true
		if !st.hasJoining || !s.v11 || crypt.JoinMIC(s.expand().sNwkSInt, up.msg()) != mic {
			b.drops.add(BadMIC, up.Uplink, n, "rejoin request")
			return
		}
	}
	switch {
	case req.NetID != b.netID:
		b.drops.add(WrongNetID, up.Uplink, n, req.NetID.String())
		return
	case s.rejoined && req.RJCount0 <= s.rjCount0:
		b.drops.add(RejoinCountUsed, up.Uplink, n, fmt.Sprintf("RJcount0 %d: not above %d, the last one", req.RJCount0, s.rjCount0))
		return
	}
	next := bt.edit(n)
	if isJoining {
		// The request proves that the node took this session.
		next.active, next.hasActive, next.hasJoining = next.joining, true, false
	}
	next.active.rejoined, next.active.rjCount0 = true, req.RJCount0
	b.admitJoin(bt, joining{n, req.RejoinType, n.node.JoinEUI, req.RJCount0, up})
}

// rejoin1 deals with type 1, which is signed with the JSIntKey and counts
// over the life of the node.
func (b *Bridge) rejoin1(bt *batch, up reception, mic lorawan.MIC, req *lorawan.RejoinRequestType1Payload) {
	n := b.rejoiner(up, req.DevEUI)
	if n == nil {
		return
	}
	key := crypt.NewKey(crypt.JSIntKey(n.node.NwkKey, n.node.DevEUI))
	switch last := n.view().rjCount1; {
	case crypt.JoinMIC(key, up.msg()) != mic:
		b.drops.add(BadMIC, up.Uplink, n, "rejoin request")
	case radio.EUI64(req.JoinEUI) != n.node.JoinEUI:
		b.drops.add(WrongJoinEUI, up.Uplink, n, radio.EUI64(req.JoinEUI).String())
	case int32(req.RJCount1) <= last:
		b.drops.add(RejoinCountUsed, up.Uplink, n, fmt.Sprintf("RJcount1 %d: not above %d, the last one", req.RJCount1, last))
	default:
		bt.edit(n).rjCount1 = int32(req.RJCount1)
		b.admitJoin(bt, joining{n, req.RejoinType, n.node.JoinEUI, req.RJCount1, up})
	}
}

// rejoiner is the node of a rejoin request; nil, and the frame dropped, if
// there is none.
func (b *Bridge) rejoiner(up reception, devEUI lorawan.EUI64) *nodeState {
	n := b.table.byEUI[radio.EUI64(devEUI)]
	switch {
	case n == nil:
		b.drops.add(UnknownDevEUI, up.Uplink, nil, radio.EUI64(devEUI).String())
		return nil
	case n.node.Version < mac.V1_1_0:
		b.drops.add(Unsupported, up.Uplink, n, "rejoin request of a node that is configured for "+n.node.Version.String())
		return nil
	}
	return n
}

// msg is what the MIC covers.
func (r reception) msg() []byte { return r.Payload[:len(r.Payload)-4] }
