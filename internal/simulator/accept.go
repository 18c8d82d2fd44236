package simulator

import (
	"errors"
	"fmt"

	"gatewayd/internal/simulator/lorawan"
	"gatewayd/internal/simulator/regional"
)

// openAccept decrypts a join accept and verifies it as an answer to req, which may
// be nil where the MIC does not depend on it.
func (n *Node) openAccept(phy []byte, req *request) (lorawan.Accept, error) {
	key := n.cfg.rootKey()
	if req != nil && req.rejoin() {
		key = lorawan.JSEncKey(n.cfg.NwkKey, n.cfg.DevEUI)
	}
	a, err := lorawan.DecryptAccept(key, phy)
	if err != nil {
		return a, err
	}
	ok := false
	switch {
	case !n.cfg.v11() || !a.OptNeg:
		ok = a.VerifiedBy10(n.cfg.rootKey())
	case req != nil:
		ok = a.VerifiedBy11(lorawan.JSIntKey(n.cfg.NwkKey, n.cfg.DevEUI), req.typ, n.cfg.JoinEUI, req.nonce)
	}
	if !ok {
		return a, errAcceptMIC
	}
	return a, nil
}

// errAcceptMIC is a join accept that is for another node or request, or wrong.
var errAcceptMIC = errors.New("join accept: the MIC is not of this node's key and request")

// acceptsJoin reports whether em is a join accept that some request of this
// node may have asked for.
func (n *Node) acceptsJoin(em heard) bool {
	if !n.cfg.otaa() {
		return false
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if _, err := n.openAccept(em.Payload, nil); err == nil {
		return true
	}
	for _, u := range n.history {
		if u.request == nil {
			continue
		}
		if _, err := n.openAccept(em.Payload, u.request); err == nil {
			return true
		}
	}
	return false
}

// receiveJoinAccept judges a join accept for this node and, if the node can
// have heard it, starts the session it grants.
func (n *Node) receiveJoinAccept(em heard) {
	n.mu.Lock()
	defer n.mu.Unlock()
	u, w, offset, ok := n.hear(em, true)
	if !ok {
		return
	}
	a, err := n.openAccept(em.Payload, u.request)
	if err != nil {
		n.violate(em, fault{RuleMIC, err.Error()})
		return
	}
	if detail, bad := n.nonceRefused(a); bad {
		n.violate(em, fault{RuleJoinNonce, detail})
		return
	}
	s, err := n.grant(a, u.request)
	if err != nil {
		n.violate(em, fault{RuleJoinAccept, err.Error()})
		return
	}
	n.memory.joinNonces[a.JoinNonce] = true
	n.memory.joinNonce = max(n.memory.joinNonce, a.JoinNonce)
	n.session = s
	n.rec.accepted(u.request.record, a, w.name, offset)
	u.close()
	n.poke()
}

// nonceRefused says why a JoinNonce is refused: since 1.0.4 it must be
// greater than any before, and devices remember 0 at first. A 1.1 device
// cannot ask that of a network that speaks 1.0.
func (n *Node) nonceRefused(a lorawan.Accept) (string, bool) {
	nonce := a.JoinNonce
	if n.cfg.Version == lorawan.V104 || a.OptNeg {
		return fmt.Sprintf("JoinNonce %06X does not grow: %06X was seen", nonce, n.memory.joinNonce), nonce <= n.memory.joinNonce
	}
	return fmt.Sprintf("AppNonce %06X was used in an earlier join accept", nonce), n.memory.joinNonces[nonce]
}

// grant is the session of join accept a to req.
func (n *Node) grant(a lorawan.Accept, req *request) (*session, error) {
	if a.OptNeg && !n.cfg.v11() {
		return nil, fmt.Errorf("DLSettings: bit 7 is RFU under %s", n.cfg.Version)
	}
	if !a.OptNeg && req.rejoin() {
		return nil, fmt.Errorf("%s answered without OptNeg", req.typ)
	}
	s := &session{devAddr: a.DevAddr, netID: a.NetID, version: n.cfg.Version}
	switch {
	case a.OptNeg:
		s.keys = lorawan.DeriveKeys11(n.cfg.NwkKey, n.cfg.AppKey, a.JoinNonce, n.cfg.JoinEUI, req.nonce)
	default:
		s.keys = lorawan.DeriveKeys10(n.cfg.rootKey(), a.JoinNonce, a.NetID, req.nonce)
		if n.cfg.v11() {
			s.version = lorawan.V103 // the last that the commands of 1.1 were taken from
		}
	}
	s.mac = n.greeting(s)
	if req.typ == lorawan.Rejoin2 {
		s.radio = n.session.radio // rekeying leaves them alone: section 6.2.4
		return s, nil
	}
	radio, err := n.grantedRadio(a)
	s.radio = radio
	return s, err
}

// grantedRadio are the radio parameters that a grants.
func (n *Node) grantedRadio(a lorawan.Accept) (settings, error) {
	r := n.cfg.Region
	radio := n.cfg.initial()
	channels, err := r.WithCFList(a.CFList)
	if err == nil {
		err = errors.Join(r.CheckOffset(a.RX1Offset), r.CheckRX2Rate(a.RX2Rate))
	}
	if err != nil {
		return radio, err
	}
	radio.channels, radio.rx1Offset, radio.rx2, radio.rxDelay = channels, a.RX1Offset, a.RX2Rate, a.RXDelay
	if len(channels.Usable(radio.dataRate)) == 0 {
		return radio, fmt.Errorf("CFList leaves no channel for %s", rateName(r, radio.dataRate))
	}
	return radio, nil
}

// rateName is data rate dr as one reads it.
func rateName(r regional.Region, dr uint8) string {
	rate, _ := r.Rate(dr)
	return rate.String()
}
