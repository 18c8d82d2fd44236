package bridge_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"

	"gatewayd/bridge"
	"gatewayd/internal/store"
	"gatewayd/radio"
)

// leaky is a store whose bounds cost three messages of a device at its first
// commit.
type leaky struct {
	*memory
	leaked bool
}

func (l *leaky) Commit(b store.Batch) (map[string]int, error) {
	if _, err := l.memory.Commit(b); err != nil || l.leaked {
		return nil, err
	}
	l.leaked = true
	return map[string]int{"device:lora1": 3}, nil
}

// What was dropped is told once, also when the disk refuses to be told at
// first.
func TestDropsAreToldAfterAFullDisk(t *testing.T) {
	t.Parallel()
	n := abp("lora1", 1, 1)
	frame := frameOf(n, 1, "x").bytes(t)
	synctest.Test(t, func(t *testing.T) {
		s := &leaky{memory: newMemory()}
		b, err := bridge.New(bridge.Options{Store: s, Clock: bubbleClock{}, Log: zap.NewNop(), Network: bridge.Network{
			Region: regionOf(t, "EU868"), Nodes: []bridge.Node{inRegion(t, "EU868", n)},
		}})
		if err != nil {
			t.Fatal(err)
		}
		up := make(chan radio.Uplink)
		done := make(chan error, 1)
		go func() { done <- b.Run(context.Background(), up, nil) }()
		up <- radio.Uplink{Payload: frame, Received: time.Now(), Frequency: 868_100_000, DataRate: radio.LoRaDataRate(7, 125_000)}
		<-time.After(100 * time.Millisecond)
		s.refuse(diskFull)
		<-time.After(10 * time.Second)
		s.refuse(nil)
		<-time.After(10 * time.Second)
		close(up)
		if err := <-done; err != nil {
			t.Error(err)
		}
		messages, err := b.Feed(n).Pending(0, 10)
		if err != nil {
			t.Fatal(err)
		}
		type told struct {
			Event   string
			Dropped int
			Reason  string
		}
		var got []told
		for _, m := range messages[1:] {
			got = append(got, decode[told](t, m.Body))
		}
		if diff := cmp.Diff([]told{{"drop", 3, "the outbox was full, or they were older than max_age"}}, got); diff != "" {
			t.Errorf("told (-want +got):\n%s", diff)
		}
		if b.Stats().Overflowed != 3 {
			t.Errorf("%d overflowed", b.Stats().Overflowed)
		}
	})
}
