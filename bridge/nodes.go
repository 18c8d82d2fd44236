package bridge

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"go.uber.org/zap"

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

// setNodes makes nodes the table. On an error the old table stays. A node
// whose session record is damaged is left out, because starting it anew would
// let replays pass; all others are served.
func (b *Bridge) setNodes(nodes []Node) error {
	fresh := newTable()
	for _, node := range nodes {
		n, err := b.load(node)
		switch {
		case errors.Is(err, errState):
			b.log.Error("node not served: give it new keys, or let it join anew under another DevEUI",
				zap.String("node", node.Name), zap.Error(err))
		case err != nil:
			return fmt.Errorf("node %s: %w", node.Name, err)
		default:
			fresh.add(n)
		}
	}
	for _, n := range fresh.byID {
		n.feed.node.Store(&n.node)
	}
	b.table = fresh
	b.warnOrphans()
	return nil
}

// warnOrphans says which messages wait for a device that no node has.
func (b *Bridge) warnOrphans() {
	waiting := b.store.Waiting()
	for _, n := range b.table.byID {
		delete(waiting, n.node.outboxKey())
	}
	for key, count := range waiting {
		b.log.Warn("messages wait for a device that is no longer configured: they are sent if it comes back before max_age",
			zap.String("outbox", key), zap.Int("messages", count))
	}
}

// load returns node with what is known of it: from the table if it is there
// already, else from the store.
func (b *Bridge) load(node Node) (*nodeState, error) {
	if old := b.table.byID[node.DeviceID]; old != nil && old.node.sessionKey() == node.sessionKey() {
		n := *old
		n.node = node
		return &n, nil
	}
	n := &nodeState{node: node, feed: b.feed(node)}
	raw, err := b.store.Session(node.sessionKey())
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

// personalise gives an ABP node that has never been heard the session of its
// configured address and keys.
func (n *nodeState) personalise(random func(int) []byte) {
	if n.node.OTAA || n.state.hasActive {
		return
	}
	n.state.hasActive = true
	n.state.active = session{
		id:      binary.BigEndian.Uint32(random(4)),
		devAddr: n.node.DevAddr,
		nwkSKey: n.node.NwkSKey,
		appSKey: n.node.AppSKey,
	}
}

// feed returns node's feed, the same one for ever.
func (b *Bridge) feed(node Node) *feed {
	b.mu.Lock()
	defer b.mu.Unlock()
	f := b.feeds[node.outboxKey()]
	if f == nil {
		f = &feed{
			key: node.outboxKey(), store: b.store, clock: b.clock, log: b.log,
			ready: make(chan struct{}, 1), bad: &b.counters.unreadable,
		}
		f.node.Store(&node)
		b.feeds[node.outboxKey()] = f
	}
	return f
}

// Feed is where node's hub connection takes its messages from.
func (b *Bridge) Feed(node Node) hub.Feed { return b.feed(node) }
