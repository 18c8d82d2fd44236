package bridge_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"

	"gatewayd/bridge"
	"gatewayd/radio"
)

// A node's policy may prefer RX2, whose transmissions other nodes do not
// disturb.
func TestRX2First(t *testing.T) {
	t.Parallel()
	n := abp("lora1", 1, 1)
	n.Downlink.RX2First = true
	b := newBench(t, n)
	b.hear(confirmed(n, 1).bytes(t))
	b.report(&radio.TxError{Reason: radio.TxCollision})
	var got []uint32
	for _, d := range b.tx.sent {
		got = append(got, d.Frequency)
	}
	if diff := cmp.Diff([]uint32{869_525_000, 868_300_000}, got); diff != "" {
		t.Errorf("frequencies (-want +got):\n%s", diff)
	}
}

// An uplink with a data rate or on a channel that the region does not have is
// accepted, and answered where that is possible.
func TestUplinkOutsideThePlan(t *testing.T) {
	t.Parallel()
	n := abp("lora1", 1, 1)
	for name, tt := range map[string]struct {
		change func(*radio.Uplink)
		want   uint32 // where it is answered, Hz
	}{
		"frequency": {func(u *radio.Uplink) { u.Frequency = 865_000_000 }, 865_000_000},
		"data rate": {func(u *radio.Uplink) { u.DataRate = radio.LoRaDataRate(9, 500_000) }, 869_525_000},
	} {
		b := newBench(t, n)
		u := b.uplink(confirmed(n, 1).bytes(t))
		tt.change(&u)
		b.hearUplinks(u)
		if got := b.bridge.Stats(); got.Accepted != 1 || len(b.tx.sent) != 1 {
			t.Fatalf("%s: accepted %d, %d answers", name, got.Accepted, len(b.tx.sent))
		}
		if got := b.tx.sent[0].Frequency; got != tt.want {
			t.Errorf("%s: answered on %d, want %d", name, got, tt.want)
		}
	}
}

// A concentrator that never says what became of a downlink does not stop its
// queue.
func TestConcentratorThatSaysNothing(t *testing.T) {
	t.Parallel()
	n := abp("lora1", 1, 1)
	frame := frameOf(n, 1, "up").bytes(t)
	synctest.Test(t, func(t *testing.T) {
		tx := &transmitter{}
		b, err := bridge.New(bridge.Options{
			Store: newMemory(), Clock: bubbleClock{}, Log: zap.NewNop(), Network: bridge.Network{
				Region: regionOf(t, "EU868"), Nodes: []bridge.Node{inRegion(t, "EU868", n)},
				Gateways: map[string]bridge.Transmitter{"c0": tx},
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		up := make(chan radio.Uplink)
		done := make(chan error, 1)
		go func() { done <- b.Run(t.Context(), up, nil) }()
		if err := b.Enqueue(t.Context(), "lora1", bridge.Downlink{ID: "d", FPort: 1, Payload: []byte("x")}); err != nil {
			t.Error(err)
		}
		up <- radio.Uplink{
			Concentrator: "c0", Payload: frame, Ticks: 1, Received: time.Now(),
			Frequency: 868_100_000, DataRate: radio.LoRaDataRate(7, 125_000),
		}
		state := func(want string, after time.Duration) {
			t.Helper()
			<-time.After(after)
			q, err := b.Queue(context.Background(), "lora1")
			if err != nil || len(q) != 1 || q[0].State != want {
				t.Errorf("queue %+v, %v, want it %s", q, err, want)
			}
		}
		state("flying", 30*time.Second)
		state("flying", time.Minute) // RX1 was given up, RX2 was tried
		state("waiting", time.Minute)
		if len(tx.sent) != 2 || b.Stats().Unsent != 1 {
			t.Errorf("%d tries, %d unsent", len(tx.sent), b.Stats().Unsent)
		}
		close(up)
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// A downlink that only RX2 can carry goes there, and is not tried in RX1.
func TestDownlinkThatOnlyRX2Carries(t *testing.T) {
	t.Parallel()
	n := inRegion(t, "EU868", abp("lora1", 1, 1))
	n.MAC.Factory.RX2DataRate = 3
	b := newBench(t, n)
	b.enqueue(n, bridge.Downlink{ID: "d", FPort: 1, Payload: make([]byte, 100)})
	u := b.uplink(frameOf(n, 1, "up").bytes(t))
	u.DataRate = radio.LoRaDataRate(12, 125_000)
	b.hearUplinks(u)
	if len(b.tx.sent) != 1 || b.tx.sent[0].Frequency != 869_525_000 || b.tx.sent[0].DataRate != radio.LoRaDataRate(9, 125_000) {
		t.Fatalf("sent %+v", b.tx.sent)
	}
	b.report(&radio.TxError{Reason: radio.TxTooLate})
	if len(b.tx.sent) != 1 {
		t.Errorf("tried in RX1, which cannot carry it: %+v", b.tx.sent[1])
	}
}

// When the hour's airtime in the sub-band of RX1 is used up, answers go out in
// RX2, whose sub-band has its own.
func TestDutyCycle(t *testing.T) {
	t.Parallel()
	n := abp("lora1", 1, 1)
	b := newBench(t, n)
	const frames = 60
	for i := range uint32(frames) {
		b.ticks = b.ticks.Add(5 * time.Second)
		b.clock.pass(5 * time.Second)
		u := b.uplink(confirmed(n, i).bytes(t))
		u.DataRate = radio.LoRaDataRate(12, 125_000)
		b.hearUplinks(u)
	}
	sent := map[uint32]int{}
	for _, d := range b.tx.sent {
		sent[d.Frequency]++
	}
	if sent[868_300_000] < 20 || sent[869_525_000] < 10 || len(b.tx.sent) != frames {
		t.Errorf("answers by frequency %v, want RX1 while it lasts, then RX2", sent)
	}
	if got := b.bridge.Stats(); got.Regulated == 0 || got.Unsent != 0 {
		t.Errorf("%d regulated, %d unsent", got.Regulated, got.Unsent)
	}
	b.while(func(ctx context.Context) {
		all, err := b.bridge.Airtime(ctx)
		if err != nil || len(all) != 1 || all[0].Concentrator != "c0" {
			t.Fatalf("airtime %+v, %v", all, err)
		}
	})
}
