package bridge

import (
	"encoding/binary"
	"fmt"

	"github.com/brocaar/lorawan"

	"gatewayd/bridge/crypt"
	"gatewayd/bridge/mac"
	"gatewayd/internal/secret"
	"gatewayd/internal/store"
	"gatewayd/radio"
)

// maxJoinNonce is the last value of the 24-bit JoinNonce.
const maxJoinNonce = 1<<24 - 1

// joining is a join or rejoin request that is being answered.
type joining struct {
	node     *nodeState
	kind     lorawan.JoinType
	joinEUI  radio.EUI64
	devNonce uint16 // the RJcount of a rejoin
	up       reception
}

// joinRequest accepts or drops a join request (LoRaWAN 1.0.4, section 6.2;
// 1.1, section 6.2).
func (b *Bridge) joinRequest(bt *batch, up reception, phy lorawan.PHYPayload) {
	req, ok := phy.MACPayload.(*lorawan.JoinRequestPayload)
	if !ok {
		b.drops.add(Malformed, up.Uplink, nil, "join request without its payload")
		return
	}
	n := b.table.byEUI[radio.EUI64(req.DevEUI)]
	if n == nil {
		b.drops.add(UnknownDevEUI, up.Uplink, nil, radio.EUI64(req.DevEUI).String())
		return
	}
	if reason, detail := b.checkJoin(bt, n, phy, req, up); reason != "" {
		b.drops.add(reason, up.Uplink, n, detail)
		return
	}
	nonce := uint16(req.DevNonce)
	if b.admitJoin(bt, joining{n, lorawan.JoinRequestType, n.node.JoinEUI, nonce, up}) {
		bt.edit(n).devNonce = int32(nonce)
		bt.store.Nonces = append(bt.store.Nonces, store.Nonce{Node: n.nonceKey(), DevNonce: nonce})
	}
}

// checkJoin returns why the request must be dropped, "" if it need not be.
func (b *Bridge) checkJoin(bt *batch, n *nodeState, phy lorawan.PHYPayload, req *lorawan.JoinRequestPayload, up reception) (Reason, string) {
	msg := up.Payload[:len(up.Payload)-4]
	if crypt.JoinMIC(crypt.NewKey(n.node.rootKey()), msg) != phy.MIC {
		return BadMIC, "join request"
	}
	if radio.EUI64(req.JoinEUI) != n.node.JoinEUI {
		return WrongJoinEUI, radio.EUI64(req.JoinEUI).String()
	}
	nonce := uint16(req.DevNonce)
	if last := n.view().devNonce; n.node.Version >= mac.V1_0_4 && int32(nonce) <= last {
		return DevNonceUsed, fmt.Sprintf("%d: not above %d, the last one", nonce, last)
	}
	for _, used := range bt.store.Nonces {
		if used.Node == n.nonceKey() && used.DevNonce == nonce {
			return DevNonceUsed, ""
		}
	}
	if b.store.NonceUsed(n.nonceKey(), nonce) {
		return DevNonceUsed, ""
	}
	return "", ""
}

// admitJoin stages the new session and the join accept. It reports whether
// that was possible.
func (b *Bridge) admitJoin(bt *batch, j joining) bool {
	addr, ok := b.freeDevAddr(bt)
	if !ok || j.node.view().joinNonce >= maxJoinNonce {
		b.drops.add(NoDevAddr, j.up.Uplink, j.node, "no DevAddr or JoinNonce left")
		return false
	}
	st := bt.edit(j.node)
	st.joinNonce++
	accept := b.joinAccept(j.node.node, st.joinNonce, addr)
	raw, err := sealJoinAccept(accept, j)
	if err != nil {
		b.drops.add(Malformed, j.up.Uplink, j.node, err.Error())
		return false
	}
	st.joining, st.hasJoining = b.newSession(j, st.joinNonce, accept), true
	if j.node.node.Downlink.FlushOnJoin {
		b.flushQueue(bt, j.node, "flushed by a join")
	}
	bt.joined++
	bt.after = append(bt.after, func() { j.node.forceRejoin, j.node.joinedAt = false, b.clock.Now() })
	b.joinEvent(bt, j, addr)
	rx1, rx2 := b.joinWindows(j.up.Uplink)
	attempts := b.attempts(j.up, [2]window{rx1, rx2})
	bt.flights = append(bt.flights, flight{device: j.node.node.DeviceID, attempts: attempts, payload: raw})
	return true
}

// joinAccept is the answer, with the receive parameters that the node is to
// use from now on.
func (b *Bridge) joinAccept(node Node, joinNonce uint32, addr lorawan.DevAddr) *lorawan.JoinAcceptPayload {
	return &lorawan.JoinAcceptPayload{
		JoinNonce: lorawan.JoinNonce(joinNonce),
		HomeNetID: b.netID,
		DevAddr:   addr,
		DLSettings: lorawan.DLSettings{
			OptNeg:      node.Version >= mac.V1_1_0,
			RX1DROffset: node.MAC.RX1DROffset, RX2DataRate: node.MAC.RX2DataRate,
		},
		RXDelay: max(node.MAC.RXDelay, 1),
		CFList:  b.region.CFList(node.Version >= mac.V1_0_3),
	}
}

// sealJoinAccept signs and encrypts a join accept (LoRaWAN 1.0.4, section
// 6.2.6; 1.1, section 6.2.3).
func sealJoinAccept(accept *lorawan.JoinAcceptPayload, j joining) ([]byte, error) {
	phy := lorawan.PHYPayload{
		MHDR:       lorawan.MHDR{MType: lorawan.JoinAccept, Major: lorawan.LoRaWANR1},
		MACPayload: accept,
	}
	sign, encrypt := j.acceptKeys()
	joinEUI := lorawan.EUI64(j.joinEUI)
	if err := phy.SetDownlinkJoinMIC(j.kind, joinEUI, lorawan.DevNonce(j.devNonce), lorawan.AES128Key(sign.Reveal())); err != nil {
		return nil, err
	}
	if err := phy.EncryptJoinAcceptPayload(lorawan.AES128Key(encrypt.Reveal())); err != nil {
		return nil, err
	}
	return phy.MarshalBinary()
}

// acceptKeys are the keys that sign and encrypt the join accept.
func (j joining) acceptKeys() (sign, encrypt secret.AES128) {
	n := j.node.node
	switch {
	case n.Version < mac.V1_1_0:
		return n.AppKey, n.AppKey
	case j.kind == lorawan.JoinRequestType:
		return crypt.JSIntKey(n.NwkKey, n.DevEUI), n.NwkKey
	default:
		return crypt.JSIntKey(n.NwkKey, n.DevEUI), crypt.JSEncKey(n.NwkKey, n.DevEUI)
	}
}

// newSession derives the session that the join accept opens.
func (b *Bridge) newSession(j joining, joinNonce uint32, accept *lorawan.JoinAcceptPayload) session {
	n := j.node.node
	in := crypt.Join{JoinNonce: joinNonce, NetID: b.netID, JoinEUI: j.joinEUI, DevNonce: j.devNonce}
	s := session{id: b.newSessionID(), devAddr: accept.DevAddr, v11: n.Version >= mac.V1_1_0, region: b.region.Name()}
	if s.v11 {
		s.keys = crypt.Session11(n.NwkKey, n.AppKey, in)
	} else {
		s.keys = crypt.Session10(n.AppKey, in)
	}
	if s.mac = b.joined(n, accept); j.kind == lorawan.RejoinRequestType2 {
		s.mac = j.node.view().active.mac // new keys, the same radio parameters
	}
	return s
}

// joined is the MAC state of a node that has read accept.
func (b *Bridge) joined(n Node, accept *lorawan.JoinAcceptPayload) mac.State {
	start := mac.RegionStart(b.region)
	start.OTAA, start.CFList = true, accept.CFList
	start.RX1DROffset, start.RX2DataRate = accept.DLSettings.RX1DROffset, accept.DLSettings.RX2DataRate
	start.RXDelay = accept.RXDelay
	return mac.NewState(b.region, n.Version, start)
}

// devAddrTries is how often a random DevAddr may be taken already.
const devAddrTries = 1000

// freeDevAddr picks a DevAddr of our NetID that no session uses. Random, so
// that two gateways of one NetID seldom give out the same.
func (b *Bridge) freeDevAddr(bt *batch) (lorawan.DevAddr, bool) {
	for range devAddrTries {
		addr := lorawan.DevAddr(b.random(4))
		addr.SetAddrPrefix(b.netID)
		if len(b.table.byAddr[addr]) == 0 && !b.table.groups[addr] && !bt.givesOut(addr) {
			return addr, true
		}
	}
	return lorawan.DevAddr{}, false
}

// newSessionID is part of the message ids of a session.
func (b *Bridge) newSessionID() uint32 { return binary.BigEndian.Uint32(b.random(4)) }
