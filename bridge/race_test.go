package bridge_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"gatewayd/bridge"
	"gatewayd/bridge/mac"
	"gatewayd/radio"
)

// What is told of a session is a copy: whoever reads it races with nothing.
func TestSessionInfoIsACopy(t *testing.T) {
	t.Parallel()
	n := abp("lora1", 1, 1)
	n.Version, n.SNwkSIntKey, n.NwkSEncKey = mac.V1_1_0, key(8), key(9)
	b := newBench(t, n)
	up, tx := make(chan radio.Uplink), make(chan radio.TxResult)
	done := make(chan error, 1)
	go func() { done <- b.bridge.Run(context.Background(), up, tx) }()
	for i := range 20 {
		info, err := b.bridge.Session(context.Background(), "lora1")
		if err != nil {
			t.Fatal(err)
		}
		queued := make(chan error, 1)
		go func() {
			queued <- b.bridge.Enqueue(context.Background(), "lora1", bridge.Downlink{ID: fmt.Sprint(i), FPort: 1})
		}()
		for range 20 {
			if _, err := json.Marshal(info); err != nil {
				t.Fatal(err)
			}
		}
		if err := <-queued; err != nil {
			t.Error(err)
		}
	}
	close(up)
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// Whoever stops waiting for an answer gets none, not half of one that Run is
// still at.
func TestContextEndsWhileRunAnswers(t *testing.T) {
	t.Parallel()
	var nodes []bridge.Node
	for i := range 300 {
		nodes = append(nodes, abp(fmt.Sprint("lora", i), 0x26010203+uint32(i), 3))
	}
	b := newBench(t, nodes...)
	up, tx := make(chan radio.Uplink), make(chan radio.TxResult)
	done := make(chan error, 1)
	go func() { done <- b.bridge.Run(context.Background(), up, tx) }()
	for i := range 200 {
		ctx, cancel := context.WithTimeout(context.Background(), time.Duration(i)*time.Microsecond)
		all, err := b.bridge.Sessions(ctx)
		switch {
		case err == nil && len(all) != 300, err != nil && all != nil, err != nil && !errors.Is(err, context.DeadlineExceeded):
			t.Errorf("%d sessions, %v", len(all), err)
		}
		if _, err := json.Marshal(all); err != nil {
			t.Error(err)
		}
		cancel()
	}
	close(up)
	if err := <-done; err != nil {
		t.Error(err)
	}
}
