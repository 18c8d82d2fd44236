package bridge_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"

	"gatewayd/bridge"
	"gatewayd/internal/store"
	"gatewayd/radio"
)

// What the bounds of the outbox cost a node is told to the cloud in one event,
// when all that was kept has got through.
func TestDropsAreTold(t *testing.T) {
	t.Parallel()
	n := abp("lora1", 1, 1)
	dir := filepath.Join(t.TempDir(), "store")
	synctest.Test(t, func(t *testing.T) {
		s, err := store.Open(dir, store.Options{MaxBytes: 4000})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = s.Close() }()
		b, err := bridge.New(bridge.Options{Store: s, Clock: bubbleClock{}, Log: zap.NewNop(), Network: bridge.Network{
			Region: regionOf(t, "EU868"), Nodes: []bridge.Node{inRegion(t, "EU868", n)},
		}})
		if err != nil {
			t.Fatal(err)
		}
		up := make(chan radio.Uplink)
		done := make(chan error, 1)
		go func() { done <- b.Run(context.Background(), up, nil) }()
		for i := range uint32(40) {
			up <- radio.Uplink{Concentrator: "c0", Payload: frameOf(n, i, fmt.Sprint(i)).bytes(t), Received: time.Now(), DataRate: radio.LoRaDataRate(7, 125_000), Frequency: 868_100_000}
		}
		<-time.After(5 * time.Second)
		feed := b.Feed(n)
		kept, err := feed.Pending(0, 100)
		if err != nil || len(kept) == 0 || len(kept) == 40 {
			t.Fatalf("%d messages kept, %v", len(kept), err)
		}
		for _, m := range kept {
			if m.Properties[0].Value != "up" {
				t.Errorf("%s was told before the others got through", m.Properties[0].Value)
			}
			feed.Done(m.Seq)
		}
		<-time.After(5 * time.Second)
		told, err := feed.Pending(0, 100)
		if err != nil || len(told) != 1 {
			t.Fatalf("%d messages after it, %v", len(told), err)
		}
		got := decode[struct {
			Event   string
			Dropped int
		}](t, told[0].Body)
		if got.Event != "drop" || got.Dropped != 40-len(kept) {
			t.Errorf("told %+v, want %d dropped", got, 40-len(kept))
		}
		close(up)
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	})
}
