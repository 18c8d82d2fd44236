package bridge_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gatewayd/hub"
)

// What the gateway says of itself waits for the gateway's own device, and is
// the first to go where the hub's quota runs short.
func TestPublishStats(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	network := b.network(nil)
	network.Self = "gateway1"
	b.while(func(ctx context.Context) {
		if err := b.bridge.PublishStats(ctx, json.RawMessage(`{}`)); err == nil {
			t.Error("published without a device identity")
		}
		if err := b.bridge.Apply(ctx, network); err != nil {
			t.Fatal(err)
		}
		if err := b.bridge.PublishStats(ctx, json.RawMessage(`{"cpu":0.5}`)); err != nil {
			t.Error(err)
		}
	})
	feed := b.bridge.SelfFeed("gateway1")
	<-told(feed.Ready())
	messages, err := feed.Pending(0, 10)
	if err != nil || len(messages) != 1 {
		t.Fatalf("%d messages, %v", len(messages), err)
	}
	m := messages[0]
	want := map[string]any{"event": "stats", "deviceId": "gateway1", "at": "2026-11-22T12:00:00.000000Z", "stats": map[string]any{"cpu": 0.5}}
	if diff := cmp.Diff(want, decode[map[string]any](t, m.Body)); diff != "" {
		t.Errorf("body (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]hub.Property{{Key: "event", Value: "stats"}}, m.Properties); diff != "" || !m.Low || len(m.ID) != 24 {
		t.Errorf("id %q, low %v, properties (-want +got):\n%s", m.ID, m.Low, diff)
	}
	feed.Done(m.Seq)
	if left, err := feed.Pending(0, 10); err != nil || len(left) != 0 {
		t.Errorf("%d messages after it was acknowledged, %v", len(left), err)
	}
}

// The messages of the gateway's own device are not taken for those of a device
// that has left the configuration.
func TestSelfIsNoOrphan(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	network := b.network(nil)
	network.Self, network.Proprietary = "gateway1", "other"
	apply := func(ctx context.Context) {
		if err := b.bridge.Apply(ctx, network); err != nil {
			t.Error(err)
		}
	}
	b.while(func(ctx context.Context) {
		apply(ctx)
		if err := b.bridge.PublishStats(ctx, json.RawMessage(`{}`)); err != nil {
			t.Error(err)
		}
		apply(ctx)
	})
	if got := b.logs.FilterMessageSnippet("no longer configured").Len(); got != 0 {
		t.Errorf("mentioned %d times", got)
	}
}
