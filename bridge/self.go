package bridge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"gatewayd/hub"
)

// errNoSelf is returned where the gateway has no device identity.
var errNoSelf = errors.New("the gateway has no device identity of its own")

// PublishStats queues what the gateway says of itself as a message of its own
// device identity. stats is a JSON object.
func (b *Bridge) PublishStats(ctx context.Context, stats json.RawMessage) error {
	return b.do(ctx, func(bt *batch) error {
		n := b.table.self
		if n == nil {
			return errNoSelf
		}
		rec := newRecord(kindStats, b.newEventID(), n.node.DevEUI)
		rec.Stats = stats
		rec.stamp(b.clock, b.clock.Now())
		bt.publish(n, rec)
		return nil
	})
}

// SelfFeed is where the connection of the gateway's own device identity takes
// its messages from.
func (b *Bridge) SelfFeed(device string) hub.Feed {
	return b.feed(Node{Name: device, DeviceID: device})
}

// statsMessage is the gateway's own message.
func statsMessage(seq uint64, r record, node Node, clock Clock) (hub.Message, error) {
	at, _ := r.receivedAt(clock)
	body, err := json.Marshal(struct {
		Event    kind            `json:"event"`
		DeviceID string          `json:"deviceId"`
		At       string          `json:"at"`
		Stats    json.RawMessage `json:"stats"`
	}{kindStats, node.DeviceID, at.Format(timeFormat), r.Stats})
	if err != nil {
		return hub.Message{}, fmt.Errorf("outbox record %d: %w", seq, err)
	}
	return hub.Message{
		Seq: seq, ID: r.ID, ContentType: "application/json", ContentEncoding: "utf-8", Low: true,
		Properties: []hub.Property{{Key: "event", Value: string(kindStats)}}, Body: body,
	}, nil
}
