package bridge

import (
	"time"
)

// settle judges the confirmed downlink that awaits the node's acknowledgement
// by an accepted uplink of it. A class A node acknowledges with its next
// uplink or not at all; a class C node has until its time-out. It returns the id
// of one that is acknowledged.
func (b *Bridge) settle(bt *batch, n *nodeState, ack bool) (acked string) {
	i, ok := n.view().busy()
	switch {
	case !ok || !i.Confirmed || i.Tried == 0 && i.State != itemFlying:
	case ack: // before the concentrator has said so, too
		bt.edit(n).remove(i.Seq)
		b.counters.acked.Add(1)
		b.event(bt, n, i, stateAcked, "")
		b.attendNow(n)
		acked = i.ID
	case i.State == itemAwaiting && !n.classC():
		b.unacknowledged(bt, n, i)
	}
	return acked
}

// unacknowledged puts a confirmed downlink back, or gives it up.
func (b *Bridge) unacknowledged(bt *batch, n *nodeState, i item) {
	st := bt.edit(n)
	if i.Tried < i.Attempts {
		i.State = itemWaiting
		st.put(i)
		return
	}
	st.remove(i.Seq)
	b.event(bt, n, i, stateNacked, "not acknowledged")
}

// emitted takes note that a concentrator has sent the item.
func (b *Bridge) emitted(bt *batch, n *nodeState, seq uint64) {
	i, ok := n.view().item(seq)
	if !ok {
		return
	}
	st := bt.edit(n)
	i.Tried++
	n.backOff = 0
	b.event(bt, n, i, stateTransmitted, "")
	if !i.Confirmed || i.Cancelled != "" {
		st.remove(seq)
		return
	}
	i.State = itemAwaiting
	st.put(i)
	n.ackBy = b.clock.Now().Add(n.node.Downlink.ackTimeout())
}

// Back-off of a downlink that no concentrator would send.
const (
	firstRetry = time.Second
	lastRetry  = time.Minute
)

// unsent takes note that nobody sent the item: it waits again.
func (b *Bridge) unsent(bt *batch, n *nodeState, seq uint64) {
	i, ok := n.view().item(seq)
	if !ok || i.State != itemFlying {
		return
	}
	if i.Cancelled != "" {
		bt.edit(n).remove(seq)
		b.event(bt, n, i, stateExpired, i.Cancelled)
		return
	}
	i.State = itemWaiting
	bt.edit(n).put(i)
	n.backOff = min(max(2*n.backOff, firstRetry), lastRetry)
	n.retryAt = b.clock.Now().Add(n.backOff)
}

// expire drops what is too late, and what was cancelled while it was with a
// concentrator of which nothing more will be heard. Nothing is too late by a
// clock that cannot be believed.
func (b *Bridge) expire(bt *batch, n *nodeState) {
	now, trusted := b.clock.Now(), b.trusted()
	for _, i := range n.view().queue {
		switch {
		case i.State == itemFlying:
		case i.Cancelled != "":
			bt.edit(n).remove(i.Seq)
			b.event(bt, n, i, stateExpired, i.Cancelled)
		case !trusted:
		case i.Expires.IsZero() && i.TTL > 0: // queued while the clock could not be believed
			i.Expires = now.Add(i.TTL)
			bt.edit(n).put(i)
		case i.expired(now):
			bt.edit(n).remove(i.Seq)
			b.event(bt, n, i, stateExpired, "too late")
		}
	}
}

// attendNow looks at n again as soon as the batch at hand is done.
func (b *Bridge) attendNow(n *nodeState) { b.agenda.add(b.clock.Now(), n.node.DeviceID) }

// reschedule says when to look at n next: when a downlink expires, is to be
// tried again, or is taken for lost.
func (b *Bridge) reschedule(n *nodeState) {
	now := b.clock.Now()
	for _, i := range n.state.queue {
		switch {
		case !n.classC() || i.State == itemFlying:
		case i.State == itemAwaiting:
			b.agenda.add(n.ackBy, n.node.DeviceID)
		case n.retryAt.After(now):
			b.agenda.add(n.retryAt, n.node.DeviceID)
		}
		if !i.Expires.IsZero() {
			// With the monotonic reading of now, so that times can be compared.
			b.agenda.add(now.Add(max(i.Expires.Sub(now), 0)), n.node.DeviceID)
		}
	}
}

// attend does what is due for a node apart from its uplinks: late downlinks
// go, and a class C node is sent the next one.
func (b *Bridge) attend(bt *batch, n *nodeState) {
	b.expire(bt, n)
	defer b.reschedule(n)
	// What is on its way has an older counter: it must not be overtaken.
	if !n.classC() || !n.view().hasActive || b.aloft(n.node.DeviceID) || bt.carries(n.node.DeviceID) {
		return
	}
	now := b.clock.Now()
	if i, ok := n.view().busy(); ok {
		if i.State == itemFlying || now.Before(n.ackBy) {
			return
		}
		b.unacknowledged(bt, n, i)
	}
	if now.Before(n.retryAt) {
		return
	}
	b.push(bt, n)
}
