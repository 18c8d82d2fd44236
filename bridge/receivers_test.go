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

// A repeated frame that is heard on a neighbouring channel too, as strong ones
// are, is one transmission, and is answered once.
func TestGhostOfARetransmission(t *testing.T) {
	t.Parallel()
	n := abp("lora1", 1, 1)
	b := newBench(t, n)
	f := confirmed(n, 1).bytes(t)
	b.hear(f)
	b.ticks = b.ticks.Add(5 * time.Second)
	b.clock.pass(5 * time.Second)
	u := b.uplink(f)
	ghost := u
	ghost.Ticks, ghost.Frequency, ghost.RSSI = u.Ticks.Add(300*time.Microsecond), 868_100_000, -100
	b.hearUplinks(u, ghost)
	if len(b.tx.sent) != 2 {
		t.Errorf("%d downlinks for two transmissions of a confirmed uplink", len(b.tx.sent))
	}
	want := map[bridge.Reason]uint64{bridge.Retransmission: 1, bridge.Duplicate: 1}
	if diff := cmp.Diff(want, b.dropped()); diff != "" {
		t.Errorf("dropped (-want +got):\n%s", diff)
	}
}

// hall is a bridge in a bubble that hears several gateways.
type hall struct {
	t      *testing.T
	bridge *bridge.Bridge
	tx     *transmitter
	up     chan radio.Uplink
	start  time.Time
	stop   func()
}

// newHall is made in a bubble.
func newHall(t *testing.T, dedup time.Duration, nodes ...bridge.Node) *hall {
	t.Helper()
	h := &hall{t: t, tx: &transmitter{}, up: make(chan radio.Uplink), start: time.Now()}
	for i := range nodes {
		nodes[i] = inRegion(t, "EU868", nodes[i])
	}
	var err error
	if h.bridge, err = bridge.New(bridge.Options{
		Store: newMemory(), Clock: bubbleClock{}, Log: zap.NewNop(), Dedup: dedup, Network: bridge.Network{
			Region: regionOf(t, "EU868"), Nodes: nodes, Gateways: map[string]bridge.Transmitter{"udp": h.tx},
		},
	}); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- h.bridge.Run(context.Background(), h.up, nil) }()
	h.stop = func() {
		close(h.up)
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	return h
}

// hear hands over one copy of a frame, heard by a gateway of the concentrator
// "udp", whose microseconds begin somewhere.
func (h *hall) hear(phy []byte, gateway byte, rssi, snr float32) radio.Uplink {
	since := time.Since(h.start)
	u := radio.Uplink{
		Concentrator: "udp", Gateway: radio.EUI64{gateway}, Payload: phy, Received: time.Now(),
		Ticks: radio.Ticks(gateway) * 1_000_000_000, Frequency: 868_100_000, DataRate: radio.LoRaDataRate(7, 125_000), RSSI: rssi, SNR: snr,
	}
	u.Ticks = u.Ticks.Add(since)
	h.up <- u
	return u
}

// One concentrator may be the socket of several gateways: they are told apart,
// the message names each once, and the best answers, by its own clock.
func TestGatewaysOfOneConcentrator(t *testing.T) {
	t.Parallel()
	n := abp("lora1", 1, 1)
	first, second := frameOf(n, 1, "first").bytes(t), confirmed(n, 2).bytes(t)
	synctest.Test(t, func(t *testing.T) {
		h := newHall(t, 200*time.Millisecond, n)
		h.hear(first, 1, -100, 1)
		h.hear(first, 2, -90, 5)
		<-time.After(time.Second)
		h.hear(second, 3, -110, -4)
		best := h.hear(second, 2, -80, 8)
		h.hear(second, 2, -105, -9) // on a neighbouring channel
		h.hear(second, 1, -80, 7)
		<-time.After(time.Second)
		h.stop()
		messages, err := h.bridge.Feed(n).Pending(0, 10)
		if err != nil || len(messages) != 2 {
			t.Fatalf("%d messages, %v; %v", len(messages), err, h.bridge.Stats().Dropped)
		}
		type receiver struct {
			GatewayEUI   string
			Concentrator string
			RSSI, SNR    float32
		}
		got := decode[struct{ Receivers []receiver }](t, messages[1].Body).Receivers
		want := []receiver{
			{"0200000000000000", "udp", -80, 8}, {"0100000000000000", "udp", -80, 7}, {"0300000000000000", "udp", -110, -4},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("receivers (-want +got):\n%s", diff)
		}
		if len(h.tx.sent) != 1 || h.tx.sent[0].Gateway != best.Gateway || h.tx.sent[0].At != best.Ticks.Add(time.Second) {
			t.Errorf("answered by %+v", h.tx.sent)
		}
	})
}

// As long as one gateway is heard nothing waits for copies, and one that has
// fallen silent is not waited for for ever.
func TestOneGatewayIsNotHeldUp(t *testing.T) {
	t.Parallel()
	n := abp("lora1", 1, 1)
	var frames [][]byte
	for i := range uint32(4) {
		frames = append(frames, frameOf(n, i, "x").bytes(t))
	}
	synctest.Test(t, func(t *testing.T) {
		h := newHall(t, 200*time.Millisecond, n)
		defer h.stop()
		accepted := func(want uint64, after time.Duration, when string) {
			t.Helper()
			<-time.After(after)
			if got := h.bridge.Stats().Accepted; got != want {
				t.Errorf("%s: %d accepted, want %d", when, got, want)
			}
		}
		h.hear(frames[0], 1, -80, 8)
		accepted(1, time.Millisecond, "one gateway")
		h.hear(frames[1], 2, -80, 8)
		accepted(1, 100*time.Millisecond, "within the window")
		accepted(2, 150*time.Millisecond, "after it")
		h.hear(frames[2], 1, -80, 8)
		accepted(2, 100*time.Millisecond, "two gateways")
		accepted(3, 150*time.Millisecond, "after the window")
		<-time.After(2 * time.Hour)
		h.hear(frames[3], 1, -80, 8)
		accepted(4, time.Millisecond, "alone again")
	})
}

// What waits for copies when the bridge ends is not lost.
func TestWindowsAreClosedAtTheEnd(t *testing.T) {
	t.Parallel()
	n := abp("lora1", 1, 1)
	a, b := frameOf(n, 1, "a").bytes(t), frameOf(n, 2, "b").bytes(t)
	synctest.Test(t, func(t *testing.T) {
		h := newHall(t, time.Second, n)
		h.hear(a, 1, -80, 8)
		h.hear(b, 2, -80, 8)
		h.stop()
		messages, err := h.bridge.Feed(n).Pending(0, 10)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"a", "b"}, bodies(t, messages)); diff != "" {
			t.Errorf("published (-want +got):\n%s", diff)
		}
	})
}
