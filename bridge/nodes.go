package bridge

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/brocaar/lorawan"
	"go.uber.org/zap"

	"gatewayd/bridge/duty"
	"gatewayd/bridge/mac"
	"gatewayd/hub"
)

// sessionBucket is where sessions are kept in the store.
const sessionBucket = "session"

type reload struct {
	network Network
	done    chan error
}

// Apply replaces the network. Nodes that stay keep their sessions. It returns
// when Run has taken it over.
func (b *Bridge) Apply(ctx context.Context, n Network) error {
	r := reload{network: n, done: make(chan error, 1)}
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

// apply makes n the network. On an error the old one stays.
func (b *Bridge) apply(n Network) error {
	n = n.timed(b.counters.codec)
	region, codecs, decoder := b.region, b.codecs, b.decoder
	b.region, b.codecs, b.decoder = n.Region, n.Codecs, n.Decoder
	b.kit.Store(n.Kit)
	if err := b.setNodes(n); err != nil {
		b.region, b.codecs, b.decoder = region, codecs, decoder
		return err
	}
	if region != nil && !slices.Equal(region.SubBands(), n.Region.SubBands()) {
		b.ledgers = map[receiver]*duty.Ledger{}
	}
	b.netID = n.NetID
	b.setGateways(n.Gateways)
	return nil
}

// setNodes makes the nodes of n the table. On an error the old table stays. A node
// whose session record is damaged is left out, because starting it anew would
// let replays pass; all others are served.
func (b *Bridge) setNodes(n Network) error {
	fresh := newTable()
	for _, node := range n.Nodes {
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
	fresh.proprietary, fresh.self = b.mailbox(fresh, n.Proprietary), b.mailbox(fresh, n.Self)
	for _, n := range fresh.byID {
		n.feed.show(n.node)
		b.attendNow(n)
	}
	b.table = fresh
	b.warnOrphans()
	return nil
}

// mailbox is what sends the messages of a device identity: the node that has
// it, or something that does nothing else. nil without an identity.
func (b *Bridge) mailbox(t *table, device string) *nodeState {
	if device == "" {
		return nil
	}
	if n := t.byID[device]; n != nil {
		return n
	}
	node := Node{Name: device, DeviceID: device}
	return &nodeState{node: node, base: node, feed: b.feed(node), reports: b.reportsOf(node), state: newState()}
}

// warnOrphans says which messages wait for a device that no node has.
func (b *Bridge) warnOrphans() {
	waiting := b.store.Waiting()
	for _, n := range b.table.byID {
		delete(waiting, n.node.outboxKey())
	}
	for _, n := range []*nodeState{b.table.proprietary, b.table.self} {
		if n != nil {
			delete(waiting, n.node.outboxKey())
		}
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
		n.base = node
		n.node, _ = b.override(node, n.desiredDoc)
		b.rebase(&n)
		return &n, nil
	}
	n := &nodeState{node: node, base: node, feed: b.feed(node), reports: b.reportsOf(node), state: newState()}
	raw, ok := b.store.Get(sessionBucket, node.sessionKey())
	if ok {
		var err error
		if n.state, err = unmarshalState(raw); err != nil {
			return nil, err
		}
		b.rebase(n)
	}
	if doc := b.loadDesired(n); doc.Version > 0 {
		n.desiredDoc = doc
		var bad map[string]string
		n.node, bad = b.override(node, doc)
		n.reports.recall(bad)
	}
	var bad error
	if n.state.queue, bad = loadQueue(b.store, n); bad != nil {
		b.log.Error("downlinks of the queue are lost", nodeField(n), zap.Error(bad))
	}
	b.personalise(n)
	return n, nil
}

// rebase starts the MAC state of sessions anew that were made in another
// region: a node keeps its keys and counters when it is moved, and nothing
// else.
func (b *Bridge) rebase(n *nodeState) {
	for _, s := range []*session{&n.state.active, &n.state.joining} {
		switch v := n.node.Version; {
		case s.region != b.region.Name():
			s.region, s.mac = b.region.Name(), b.firstMAC(n.node)
		case s.mac.Version != v && s.v11 == (v >= mac.V1_1_0):
			s.mac.Version = v
		}
	}
}

// firstMAC is the MAC state of a node of which nothing is known but its
// configuration.
func (b *Bridge) firstMAC(n Node) mac.State {
	if !n.OTAA {
		return mac.NewState(b.region, n.Version, n.MAC.Factory)
	}
	return b.joined(n, b.joinAccept(n, 0, lorawan.DevAddr{}))
}

// personalise gives an ABP node, or a multicast group, that has never been
// heard the session of its configured address and keys.
func (b *Bridge) personalise(n *nodeState) {
	if n.node.OTAA || n.state.hasActive {
		return
	}
	s := session{id: b.newSessionID(), devAddr: n.node.DevAddr, v11: n.node.Version >= mac.V1_1_0}
	s.keys = keys10(n.node.NwkSKey, n.node.AppSKey)
	if s.v11 {
		s.keys.SNwkSInt, s.keys.NwkSEnc = n.node.SNwkSIntKey, n.node.NwkSEncKey
	}
	if n.node.Multicast {
		s.v11, s.nFCntDown = false, n.node.Group.FCnt
	}
	s.region, s.mac = b.region.Name(), b.firstMAC(n.node)
	n.state.hasActive, n.state.active = true, s
}

// feed returns node's feed, the same one for ever.
func (b *Bridge) feed(node Node) *feed {
	b.mu.Lock()
	defer b.mu.Unlock()
	f := b.feeds[node.outboxKey()]
	if f == nil {
		f = &feed{
			key: node.outboxKey(), store: b.store, clock: b.clock, log: b.log,
			bad: &b.counters.unreadable, shed: &b.counters.shed, order: b.takeUp, decoded: b.decoded,
		}
		f.show(node)
		b.feeds[node.outboxKey()] = f
	}
	return f
}

// reportsOf are node's reports, the same ones for ever.
func (b *Bridge) reportsOf(node Node) *reports {
	b.mu.Lock()
	defer b.mu.Unlock()
	r := b.reports[node.outboxKey()]
	if r == nil {
		r = newReports(b.log, node.DeviceID)
		b.reports[node.outboxKey()] = r
	}
	return r
}

// Feed is where node's hub connection takes its messages from.
func (b *Bridge) Feed(node Node) hub.Feed { return b.feed(node) }
