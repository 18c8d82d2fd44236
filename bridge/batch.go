package bridge

import (
	"encoding/json"
	"slices"

	"github.com/brocaar/lorawan"

	"gatewayd/internal/store"
)

// batch is what one durable commit holds: everything that follows from the
// frames that were waiting together. Nothing of it is visible outside before
// the commit, and nothing at all if the commit fails.
type batch struct {
	store    store.Batch
	dirty    []*nodeState // whose next state differs
	wake     []*nodeState // with a new outbox entry
	answers  []answer     // to send once durable
	accepted int          // data uplinks
	joined   int          // join requests
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
	bt.store.Outbox = append(bt.store.Outbox, store.Entry{Node: n.node.Key(), Record: raw})
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
		bt.store.Sessions = append(bt.store.Sessions, store.Session{Node: n.node.Key(), Record: n.next.marshal()})
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
	for node, count := range lost {
		b.overflowed(node, count)
	}
	for _, n := range bt.wake {
		n.feed.wake()
	}
	return nil
}
