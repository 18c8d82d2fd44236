package simulator

import (
	"context"
	"errors"
	"fmt"

	"gatewayd/internal/simulator/lorawan"
)

var (
	// ErrNotOTAA means that a node without AppKey was told to join.
	ErrNotOTAA = errors.New("node has no AppKey to join with")
	// ErrNoJoinAccept means that no join request was answered.
	ErrNoJoinAccept = errors.New("no join accept")
	// ErrNonceSpent means that a nonce has been counted to its end, and with
	// it the node's life under this JoinEUI.
	ErrNonceSpent = errors.New("no nonce is left that has not been used")
	// ErrNotRejoin means that a rejoin was asked of a node that has no session
	// of 1.1.
	ErrNotRejoin = errors.New("only a node that has joined a 1.1 network rejoins")
)

// maxBackoffFactor limits how far the pause between join requests grows.
const maxBackoffFactor = 16

// request is a join or rejoin request on its way.
type request struct {
	typ    lorawan.JoinType
	nonce  uint16 // DevNonce, or RJcount
	record *Join
}

// rejoin reports whether r is not a plain join request.
func (r *request) rejoin() bool { return r.typ != lorawan.Join }

// Join sends join requests, each with a new DevNonce, until one is answered
// in its windows, Config.JoinAttempts is reached or ctx ends.
func (n *Node) Join(ctx context.Context) error {
	if !n.cfg.otaa() {
		return fmt.Errorf("node %q: %w", n, ErrNotOTAA)
	}
	pause := n.cfg.JoinBackoff
	for i := 1; ; i++ {
		joined, err := n.ask(ctx, lorawan.Join, n.cfg.DataRate)
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

// Rejoin sends one rejoin request and reports whether a join accept answered
// it, as it need not: section 6.2.4.
func (n *Node) Rejoin(ctx context.Context, t lorawan.JoinType) (accepted bool, err error) {
	if t > lorawan.Rejoin2 {
		return false, fmt.Errorf("node %q: rejoin type %d: want 0 to 2", n, byte(t))
	}
	return n.ask(ctx, t, n.cfg.DataRate)
}

// ask sends one request at data rate dr and reports whether it was answered
// with a join accept.
func (n *Node) ask(ctx context.Context, t lorawan.JoinType, dr uint8) (joined bool, err error) {
	if err := n.take(ctx); err != nil {
		return false, err
	}
	defer n.release()
	req, phy, err := n.sealRequest(t)
	if err != nil {
		return false, fmt.Errorf("node %q: %w", n, err)
	}
	b, u := n.aimRequest(req, dr)
	b.phy = phy
	hear, err := n.transmit(ctx, b, u)
	if err != nil {
		return false, err
	}
	n.rec.requested(req.record, u.ends[0], n.now(), hear)
	if err := n.listen(ctx, u, true); err != nil {
		return false, err
	}
	return n.rec.joined(req.record), nil
}

// aimRequest chooses channel and windows. A join, and its like, rejoin type
// 1, use those of the region; other rejoins those of the session.
func (n *Node) aimRequest(req *request, dr uint8) (burst, *uplink) {
	n.mu.Lock()
	defer n.mu.Unlock()
	radio := n.cfg.initial()
	if req.typ == lorawan.Rejoin0 || req.typ == lorawan.Rejoin2 {
		radio = n.session.radio
	}
	channels := radio.channels.Usable(dr)
	if len(channels) == 0 {
		dr = radio.dataRate
		channels = radio.channels.Usable(dr)
	}
	c := n.pick(channels)
	rate, _ := n.cfg.Region.Rate(dr)
	return burst{hz: c.Hz, rate: rate}, &uplink{windows: radio.windows(n.cfg.Region, c, dr, joinDelay1), request: req}
}

// sealRequest makes the next request of type t and counts its nonce.
func (n *Node) sealRequest(t lorawan.JoinType) (*request, []byte, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if t == lorawan.Join {
		nonce, err := n.nextDevNonce()
		return n.newRequest(t, nonce), lorawan.SealJoinRequest(n.cfg.rootKey(), n.cfg.JoinEUI, n.cfg.DevEUI, nonce), err
	}
	s := n.session
	if s == nil || !s.v11() || !n.cfg.otaa() {
		return nil, nil, ErrNotRejoin
	}
	if t == lorawan.Rejoin1 {
		nonce, err := spend(&n.memory.rjCount1)
		key := lorawan.JSIntKey(n.cfg.NwkKey, n.cfg.DevEUI)
		return n.newRequest(t, nonce), lorawan.SealRejoin1(key, n.cfg.JoinEUI, n.cfg.DevEUI, nonce), err
	}
	nonce, err := spend(&s.rjCount0)
	return n.newRequest(t, nonce), lorawan.SealRejoin02(s.keys.SNwkSInt, t, s.netID, n.cfg.DevEUI, nonce), err
}

func (n *Node) newRequest(t lorawan.JoinType, nonce uint16) *request {
	return &request{typ: t, nonce: nonce, record: &Join{Node: n.cfg.Name, DevEUI: n.cfg.DevEUI, Type: t, DevNonce: nonce}}
}

// spend is the next value of a 16-bit counter that must not wrap.
func spend(next *uint32) (uint16, error) {
	if *next > 0xFFFF {
		return 0, ErrNonceSpent
	}
	*next++
	return uint16(*next - 1), nil
}

// nextDevNonce is the nonce of the next join request. n.mu is held.
func (n *Node) nextDevNonce() (uint16, error) {
	switch {
	case n.cfg.DevNonce != nil:
		return n.cfg.DevNonce(), nil
	case n.cfg.Version.CountsNonces():
		return spend(&n.memory.devNonce)
	}
	n.memory.devNonce++
	return uint16(n.memory.devNonce), nil
}
