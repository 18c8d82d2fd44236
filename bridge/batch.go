package bridge

import (
	"encoding/json"
	"slices"

	"github.com/brocaar/lorawan"
	"go.uber.org/zap"

	"gatewayd/internal/store"
	"gatewayd/radio"
)

// batch is what one durable commit holds: everything that follows from the
// frames that were waiting together. Nothing of it is visible outside before
// the commit, and nothing at all if the commit fails.
type batch struct {
	store    store.Batch
	dirty    []*nodeState // whose next state differs
	wake     []*nodeState // with a new outbox entry
	answers  []answer     // to send once durable
	greet    []greeting   // to log once durable
	accepted int          // data uplinks
	joined   int          // join requests
}

// greeting is the first uplink of a node's session since the start.
type greeting struct {
	node *nodeState
	up   radio.Uplink
}

// edit returns n's state to change within the batch.
func (bt *batch) edit(n *nodeState) *state {
	if !n.dirty {
		n.next, n.dirty = n.state, true
		bt.dirty = append(bt.dirty, n)
	}
	return &n.next
}

// publish adds an outbox entry for n.
func (bt *batch) publish(n *nodeState, r record) {
	raw, err := json.Marshal(r)
	if err != nil { // a record has no field that JSON cannot hold, except a NaN from the radio
		r.RSSI, r.SNR = 0, 0
		raw, _ = json.Marshal(r)
	}
	bt.store.Outbox = append(bt.store.Outbox, store.Entry{Node: n.node.outboxKey(), Record: raw})
	bt.wake = append(bt.wake, n)
}

// givesOut reports whether a join of this batch got addr.
func (bt *batch) givesOut(addr lorawan.DevAddr) bool {
	return slices.ContainsFunc(bt.dirty, func(n *nodeState) bool {
		return n.next.hasJoining && n.next.joining.devAddr == addr
	})
}

// empty reports whether there is nothing to commit.
func (bt *batch) empty() bool { return len(bt.dirty) == 0 }

// commit makes bt durable. On an error every node is as it was before.
func (b *Bridge) commit(bt *batch) error {
	now := b.clock.Now()
	trusted, _ := b.clock.Trusted()
	bt.store.Now, bt.store.NowTrusted = now, trusted
	for _, n := range bt.dirty {
		bt.store.Sessions = append(bt.store.Sessions, store.Session{Node: n.node.sessionKey(), Record: n.next.marshal()})
	}
	lost, err := b.store.Commit(bt.store)
	for _, n := range bt.dirty {
		n.dirty = false
		if err == nil {
			b.table.unindexAddrs(n)
			n.state = n.next
			b.table.indexAddrs(n)
		}
	}
	if err != nil {
		return err
	}
	b.overflowed(lost)
	for _, n := range bt.wake {
		n.feed.wake()
	}
	for _, g := range bt.greet {
		b.greet(g)
	}
	return nil
}

// greet logs that a node is there: once per session, never per frame.
func (b *Bridge) greet(g greeting) {
	s := g.node.state.active
	if g.node.greeted == s.id {
		return
	}
	g.node.greeted = s.id
	b.log.Info("node heard", zap.String("node", g.node.node.Name), zap.String("device", g.node.node.DeviceID),
		zap.Stringer("dev_addr", s.devAddr), zap.Uint32("f_cnt", s.fCntUp), zap.Uint32("freq", g.up.Frequency),
		zap.Stringer("dr", g.up.DataRate), zap.Float32("rssi", g.up.RSSI), zap.Float32("snr", g.up.SNR))
}
