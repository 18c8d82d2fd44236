package bridge_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/brocaar/lorawan"
	"github.com/google/go-cmp/cmp"

	"gatewayd/bridge"
	"gatewayd/radio"
)

// while runs the bridge around f.
func (b *bench) while(f func(ctx context.Context)) {
	b.t.Helper()
	up, tx := make(chan radio.Uplink), make(chan radio.TxResult)
	done := make(chan error, 1)
	go func() { done <- b.bridge.Run(context.Background(), up, tx) }()
	f(context.Background())
	close(up)
	if err := <-done; err != nil {
		b.t.Error(err)
	}
}

func (b *bench) enqueue(n bridge.Node, downlinks ...bridge.Downlink) (errs []error) {
	b.t.Helper()
	b.while(func(ctx context.Context) {
		for _, d := range downlinks {
			errs = append(errs, b.bridge.Enqueue(ctx, n.DeviceID, d))
		}
	})
	return errs
}

func (b *bench) queue(n bridge.Node) (queue []bridge.QueuedDownlink) {
	b.t.Helper()
	b.while(func(ctx context.Context) {
		var err error
		if queue, err = b.bridge.Queue(ctx, n.DeviceID); err != nil {
			b.t.Error(err)
		}
	})
	return queue
}

// events are the states told of the downlink with that id.
func (b *bench) events(n bridge.Node, id string) (states []string) {
	b.t.Helper()
	for _, m := range b.messages(n) {
		var e struct{ DownlinkID, State, Reason string }
		if err := json.Unmarshal(m.Body, &e); err != nil {
			b.t.Fatal(err)
		}
		if e.DownlinkID == id {
			states = append(states, e.State)
		}
	}
	return states
}

// received is a downlink as the node decodes it.
type received struct {
	fCnt      uint32
	confirmed bool
	ack       bool
	pending   bool
	port      int // -1: none
	payload   string
}

// take decodes what was sent last as node n does.
func (b *bench) take(n bridge.Node) received {
	b.t.Helper()
	if len(b.tx.sent) == 0 {
		b.t.Fatalf("nothing was sent; dropped %v", b.dropped())
	}
	var phy lorawan.PHYPayload
	if err := phy.UnmarshalBinary(b.tx.sent[len(b.tx.sent)-1].Payload); err != nil {
		b.t.Fatal(err)
	}
	if ok, err := phy.ValidateDownlinkDataMIC(lorawan.LoRaWAN1_0, 0, n.NwkSKey.Reveal()); err != nil || !ok {
		b.t.Fatalf("MIC of the downlink: %v, %v", ok, err)
	}
	mac := phy.MACPayload.(*lorawan.MACPayload)
	got := received{
		fCnt: mac.FHDR.FCnt, confirmed: phy.MHDR.MType == lorawan.ConfirmedDataDown,
		ack: mac.FHDR.FCtrl.ACK, pending: mac.FHDR.FCtrl.FPending, port: -1,
	}
	if mac.FPort != nil {
		got.port = int(*mac.FPort)
		if err := phy.DecryptFRMPayload(n.AppSKey.Reveal()); err != nil {
			b.t.Fatal(err)
		}
	}
	for _, p := range mac.FRMPayload {
		raw, _ := p.MarshalBinary()
		got.payload += string(raw)
	}
	return got
}

var cmpReceived = cmp.AllowUnexported(received{})

func TestClassADownlink(t *testing.T) {
	t.Parallel()
	n := abp("lora1", 1, 1)
	b := newBench(t, n)
	b.enqueue(n,
		bridge.Downlink{ID: "d1", FPort: 10, Payload: []byte("first")},
		bridge.Downlink{ID: "d2", FPort: 11, Payload: []byte("urgent"), Priority: 1},
	)
	if len(b.tx.sent) != 0 {
		t.Fatal("a class A node was sent something it does not listen for")
	}
	b.hear(frameOf(n, 1, "up").bytes(t))
	if d := b.tx.sent[0]; d.At != b.ticks.Add(time.Second) {
		t.Errorf("sent at +%v, want RX1", d.At.Sub(b.ticks))
	}
	if diff := cmp.Diff(received{port: 11, payload: "urgent", pending: true}, b.take(n), cmpReceived); diff != "" {
		t.Errorf("first (-want +got):\n%s", diff)
	}
	b.report(nil)
	b.hear(confirmed(n, 2).bytes(t))
	if diff := cmp.Diff(received{fCnt: 1, port: 10, payload: "first", ack: true}, b.take(n), cmpReceived); diff != "" {
		t.Errorf("second (-want +got):\n%s", diff)
	}
	b.report(nil)
	if diff := cmp.Diff([]string{"queued", "transmitted"}, b.events(n, "d2")); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	if q := b.queue(n); len(q) != 0 {
		t.Errorf("still queued: %+v", q)
	}
}

func TestConfirmedDownlink(t *testing.T) {
	t.Parallel()
	n := abp("lora1", 1, 1)
	n.Downlink.Attempts = 2
	ack := frameOf(n, 3, "up")
	for name, tt := range map[string]struct {
		ackAt int // which uplink acknowledges
		want  []string
	}{
		"at once": {1, []string{"queued", "transmitted", "acked"}},
		"second":  {2, []string{"queued", "transmitted", "transmitted", "acked"}},
		"never":   {9, []string{"queued", "transmitted", "transmitted", "nacked"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, n)
			b.enqueue(n, bridge.Downlink{ID: "d", FPort: 10, Payload: []byte("x"), Confirmed: true})
			used := map[uint32]bool{}
			for i := range uint32(4) {
				f := ack
				f.fCnt, f.ack = 3+i, int(i) == tt.ackAt
				sent := len(b.tx.sent)
				b.hear(f.bytes(t))
				if len(b.tx.sent) > sent {
					got := b.take(n)
					if !got.confirmed || got.payload != "x" || used[got.fCnt] {
						t.Errorf("sent %+v", got)
					}
					used[got.fCnt] = true
					b.report(nil)
				}
			}
			if diff := cmp.Diff(tt.want, b.events(n, "d")); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
		})
	}
}

// What nobody sent stays in the queue, also over a restart in between.
func TestDownlinkThatWasNotSentWaits(t *testing.T) {
	t.Parallel()
	n := abp("lora1", 1, 1)
	for name, fate := range map[string]func(*bench){
		"refused": func(b *bench) { b.tx.refuse = []radio.TxReason{radio.TxCollision, radio.TxCollision} },
		"lost": func(b *bench) {
			b.tx.refuse = []radio.TxReason{"", radio.TxTooLate}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, n)
			b.enqueue(n, bridge.Downlink{ID: "d", FPort: 10, Payload: []byte("x")})
			fate(b)
			b.hear(frameOf(n, 1, "up").bytes(t))
			if len(b.tx.sent) > 0 {
				b.report(&radio.TxError{Reason: radio.TxHardware})
			}
			if q := b.queue(n); len(q) != 1 || q[0].State != "waiting" {
				t.Fatalf("queue %+v", q)
			}
			b.restart()
			b.hear(frameOf(n, 2, "up").bytes(t))
			if got := b.take(n); got.payload != "x" {
				t.Errorf("sent %+v", got)
			}
		})
	}
	t.Run("killed in flight", func(t *testing.T) {
		t.Parallel()
		b := newBench(t, n)
		b.enqueue(n, bridge.Downlink{ID: "d", FPort: 10, Payload: []byte("x")})
		b.hear(frameOf(n, 1, "up").bytes(t))
		first := b.take(n)
		b.restart()
		b.hear(frameOf(n, 2, "up").bytes(t))
		if again := b.take(n); again.payload != "x" || again.fCnt <= first.fCnt {
			t.Errorf("sent %+v after %+v", again, first)
		}
	})
}

func TestDownlinkRejected(t *testing.T) {
	t.Parallel()
	n, group := abp("lora1", 1, 1), abp("group", 9, 5)
	n.Downlink.MaxWaiting = 2
	group.Multicast = true
	group.Group = bridge.Group{Frequency: 869_525_000, DataRate: 3}
	for name, tt := range map[string]struct {
		device string
		d      bridge.Downlink
		want   bridge.RejectReason
	}{
		"unknown":             {"nobody", bridge.Downlink{FPort: 1}, bridge.RejectUnknown},
		"port 0":              {"lora1", bridge.Downlink{}, bridge.RejectPort},
		"port 224":            {"lora1", bridge.Downlink{FPort: 224}, bridge.RejectPort},
		"too long":            {"lora1", bridge.Downlink{FPort: 1, Payload: make([]byte, 243)}, bridge.RejectSize},
		"expired":             {"lora1", bridge.Downlink{FPort: 1, Expires: time.Date(2026, 11, 22, 11, 0, 0, 0, time.UTC)}, bridge.RejectExpired},
		"confirmed multicast": {"group", bridge.Downlink{FPort: 1, Confirmed: true}, bridge.RejectConfirmed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, n, group)
			tt.d.ID = "d"
			b.while(func(ctx context.Context) {
				err := b.bridge.Enqueue(ctx, tt.device, tt.d)
				var rejected *bridge.RejectError
				if !errors.As(err, &rejected) || rejected.Reason != tt.want {
					t.Errorf("%v, want %s", err, tt.want)
				}
			})
			if tt.device == "lora1" {
				if diff := cmp.Diff([]string{"rejected"}, b.events(n, "d")); diff != "" {
					t.Errorf("events (-want +got):\n%s", diff)
				}
			}
		})
	}
	t.Run("full", func(t *testing.T) {
		t.Parallel()
		b := newBench(t, n)
		errs := b.enqueue(n, bridge.Downlink{FPort: 1}, bridge.Downlink{FPort: 1}, bridge.Downlink{FPort: 1}, bridge.Downlink{FPort: 1, Replace: true})
		if errs[0] != nil || errs[1] != nil || errs[2] == nil || errs[3] != nil {
			t.Errorf("%v", errs)
		}
		if q := b.queue(n); len(q) != 1 {
			t.Errorf("%d wait after one replaced the others", len(q))
		}
	})
}

// The hub offers a message again whose PUBACK it did not get.
func TestDownlinkOfferedTwice(t *testing.T) {
	t.Parallel()
	n := abp("lora1", 1, 1)
	b := newBench(t, n)
	d := bridge.Downlink{ID: "d", FPort: 10, Payload: []byte("x"), Once: true}
	b.enqueue(n, d, d)
	b.hear(frameOf(n, 1, "up").bytes(t))
	b.report(nil)
	b.restart()
	b.enqueue(n, d)
	if q := b.queue(n); len(q) != 0 {
		t.Errorf("queued again: %+v", q)
	}
	if diff := cmp.Diff([]string{"queued", "transmitted"}, b.events(n, "d")); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

// A payload too long for the data rate of RX1 goes in RX2 where that carries
// it, and otherwise waits for a better uplink while others pass.
func TestDownlinkSizeAgainstTheWindow(t *testing.T) {
	t.Parallel()
	n := abp("lora1", 1, 1)
	b := newBench(t, n)
	b.enqueue(n,
		bridge.Downlink{ID: "long", FPort: 1, Payload: make([]byte, 200), Priority: 1},
		bridge.Downlink{ID: "short", FPort: 2, Payload: []byte("x")},
	)
	slow := b.uplink(frameOf(n, 1, "up").bytes(t))
	slow.DataRate = radio.LoRaDataRate(12, 125_000)
	b.hearUplinks(slow)
	if got := b.take(n); got.port != 2 || got.pending {
		t.Errorf("after an uplink with SF12: %+v", got)
	}
	b.report(nil)
	b.hear(frameOf(n, 2, "up").bytes(t))
	if got := b.take(n); got.port != 1 || len(got.payload) != 200 {
		t.Errorf("after an uplink with SF7: %+v", got)
	}
	if d := b.tx.sent[1]; d.DataRate != radio.LoRaDataRate(7, 125_000) {
		t.Errorf("sent with %v", d.DataRate)
	}
	b.report(&radio.TxError{Reason: radio.TxTooLate})
	if len(b.tx.sent) != 2 {
		t.Errorf("tried in RX2, which cannot carry it: %+v", b.tx.sent[2])
	}
}
