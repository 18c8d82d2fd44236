package simulator

import (
	"context"
	"errors"
	"fmt"

	"gatewayd/radio/radiotest"
)

var (
	// ErrNotOTAA means that a node without AppKey was told to join.
	ErrNotOTAA = errors.New("node has no AppKey to join with")
	// ErrNoJoinAccept means that no join request was answered.
	ErrNoJoinAccept = errors.New("no join accept")
)

// maxBackoffFactor limits how far the pause between join requests grows.
const maxBackoffFactor = 16

// Join sends join requests, each with a new DevNonce, until one is answered
// in its windows, Config.JoinAttempts is reached or ctx ends.
func (n *Node) Join(ctx context.Context) error {
	if !n.cfg.otaa() {
		return fmt.Errorf("node %q: %w", n, ErrNotOTAA)
	}
	pause := n.cfg.JoinBackoff
	for i := 1; ; i++ {
		joined, err := n.request(ctx)
		if joined || err != nil {
			return err
		}
		if i == n.cfg.JoinAttempts {
			return fmt.Errorf("node %q: %w to %d join requests", n, ErrNoJoinAccept, i)
		}
		if err := sleep(ctx, n.between(pause/2, pause)); err != nil {
			return err
		}
		pause = min(2*pause, maxBackoffFactor*n.cfg.JoinBackoff)
	}
}

// request sends one join request and reports whether it was answered.
func (n *Node) request(ctx context.Context) (joined bool, err error) {
	if err := n.take(ctx); err != nil {
		return false, err
	}
	defer n.release()
	r := n.cfg.Region
	c := n.pick(r.channels)
	join := &Join{Node: n.cfg.Name, DevEUI: n.cfg.DevEUI, DevNonce: n.nextDevNonce()}
	phy := sealJoinRequest(n.cfg.AppKey, n.cfg.JoinEUI, n.cfg.DevEUI, join.DevNonce)
	u := &uplink{windows: r.windows(c, n.cfg.DataRate, 0, r.rx2, joinDelay1), request: join}
	hear, err := n.transmit(ctx, phy, c, u)
	if err != nil {
		return false, err
	}
	n.rec.requested(join, u.end, n.now(), hear)
	if err := n.listen(ctx, u, true); err != nil {
		return false, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	return u.closed, nil
}

// nextDevNonce is the nonce of the next join request.
func (n *Node) nextDevNonce() uint16 {
	if n.cfg.DevNonce != nil {
		return n.cfg.DevNonce()
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.devNonce++
	return n.devNonce
}

// acceptsJoin reports whether em is a join accept under this node's AppKey.
func (n *Node) acceptsJoin(em radiotest.Emission) bool {
	if !n.cfg.otaa() {
		return false
	}
	_, err := openJoinAccept(n.cfg.AppKey, em.Payload)
	return err == nil
}

// receiveJoinAccept judges a join accept for this node and, if the node can
// have heard it, starts the session it grants.
func (n *Node) receiveJoinAccept(em radiotest.Emission) {
	n.mu.Lock()
	defer n.mu.Unlock()
	a, err := openJoinAccept(n.cfg.AppKey, em.Payload)
	if err != nil {
		n.violate(em, fault{RuleMalformed, err.Error()})
		return
	}
	u, w, offset, ok := n.hear(em, true)
	if !ok {
		return
	}
	if n.joinNonces[a.joinNonce] {
		n.violate(em, fault{RuleJoinNonce, fmt.Sprintf("AppNonce %06X was used in an earlier join accept", a.joinNonce)})
		return
	}
	s, err := n.grant(a, u.request.DevNonce)
	if err != nil {
		n.violate(em, fault{RuleJoinAccept, err.Error()})
		return
	}
	n.joinNonces[a.joinNonce] = true
	n.session = s
	n.rec.accepted(u.request, a, w.name, offset)
	u.close()
}

// grant is the session of join accept a to the request with devNonce.
func (n *Node) grant(a accept, devNonce uint16) (*session, error) {
	r := n.cfg.Region
	if err := r.checkDLSettings(a.rx1Offset, a.rx2); err != nil {
		return nil, err
	}
	channels, err := r.withCFList(a.cfList)
	if err != nil {
		return nil, err
	}
	if len(usable(channels, n.cfg.DataRate)) == 0 {
		return nil, fmt.Errorf("CFList leaves no channel for %s", n.rate())
	}
	return &session{
		devAddr:   a.devAddr,
		nwkSKey:   sessionKey(n.cfg.AppKey, nwkSKeyLabel, a.joinNonce, a.netID, devNonce),
		appSKey:   sessionKey(n.cfg.AppKey, appSKeyLabel, a.joinNonce, a.netID, devNonce),
		channels:  channels,
		rx1Offset: a.rx1Offset,
		rx2:       a.rx2,
		rxDelay:   a.rxDelay,
	}, nil
}
