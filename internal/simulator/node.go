package simulator

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"gatewayd/internal/simulator/lorawan"
	"gatewayd/internal/simulator/regional"
)

// Node is one end device. Its methods are safe for concurrent use; one
// transmission and its receive windows at a time, as a radio has it.
type Node struct {
	cfg   Config
	sites []Site
	rec   *record
	now   func() time.Time

	turn chan struct{} // holds a token while somebody transmits or listens
	wake chan struct{} // holds a token when attend has something new to look at

	mu       sync.Mutex // guards what follows, and the uplinks in history
	rng      *rand.Rand
	session  *session // nil until activated
	history  history
	memory   memory
	groups   []*group
	requests []lorawan.Command // of the node, for the next uplink
	quiet    time.Time         // the duty cycle allows no transmission before
}

// memory is what a node keeps without power.
type memory struct {
	devNonce   uint32 // of the next join request
	joinNonce  uint32 // the highest seen; counts from 1.0.4 on
	joinNonces map[uint32]bool
	rjCount1   uint32 // of the next rejoin request of type 1
}

// newNode returns a node; cfg is valid and has its defaults.
func newNode(cfg Config, sites []Site, rec *record, now func() time.Time, rng *rand.Rand) *Node {
	n := &Node{
		cfg: cfg, rec: rec, now: now, rng: rng,
		turn: make(chan struct{}, 1), wake: make(chan struct{}, 1),
	}
	for _, s := range sites {
		if slices.Contains(s.Deaf, cfg.Name) {
			s.Air = nil
		}
		n.sites = append(n.sites, s)
	}
	n.reset()
	return n
}

// reset makes the node as it left the factory. n.mu is held, or nobody knows
// the node yet.
func (n *Node) reset() {
	n.memory = memory{joinNonces: make(map[uint32]bool)}
	if !n.cfg.Version.CountsNonces() {
		n.memory.devNonce = uint32(uint16(n.rng.Uint32()))
	}
	n.boot()
	if s := n.session; s != nil {
		s.fCntUp, s.fCntDown, s.appDown = n.cfg.FCntUp, n.cfg.FCntDown, n.cfg.AFCntDown
	}
	n.groups = newGroups(n.cfg)
}

// boot starts the node with what its memory has: an ABP node with its
// session, one that joins with none. n.mu is held.
func (n *Node) boot() {
	old := n.session
	n.session, n.history, n.requests, n.quiet = nil, nil, nil, time.Time{}
	if n.cfg.otaa() {
		return
	}
	s := &session{devAddr: n.cfg.DevAddr, keys: n.cfg.keys(), version: n.cfg.Version, radio: n.cfg.initial()}
	s.mac = n.greeting(s)
	// Before 1.0.4 nothing asks an ABP node to remember its counters.
	if old != nil && n.cfg.Version.CountsNonces() {
		s.fCntUp, s.fCntDown, s.appDown = old.fCntUp, old.fCntDown, old.appDown
	}
	n.session = s
}

// PowerCycle takes the node's power away and gives it back: it keeps only
// what its version has it store. It waits until the radio is idle.
func (n *Node) PowerCycle(ctx context.Context) error { return n.restart(ctx, n.boot) }

// FactoryReset makes the node forget everything, nonces and counters
// included, as the specification forbids and owners do.
func (n *Node) FactoryReset(ctx context.Context) error { return n.restart(ctx, n.reset) }

func (n *Node) restart(ctx context.Context, how func()) error {
	if err := n.take(ctx); err != nil {
		return err
	}
	defer n.release()
	n.mu.Lock()
	defer n.mu.Unlock()
	how()
	return nil
}

// String is the node's name.
func (n *Node) String() string { return n.cfg.Name }

// DevAddr is the address of the current session; false without one.
func (n *Node) DevAddr() (DevAddr, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.session == nil {
		return 0, false
	}
	return n.session.devAddr, true
}

// FCntUp is the counter of the next uplink; 0 without a session.
func (n *Node) FCntUp() uint32 {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.session == nil {
		return 0
	}
	return n.session.fCntUp
}

// Request adds MAC commands of the node to its next uplink: LinkCheck,
// DeviceTime, PingSlotInfo. The answers stand in Received.Commands.
func (n *Node) Request(commands ...lorawan.Command) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.requests = append(n.requests, commands...)
}

// take waits for the node's radio; release gives it back.
func (n *Node) take(ctx context.Context) error {
	select {
	case n.turn <- struct{}{}:
		if err := ctx.Err(); err != nil {
			n.release()
			return err
		}
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (n *Node) release() { <-n.turn }

// poke makes attend look for work.
func (n *Node) poke() {
	select {
	case n.wake <- struct{}{}:
	default:
	}
}

// between is a random duration from low to high.
func (n *Node) between(low, high time.Duration) time.Duration {
	if high <= low {
		return low
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	return low + time.Duration(n.rng.Int64N(int64(high-low)))
}

// pick is a random channel. n.mu is held.
func (n *Node) pick(channels []regional.Channel) regional.Channel {
	return channels[n.rng.IntN(len(channels))]
}

// sleep waits for d, or for ctx.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
