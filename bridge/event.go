package bridge

import (
	"strings"
	"time"

	"github.com/brocaar/lorawan"
	"go.uber.org/zap"

	"gatewayd/bridge/mac"
)

// kind of a record, and the event type of the message it becomes.
type kind string

const (
	kindUp          kind = "up"
	kindProprietary kind = "proprietary" // a frame of another protocol
	kindJoin        kind = "join"
	kindTxAck       kind = "txack"  // how far a downlink has come
	kindAck         kind = "ack"    // what the node said to a confirmed downlink
	kindStatus      kind = "status" // battery and margin
	kindLog         kind = "log"    // what an operator should know
	kindDrop        kind = "drop"   // how many messages the outbox's bounds have cost
	kindStats       kind = "stats"  // what the gateway says of itself
)

// downlinkState is how far a downlink has come, as its sender is told.
type downlinkState string

const (
	stateQueued      downlinkState = "queued"
	stateTransmitted downlinkState = "transmitted"
	stateAcked       downlinkState = "acked"
	stateNacked      downlinkState = "nacked"
	stateExpired     downlinkState = "expired"
	stateRejected    downlinkState = "rejected"
)

// event tells the sender of a downlink what became of it.
func (b *Bridge) event(bt *batch, n *nodeState, i item, state downlinkState, reason string) {
	k := kindTxAck
	if state == stateAcked || state == stateNacked {
		k = kindAck
	}
	rec := newRecord(k, b.newEventID(), n.node.DevEUI)
	rec.DownlinkID, rec.CorrelationID = i.ID, i.CorrelationID
	rec.State, rec.Reason, rec.FCnt, rec.Attempt = string(state), reason, i.FCnt, i.Tried
	if i.FPort != 0 {
		rec.FPort = &i.FPort
	}
	b.publishEvent(bt, n, rec)
}

// publishEvent adds the event, dated now.
func (b *Bridge) publishEvent(bt *batch, n *nodeState, rec record) {
	if st := n.view(); st.hasActive {
		rec.DevAddr = st.active.devAddr
	}
	rec.stamp(b.clock, b.clock.Now())
	bt.publish(n, rec)
}

// joinEvent says that a node was given a session.
func (b *Bridge) joinEvent(bt *batch, j joining, addr lorawan.DevAddr) {
	rec := newRecord(kindJoin, b.newEventID(), j.node.node.DevEUI)
	rec.receivedBy(j.up)
	rec.stamp(b.clock, j.up.Received)
	rec.DevAddr = addr
	bt.publish(j.node, rec)
	bt.after = append(bt.after, func() { b.watchJoined(j.node, j.up) })
}

// report turns what the MAC layer learned into events and log lines.
func (b *Bridge) report(bt *batch, n *nodeState, outcome mac.Outcome) {
	for _, e := range outcome.Events {
		if e.Kind == mac.ClassChanged {
			b.attendNow(n)
		}
		rec := newRecord(kindLog, b.newEventID(), n.node.DevEUI)
		rec.State, rec.Reason, rec.Command = string(e.Kind), e.Detail, commandName(e.CID)
		if e.Kind == mac.StatusReported {
			rec.Kind, rec.State, rec.Reason = kindStatus, "", ""
			rec.Battery, rec.Margin = &e.Battery, &e.Margin
		}
		b.publishEvent(bt, n, rec)
		b.log.Info("node: "+strings.ReplaceAll(string(e.Kind), "_", " "), nodeField(n), zap.String("command", commandName(e.CID)), zap.String("detail", e.Detail))
	}
}

// tellDrops tells the cloud how many messages of a node were dropped, once
// everything that was kept has got through: before that it would only push out
// more.
func (b *Bridge) tellDrops(bt *batch) {
	if len(b.untold) == 0 {
		return
	}
	waiting := b.store.Waiting()
	for _, n := range b.table.byID {
		key := n.node.outboxKey()
		count := b.untold[key]
		if count == 0 || waiting[key] > 0 {
			continue
		}
		bt.after = append(bt.after, func() {
			if b.untold[key] -= count; b.untold[key] <= 0 {
				delete(b.untold, key)
			}
		})
		rec := newRecord(kindDrop, b.newEventID(), n.node.DevEUI)
		rec.Count, rec.Reason = count, "the outbox was full, or they were older than max_age"
		b.publishEvent(bt, n, rec)
	}
}

// commandName is empty where an event is not about a command.
func commandName(cid lorawan.CID) string {
	if cid == 0 {
		return ""
	}
	return cid.String()
}

// leaps is what GPS time is ahead of UTC since 2017.
const leaps = 18 * time.Second

// gpsTime is the GPS time at received; nil while the clock cannot be
// believed, because a node sets its own by it.
func (b *Bridge) gpsTime(received time.Time) *time.Duration {
	if !b.trusted() {
		return nil
	}
	// The wall part of received may be from before the clock was set.
	now := b.clock.Now()
	at := now.Add(-now.Sub(received)).UTC()
	since := at.Sub(time.Date(1980, time.January, 6, 0, 0, 0, 0, time.UTC)) + leaps
	return &since
}
