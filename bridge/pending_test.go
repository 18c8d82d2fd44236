package bridge_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gatewayd/bridge"
	"gatewayd/radio"
)

// FPending makes a node open windows again: it is set when something waits
// that fits in them, and only then.
func TestFPending(t *testing.T) {
	t.Parallel()
	n := abp("lora1", 1, 1)
	big, small := make([]byte, 200), []byte("x")
	sf7, sf12 := radio.LoRaDataRate(7, 125_000), radio.LoRaDataRate(12, 125_000)
	for name, tt := range map[string]struct {
		queue [][]byte
		rate  radio.DataRate
		want  bool
	}{
		"nothing":                        {nil, sf7, false},
		"one that is taken":              {[][]byte{small}, sf7, false},
		"one behind it":                  {[][]byte{small, small}, sf7, true},
		"one too long for the data rate": {[][]byte{big}, sf12, false},
		"the same behind another":        {[][]byte{small, big}, sf12, false},
		"that fits in RX1 only":          {[][]byte{small, big}, sf7, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, n)
			for _, payload := range tt.queue {
				b.enqueue(n, bridge.Downlink{FPort: 1, Payload: payload})
			}
			b.ticks = b.ticks.Add(5 * time.Second)
			b.clock.pass(5 * time.Second)
			u := b.uplink(confirmed(n, 1).bytes(t))
			u.DataRate = tt.rate
			b.hearUplinks(u)
			if got := b.take(n); got.pending != tt.want || !got.ack {
				t.Errorf("sent %+v", got)
			}
		})
	}
}

// A multicast group is sent to with one data rate: what that cannot carry is
// rejected at once, because no better window will come.
func TestMulticastSize(t *testing.T) {
	t.Parallel()
	g := abp("group", 9, 5)
	g.Multicast = true
	for dr, most := range map[uint8]int{0: 51, 3: 115, 5: 242} {
		g.Group = bridge.Group{Frequency: 869_525_000, DataRate: dr}
		b := newBench(t, g)
		errs := b.enqueue(g,
			bridge.Downlink{FPort: 1, Payload: make([]byte, most)}, bridge.Downlink{FPort: 1, Payload: make([]byte, most+1)},
		)
		if errs[0] != nil || errs[1] == nil {
			t.Errorf("DR%d, %d bytes and one more: %v", dr, most, errs)
		}
	}
}

// A confirmed uplink that arrives while the acknowledgement of a downlink is
// awaited is acknowledged, and the downlink is sent with it again.
func TestAckBesideADownlink(t *testing.T) {
	t.Parallel()
	n := abp("lora1", 1, 1)
	b := newBench(t, n)
	b.enqueue(n, bridge.Downlink{ID: "d", FPort: 10, Payload: []byte("x"), Confirmed: true})
	b.hear(frameOf(n, 1, "up").bytes(t))
	b.report(nil)
	b.hear(confirmed(n, 2).bytes(t))
	want := received{fCnt: 1, confirmed: true, ack: true, port: 10, payload: "x"}
	if diff := cmp.Diff(want, b.take(n), cmpReceived); diff != "" {
		t.Errorf("sent (-want +got):\n%s", diff)
	}
}

// An acknowledgement that arrives before the concentrator's word on the
// downlink counts all the same.
func TestAckBeforeTheConcentratorsWord(t *testing.T) {
	t.Parallel()
	n := abp("lora1", 1, 1)
	b := newBench(t, n)
	b.enqueue(n, bridge.Downlink{ID: "d", FPort: 10, Payload: []byte("x"), Confirmed: true})
	b.hear(frameOf(n, 1, "up").bytes(t))
	f := frameOf(n, 2, "up")
	f.ack = true
	b.hear(f.bytes(t))
	b.report(nil)
	if diff := cmp.Diff([]string{"queued ", "acked "}, b.ends(n, "d")); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
	if got := b.bridge.Stats(); got.Acked != 1 || got.Sent != 1 || len(b.queue(n)) != 0 {
		t.Errorf("%+v, queue %+v", got, b.queue(n))
	}
}
