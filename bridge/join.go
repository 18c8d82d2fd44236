package bridge

import (
	"crypto/aes"
	"encoding/binary"

	"github.com/brocaar/lorawan"

	"gatewayd/internal/secret"
	"gatewayd/internal/store"
	"gatewayd/radio"
)

// maxJoinNonce is the last value of the 24-bit JoinNonce.
const maxJoinNonce = 1<<24 - 1

// join accepts or drops a join request (LoRaWAN 1.0.x, section 6.2).
func (b *Bridge) join(bt *batch, up radio.Uplink, phy lorawan.PHYPayload) {
	req, ok := phy.MACPayload.(*lorawan.JoinRequestPayload)
	if !ok {
		b.drops.add(Malformed, up, nil, "join request without its payload")
		return
	}
	n := b.table.byEUI[radio.EUI64(req.DevEUI)]
	if n == nil {
		b.drops.add(UnknownDevEUI, up, nil, radio.EUI64(req.DevEUI).String())
		return
	}
	if reason, detail := b.checkJoin(bt, n, phy, req); reason != "" {
		b.drops.add(reason, up, n, detail)
		return
	}
	addr, ok := b.freeDevAddr(bt)
	if !ok || n.view().joinNonce >= maxJoinNonce {
		b.drops.add(NoDevAddr, up, n, "no DevAddr or JoinNonce left")
		return
	}
	st := bt.edit(n)
	st.joinNonce++
	st.joining, st.hasJoining = b.newSession(n.node.AppKey, st.joinNonce, uint16(req.DevNonce), addr), true
	bt.store.Nonces = append(bt.store.Nonces, store.Nonce{Node: n.node.nonceKey(), DevNonce: uint16(req.DevNonce)})
	bt.joined++

	raw, err := b.joinAccept(n.node, req, st.joinNonce, addr)
	if err != nil {
		b.drops.add(Malformed, up, n, err.Error())
		return
	}
	bt.answers = append(bt.answers, answer{node: n, up: up, payload: raw, join: true})
}

// checkJoin returns why the request must be dropped, "" if it need not be.
func (b *Bridge) checkJoin(bt *batch, n *nodeState, phy lorawan.PHYPayload, req *lorawan.JoinRequestPayload) (Reason, string) {
	if ok, err := phy.ValidateUplinkJoinMIC(lorawan.AES128Key(n.node.AppKey.Reveal())); err != nil || !ok {
		return BadMIC, "join request"
	}
	if radio.EUI64(req.JoinEUI) != n.node.JoinEUI {
		return WrongJoinEUI, radio.EUI64(req.JoinEUI).String()
	}
	for _, used := range bt.store.Nonces {
		if used.Node == n.node.nonceKey() && used.DevNonce == uint16(req.DevNonce) {
			return DevNonceUsed, ""
		}
	}
	used, err := b.store.NonceUsed(n.node.nonceKey(), uint16(req.DevNonce))
	switch {
	case err != nil:
		return StoreFailed, err.Error()
	case used:
		return DevNonceUsed, ""
	}
	return "", ""
}

// joinAccept is the answer: RX1DROffset 0, the region's RX2 data rate,
// RECEIVE_DELAY1 of 1 s.
func (b *Bridge) joinAccept(node Node, req *lorawan.JoinRequestPayload, joinNonce uint32, addr lorawan.DevAddr) ([]byte, error) {
	return sealJoinAccept(&lorawan.JoinAcceptPayload{
		JoinNonce:  lorawan.JoinNonce(joinNonce),
		HomeNetID:  b.netID,
		DevAddr:    addr,
		DLSettings: lorawan.DLSettings{RX2DataRate: b.rx2DataRate},
		RXDelay:    1,
	}, req, node.AppKey)
}

// sealJoinAccept signs and encrypts a join accept of LoRaWAN 1.0.x (6.2.5).
func sealJoinAccept(accept *lorawan.JoinAcceptPayload, req *lorawan.JoinRequestPayload, appKey secret.AES128) ([]byte, error) {
	phy := lorawan.PHYPayload{
		MHDR:       lorawan.MHDR{MType: lorawan.JoinAccept, Major: lorawan.LoRaWANR1},
		MACPayload: accept,
	}
	key := lorawan.AES128Key(appKey.Reveal())
	if err := phy.SetDownlinkJoinMIC(lorawan.JoinRequestType, req.JoinEUI, req.DevNonce, key); err != nil {
		return nil, err
	}
	if err := phy.EncryptJoinAcceptPayload(key); err != nil {
		return nil, err
	}
	return phy.MarshalBinary()
}

// newSession derives the session keys of a LoRaWAN 1.0.x join (6.2.5).
func (b *Bridge) newSession(appKey secret.AES128, joinNonce uint32, devNonce uint16, addr lorawan.DevAddr) session {
	return session{
		id:      binary.BigEndian.Uint32(b.random(4)),
		devAddr: addr,
		nwkSKey: deriveKey(appKey, 0x01, joinNonce, b.netID, devNonce),
		appSKey: deriveKey(appKey, 0x02, joinNonce, b.netID, devNonce),
	}
}

// deriveKey is aes128_encrypt(AppKey, typ | JoinNonce | NetID | DevNonce | pad16).
func deriveKey(appKey secret.AES128, typ byte, joinNonce uint32, netID lorawan.NetID, devNonce uint16) secret.AES128 {
	in := [16]byte{
		typ,
		byte(joinNonce), byte(joinNonce >> 8), byte(joinNonce >> 16),
		netID[2], netID[1], netID[0],
		byte(devNonce), byte(devNonce >> 8),
	}
	k := appKey.Reveal()
	block, err := aes.NewCipher(k[:])
	if err != nil { // only for a key that is not 16 bytes long
		return secret.AES128{}
	}
	var out [16]byte
	block.Encrypt(out[:], in[:])
	return secret.NewAES128(out)
}

// devAddrTries is how often a random DevAddr may be taken already.
const devAddrTries = 1000

// freeDevAddr picks a DevAddr of our NetID that no session uses. Random, so
// that two gateways of one NetID seldom give out the same.
func (b *Bridge) freeDevAddr(bt *batch) (lorawan.DevAddr, bool) {
	for range devAddrTries {
		addr := lorawan.DevAddr(b.random(4))
		addr.SetAddrPrefix(b.netID)
		if len(b.table.byAddr[addr]) == 0 && !bt.givesOut(addr) {
			return addr, true
		}
	}
	return lorawan.DevAddr{}, false
}
