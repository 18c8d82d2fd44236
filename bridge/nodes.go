package bridge

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"gatewayd/hub"
)

type reload struct {
	nodes []Node
	done  chan error
}

// Apply replaces the node table. Nodes that stay keep their sessions. It
// returns when Run has taken it over.
func (b *Bridge) Apply(ctx context.Context, nodes []Node) error {
	r := reload{nodes: nodes, done: make(chan error, 1)}
	select {
	case b.reload <- r:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-r.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// setNodes makes nodes the table. On an error the old table stays.
func (b *Bridge) setNodes(nodes []Node) error {
	fresh := newTable()
	var errs []error
	for _, node := range nodes {
		n, err := b.load(node)
		if err != nil {
			errs = append(errs, fmt.Errorf("node %s: %w", node.Name, err))
			continue
		}
		fresh.add(n)
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	for _, n := range fresh.byKey {
		n.feed.node.Store(&n.node)
	}
	b.table = fresh
	return nil
}

// load returns node with what is known of it: from the table if it is there
// already, else from the store.
func (b *Bridge) load(node Node) (*nodeState, error) {
	if old := b.table.byKey[node.Key()]; old != nil {
		n := *old
		n.node = node
		n.personalise(b.random)
		return &n, nil
	}
	n := &nodeState{node: node, feed: b.feed(node)}
	raw, err := b.store.Session(node.Key())
	if err != nil {
		return nil, err
	}
	if raw != nil {
		if n.state, err = unmarshalState(raw); err != nil {
			return nil, err
		}
	}
	n.personalise(b.random)
	return n, nil
}

// personalise gives an ABP node the session of its configured address and
// keys. Counters are kept as long as these are the same.
func (n *nodeState) personalise(random func(int) []byte) {
	if n.node.OTAA {
		return
	}
	a := n.state.active
	if n.state.hasActive && a.devAddr == n.node.DevAddr && a.nwkSKey == n.node.NwkSKey && a.appSKey == n.node.AppSKey {
		return
	}
	n.state.active = session{
		id:      binary.BigEndian.Uint32(random(4)),
		devAddr: n.node.DevAddr,
		nwkSKey: n.node.NwkSKey,
		appSKey: n.node.AppSKey,
	}
	n.state.hasActive, n.state.hasJoining = true, false
}

// feed returns node's feed, the same one for ever.
func (b *Bridge) feed(node Node) *feed {
	b.mu.Lock()
	defer b.mu.Unlock()
	f := b.feeds[node.Key()]
	if f == nil {
		f = &feed{
			key: node.Key(), store: b.store, clock: b.clock, log: b.log,
			ready: make(chan struct{}, 1), bad: &b.counters.unreadable,
		}
		f.node.Store(&node)
		b.feeds[node.Key()] = f
	}
	return f
}

// Feed is where node's hub connection takes its messages from.
func (b *Bridge) Feed(node Node) hub.Feed { return b.feed(node) }
