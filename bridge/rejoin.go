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
	r := b.checkRejoin(up, phy)
	if r.reason != "" {
		b.drops.add(r.reason, up.Uplink, r.node, r.detail)
		return
	}
	next := bt.edit(r.node)
	switch {
	case r.kind == lorawan.RejoinRequestType1:
		next.rjCount1 = int32(r.count)
	case r.joining:
		// The request proves that the node took this session.
		next.active, next.hasActive, next.hasJoining = next.joining, true, false
		fallthrough
	default:
		next.active.rejoined, next.active.rjCount0 = true, r.count
	}
	b.admitJoin(bt, joining{r.node, r.kind, r.node.node.JoinEUI, r.count, up})
}

// rejoin is what was found out about a rejoin request.
type rejoin struct {
	node    *nodeState // nil: not known
	kind    lorawan.JoinType
	count   uint16 // RJcount0 or RJcount1
	joining bool   // it is of the session handed out by the last join accept
	reason  Reason // why it must be dropped, "" if it need not be
	detail  string
}

// checkRejoin says whose request it is, and whether it may be answered.
func (b *Bridge) checkRejoin(up reception, phy lorawan.PHYPayload) rejoin {
	switch req := phy.MACPayload.(type) {
	case *lorawan.RejoinRequestType02Payload:
		return b.rejoiner(req.DevEUI).check02(b.netID, up, phy.MIC, req)
	case *lorawan.RejoinRequestType1Payload:
		return b.rejoiner(req.DevEUI).check1(up, phy.MIC, req)
	default:
		return rejoin{reason: Malformed, detail: "rejoin request without its payload"}
	}
}

// check02 deals with types 0 and 2, which are signed with the session's
// SNwkSIntKey and count within the session.
func (r rejoin) check02(netID lorawan.NetID, up reception, mic lorawan.MIC, req *lorawan.RejoinRequestType02Payload) rejoin {
	if r.reason != "" {
		return r
	}
	r.kind, r.count = req.RejoinType, req.RJCount0
	st := r.node.view()
	s := &st.active
	if !st.hasActive || !s.v11 || crypt.JoinMIC(s.expand().sNwkSInt, up.msg()) != mic {
		// The session of a join accept may be in use without a data uplink yet.
		s, r.joining = &st.joining, true
		if !st.hasJoining || !s.v11 || crypt.JoinMIC(s.expand().sNwkSInt, up.msg()) != mic {
			r.reason, r.detail = BadMIC, "rejoin request"
			return r
		}
	}
	switch {
	case req.NetID != netID:
		r.reason, r.detail = WrongNetID, req.NetID.String()
	case s.rejoined && req.RJCount0 <= s.rjCount0:
		r.reason, r.detail = RejoinCountUsed, fmt.Sprintf("RJcount0 %d: not above %d, the last one", req.RJCount0, s.rjCount0)
	}
	return r
}

// check1 deals with type 1, which is signed with the JSIntKey and counts over
// the life of the node.
func (r rejoin) check1(up reception, mic lorawan.MIC, req *lorawan.RejoinRequestType1Payload) rejoin {
	if r.reason != "" {
		return r
	}
	r.kind, r.count = req.RejoinType, req.RJCount1
	n := r.node.node
	switch last := r.node.view().rjCount1; {
	case crypt.JoinMIC(crypt.NewKey(crypt.JSIntKey(n.NwkKey, n.DevEUI)), up.msg()) != mic:
		r.reason, r.detail = BadMIC, "rejoin request"
	case radio.EUI64(req.JoinEUI) != n.JoinEUI:
		r.reason, r.detail = WrongJoinEUI, radio.EUI64(req.JoinEUI).String()
	case int32(req.RJCount1) <= last:
		r.reason, r.detail = RejoinCountUsed, fmt.Sprintf("RJcount1 %d: not above %d, the last one", req.RJCount1, last)
	}
	return r
}

// rejoiner is the node of a rejoin request, or why there is none.
func (b *Bridge) rejoiner(devEUI lorawan.EUI64) rejoin {
	n := b.table.byEUI[radio.EUI64(devEUI)]
	switch {
	case n == nil:
		return rejoin{reason: UnknownDevEUI, detail: radio.EUI64(devEUI).String()}
	case n.node.Version < mac.V1_1_0:
		return rejoin{node: n, reason: Unsupported, detail: "rejoin request of a node that is configured for " + n.node.Version.String()}
	}
	return rejoin{node: n}
}

// msg is what the MIC covers.
func (r reception) msg() []byte { return r.Payload[:len(r.Payload)-4] }
