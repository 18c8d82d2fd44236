package bridge_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"gatewayd/bridge"
	"gatewayd/internal/store"
	"gatewayd/radio"
)

// brittle is a store in memory whose disk can be full.
type brittle struct {
	*memory
	mu   sync.Mutex
	full bool
}

func (s *brittle) Commit(b store.Batch) (map[string]int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.full {
		return nil, errors.New("no space left on device")
	}
	return s.memory.Commit(b)
}

func (s *brittle) set(full bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.full = full
}

// While the disk is full nothing is acknowledged and nothing is lost: frames
// are held in memory, in order, and taken up when there is room again.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	n, m, o := abp("lora1", 1, 1), abp("lora2", 2, 11), otaa("lora3", 3)
	synctest.Test(t, func(t *testing.T) {
		core, logs := observer.New(zap.InfoLevel)
		disk, tx := &brittle{memory: newMemory()}, &transmitter{}
		b, err := bridge.New(bridge.Options{
			Store: disk, Clock: bubbleClock{}, Log: zap.New(core), Network: bridge.Network{
				Region: regionOf(t, "EU868"), Gateways: map[string]bridge.Transmitter{"c0": tx},
				Nodes: []bridge.Node{inRegion(t, "EU868", n), inRegion(t, "EU868", m), inRegion(t, "EU868", o)},
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		up := make(chan radio.Uplink)
		done := make(chan error, 1)
		go func() { done <- b.Run(context.Background(), up, nil) }()
		start := time.Now()
		hear := func(phy []byte) {
			up <- radio.Uplink{
				Concentrator: "c0", Payload: phy, Ticks: radio.Ticks(time.Since(start).Microseconds()), Received: time.Now(),
				Frequency: 868_100_000, DataRate: radio.LoRaDataRate(7, 125_000),
			}
			<-time.After(300 * time.Millisecond)
		}
		hear(frameOf(n, 0, "before").bytes(t))
		disk.set(true)
		last := confirmed(n, 9).bytes(t)
		for i := range uint32(8) {
			hear(frameOf(n, i+1, fmt.Sprint("n", i)).bytes(t))
			hear(frameOf(m, i+1, fmt.Sprint("m", i)).bytes(t))
		}
		hear(last)
		hear(last) // the node repeats it for want of an acknowledgement
		hear(joinRequest(t, o, 1))
		if len(tx.sent) != 0 || b.Stats().Accepted != 1 || b.Stats().Held != 17 {
			t.Errorf("%d answers, %d accepted, %d held", len(tx.sent), b.Stats().Accepted, b.Stats().Held)
		}
		disk.set(false)
		<-time.After(2 * time.Second)
		hear(last)
		hear(joinRequest(t, o, 1))
		close(up)
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		messages, err := b.Feed(n).Pending(0, 100)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"before", "n0", "n1", "n2", "n3", "n4", "n5", "n6", "n7", "x"}, bodies(t, messages)); diff != "" {
			t.Errorf("messages (-want +got):\n%s\ndropped %v", diff, b.Stats().Dropped)
		}
		if others, _ := b.Feed(m).Pending(0, 100); len(others) != 8 {
			t.Errorf("%d messages of the other node", len(others))
		}
		if len(tx.sent) != 2 {
			t.Errorf("%d answers after the recovery, want the acknowledgement and the join accept", len(tx.sent))
		}
		if bad, again := logs.FilterMessageSnippet("cannot be written").Len(), logs.FilterMessageSnippet("written again").Len(); bad != 1 || again != 1 {
			t.Errorf("said %d times that it cannot be written and %d times that it can, want once", bad, again)
		}
	})
}
