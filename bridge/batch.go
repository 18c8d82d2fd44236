package bridge

import (
	"slices"

	"github.com/brocaar/lorawan"
	"go.uber.org/zap"

	"gatewayd/internal/store"
	"gatewayd/radio"
)

// batch is what one durable commit holds: everything that follows from what
// was waiting together. Nothing of it is visible outside before the commit,
// and nothing at all if the commit fails.
type batch struct {
	store    store.Batch
	dirty    []*nodeState     // whose next state differs
	wake     []*nodeState     // with a new outbox entry
	flights  []flight         // to send once durable
	landed   []radio.TxResult // flights to forget once durable
	grounded []flight         // whose downlinks go back into their queues
	greet    []greeting       // to log once durable
	after    []func()         // to do once durable
	frames   []reception      // accepted uplinks, to be held if the commit fails
	accepted int              // data uplinks
	joined   int              // join and rejoin requests
}

// greeting is the first uplink of a node's session since the start.
type greeting struct {
	node *nodeState
	up   reception
}

// edit returns n's state to change within the batch.
func (bt *batch) edit(n *nodeState) *state {
	if n.next == nil {
		next := n.state
		n.next = &next
		bt.dirty = append(bt.dirty, n)
	}
	return n.next
}

// Priorities of outbox entries: what the bounds drop first is the lowest.
const (
	priorityEvent  = 0
	priorityUplink = 1
)

// publish adds an outbox entry for n.
func (bt *batch) publish(n *nodeState, r record) {
	priority := uint8(priorityEvent)
	if r.Kind == kindUp { // proprietary frames prove nothing: anybody can send them
		priority = priorityUplink
	}
	bt.store.Outbox = append(bt.store.Outbox, store.Entry{Node: n.node.outboxKey(), Priority: priority, Record: r.marshal()})
	bt.wake = append(bt.wake, n)
}

// givesOut reports whether a join of this batch got addr.
func (bt *batch) givesOut(addr lorawan.DevAddr) bool {
	return slices.ContainsFunc(bt.dirty, func(n *nodeState) bool {
		return n.next.hasJoining && n.next.joining.devAddr == addr
	})
}

// carries reports whether a downlink to device leaves with the batch.
func (bt *batch) carries(device string) bool {
	return slices.ContainsFunc(bt.flights, func(f flight) bool { return f.device == device })
}

// empty reports whether there is nothing to commit.
func (bt *batch) empty() bool {
	return len(bt.dirty) == 0 && len(bt.store.Outbox) == 0 && len(bt.store.Put) == 0
}

// unawaited reports whether nobody is told anything because of the batch: it
// holds unconfirmed uplinks that are not answered, and may wait in memory
// where the operator has allowed that.
func (bt *batch) unawaited() bool {
	return len(bt.flights) == 0 && len(bt.landed) == 0 && bt.joined == 0 && bt.accepted > 0
}

// stage adds what n's next state changes in the store.
func (bt *batch) stage(n *nodeState) {
	bt.store.Put = append(bt.store.Put, store.Record{Bucket: sessionBucket, Key: n.node.sessionKey(), Value: n.next.marshal()})
	for _, old := range n.state.queue {
		if n.next.index(old.Seq) < 0 {
			bt.store.Put = append(bt.store.Put, store.Record{Bucket: itemBucket, Key: itemKey(n, old.Seq)})
		}
	}
	for _, i := range n.next.queue {
		if old, ok := n.state.item(i.Seq); !ok || !old.same(i) {
			bt.store.Put = append(bt.store.Put, store.Record{Bucket: itemBucket, Key: itemKey(n, i.Seq), Value: i.marshal()})
		}
	}
}

// same reports whether nothing that changes in the life of an item differs.
func (i item) same(j item) bool {
	return i.State == j.State && i.Tried == j.Tried && i.FCnt == j.FCnt && i.Cancelled == j.Cancelled && i.Expires.Equal(j.Expires)
}

// commit makes bt durable. On an error every node is as it was before.
func (b *Bridge) commit(bt *batch) error {
	bt.store.Now, bt.store.NowTrusted = b.clock.Now(), b.trusted()
	for _, n := range bt.dirty {
		bt.stage(n)
	}
	lost, err := b.store.Commit(bt.store)
	for _, n := range bt.dirty {
		next := n.next
		n.next = nil
		if err == nil {
			b.table.unindexAddrs(n)
			n.state = *next
			b.table.indexAddrs(n)
			b.reschedule(n)
		}
	}
	if err != nil {
		return err
	}
	b.overflowed(lost)
	for _, n := range bt.wake {
		n.feed.ready.Tell()
	}
	for _, g := range bt.greet {
		b.greet(g)
	}
	for _, f := range bt.after {
		f()
	}
	b.counters.accepted.Add(uint64(bt.accepted))
	b.counters.joined.Add(uint64(bt.joined))
	return nil
}

// greet logs that a node is there: once per session, never per frame.
func (b *Bridge) greet(g greeting) {
	s := g.node.state.active
	if g.node.greeted == s.id {
		return
	}
	g.node.greeted = s.id
	b.log.Info("node heard", nodeField(g.node), zap.String("device", g.node.node.DeviceID),
		zap.Stringer("dev_addr", s.devAddr), zap.Uint32("f_cnt", s.fCntUp), zap.Uint32("freq", g.up.Frequency),
		zap.Stringer("dr", g.up.DataRate), zap.Float32("rssi", g.up.RSSI), zap.Float32("snr", g.up.SNR))
}
