package bridge_test

import (
	"context"
	"testing"
	"time"

	"github.com/brocaar/lorawan"
	"github.com/google/go-cmp/cmp"

	"gatewayd/bridge"
	"gatewayd/radio"
)

// apply reloads the node table while Run is at work.
func (b *bench) apply(nodes ...bridge.Node) {
	b.t.Helper()
	up := make(chan radio.Uplink)
	done := make(chan error, 1)
	go func() { done <- b.bridge.Run(context.Background(), up, nil) }()
	if err := b.bridge.Apply(context.Background(), b.network(nodes)); err != nil {
		b.t.Error(err)
	}
	close(up)
	if err := <-done; err != nil {
		b.t.Error(err)
	}
}

// report hands the bridge the fate of its last transmission.
func (b *bench) report(err error) {
	b.t.Helper()
	up, tx := make(chan radio.Uplink), make(chan radio.TxResult)
	done := make(chan error, 1)
	go func() { done <- b.bridge.Run(context.Background(), up, tx) }()
	tx <- radio.TxResult{Concentrator: "c0", ID: b.tx.sent[len(b.tx.sent)-1].ID, Err: err}
	close(up)
	if err := <-done; err != nil {
		b.t.Error(err)
	}
}

// ackOf checks d as the node would and returns its FCntDown.
func ackOf(t *testing.T, d radio.Downlink, nwk lorawan.AES128Key) (fCntDown uint32, ack bool) {
	t.Helper()
	var phy lorawan.PHYPayload
	if err := phy.UnmarshalBinary(d.Payload); err != nil {
		t.Fatal(err)
	}
	if ok, err := phy.ValidateDownlinkDataMIC(lorawan.LoRaWAN1_0, 0, nwk); err != nil || !ok {
		t.Fatalf("MIC of the downlink: %v, %v", ok, err)
	}
	mac := phy.MACPayload.(*lorawan.MACPayload)
	return mac.FHDR.FCnt, mac.FHDR.FCtrl.ACK
}

func confirmed(n bridge.Node, fCnt uint32) uplinkFrame {
	f := frameOf(n, fCnt, "x")
	f.confirmed = true
	return f
}

func TestConfirmedUplinkIsAcknowledgedInRX1(t *testing.T) {
	t.Parallel()
	n := abp("lora1", 1, 1)
	for _, tt := range []struct {
		region   string
		freq     uint32
		dr       radio.DataRate
		wantFreq uint32
		wantDR   radio.DataRate
	}{
		{"EU868", 868_300_000, radio.LoRaDataRate(7, 125_000), 868_300_000, radio.LoRaDataRate(7, 125_000)},
		{"EU868", 867_900_000, radio.LoRaDataRate(12, 125_000), 867_900_000, radio.LoRaDataRate(12, 125_000)},
		{"EU868", 868_300_000, radio.LoRaDataRate(7, 250_000), 868_300_000, radio.LoRaDataRate(7, 250_000)},
		{"US915", 902_300_000, radio.LoRaDataRate(10, 125_000), 923_300_000, radio.LoRaDataRate(10, 500_000)},
		{"US915", 905_300_000, radio.LoRaDataRate(7, 125_000), 927_500_000, radio.LoRaDataRate(7, 500_000)},
		{"US915", 904_600_000, radio.LoRaDataRate(8, 500_000), 923_900_000, radio.LoRaDataRate(7, 500_000)},
	} {
		t.Run(tt.region+" "+tt.dr.String(), func(t *testing.T) {
			t.Parallel()
			b := newBenchIn(t, tt.region, n)
			u := b.uplink(confirmed(n, 1).bytes(t))
			u.Frequency, u.DataRate = tt.freq, tt.dr
			b.hearUplinks(u)
			if len(b.tx.sent) != 1 {
				t.Fatalf("%d downlinks, want 1", len(b.tx.sent))
			}
			d := b.tx.sent[0]
			if d.At != u.Ticks.Add(time.Second) || d.Frequency != tt.wantFreq || d.DataRate != tt.wantDR {
				t.Errorf("at +%v on %d with %v, want +1s on %d with %v",
					d.At.Sub(u.Ticks), d.Frequency, d.DataRate, tt.wantFreq, tt.wantDR)
			}
			if _, ack := ackOf(t, d, lorawan.AES128Key(n.NwkSKey.Reveal())); !ack {
				t.Error("no ACK bit")
			}
		})
	}
}

func TestADRACKReqIsAnswered(t *testing.T) {
	t.Parallel()
	n := abp("lora1", 1, 1)
	b := newBench(t, n)
	f := frameOf(n, 1, "x")
	f.adrAckReq = true
	b.hear(f.bytes(t))
	if len(b.tx.sent) != 1 {
		t.Fatalf("%d downlinks, want 1", len(b.tx.sent))
	}
	if _, ack := ackOf(t, b.tx.sent[0], lorawan.AES128Key(n.NwkSKey.Reveal())); ack {
		t.Error("ACK bit for an unconfirmed uplink")
	}
}

// FCntDown is never used twice, whatever happens between two uplinks.
func TestFCntDownNeverReused(t *testing.T) {
	t.Parallel()
	n := abp("lora1", 1, 1)
	b := newBench(t, n)
	nwk := lorawan.AES128Key(n.NwkSKey.Reveal())
	var used []uint32
	note := func() {
		for _, d := range b.tx.sent {
			fCnt, _ := ackOf(t, d, nwk)
			used = append(used, fCnt)
		}
		b.tx.sent = nil
	}
	b.hear(confirmed(n, 1).bytes(t))
	b.hear(confirmed(n, 1).bytes(t)) // repeated: its ACK was lost
	note()
	b.restart()
	b.hear(confirmed(n, 2).bytes(t), confirmed(n, 3).bytes(t))
	note()
	if diff := cmp.Diff([]uint32{0, 1, 2, 3}, used); diff != "" {
		t.Errorf("FCntDown (-want +got):\n%s", diff)
	}
}

func TestRetransmissionIsAcknowledgedAgainButNotPublished(t *testing.T) {
	t.Parallel()
	n := abp("lora1", 1, 1)
	b := newBench(t, n)
	frame := confirmed(n, 1).bytes(t)
	for range 20 {
		b.hear(frame)
	}
	if got := len(b.messages(n)); got != 1 {
		t.Errorf("%d messages, want 1", got)
	}
	// One for the frame, and no more repetitions than a node may make.
	if len(b.tx.sent) != 16 {
		t.Errorf("%d acknowledgements, want 16", len(b.tx.sent))
	}
	want := map[bridge.Reason]uint64{bridge.Retransmission: 15, bridge.Replay: 4}
	if diff := cmp.Diff(want, b.dropped()); diff != "" {
		t.Errorf("dropped (-want +got):\n%s", diff)
	}
}

func TestRX2WhenRX1IsRefusedOrMissed(t *testing.T) {
	t.Parallel()
	n := abp("lora1", 1, 1)
	rx2 := func(b *bench) {
		b.t.Helper()
		d := b.tx.sent[len(b.tx.sent)-1]
		if d.At != b.ticks.Add(2*time.Second) || d.Frequency != 869_525_000 || d.DataRate != radio.LoRaDataRate(12, 125_000) {
			b.t.Errorf("RX2 at +%v on %d with %v", d.At.Sub(b.ticks), d.Frequency, d.DataRate)
		}
	}
	t.Run("refused", func(t *testing.T) {
		t.Parallel()
		b := newBench(t, n)
		b.tx.refuse = []radio.TxReason{radio.TxCollision}
		b.hear(confirmed(n, 1).bytes(t))
		if len(b.tx.sent) != 1 {
			t.Fatalf("%d downlinks, want 1", len(b.tx.sent))
		}
		rx2(b)
		b.report(nil)
		if s := b.bridge.Stats(); s.Sent != 1 || s.Unsent != 0 {
			t.Errorf("sent %d, unsent %d", s.Sent, s.Unsent)
		}
	})
	t.Run("missed", func(t *testing.T) {
		t.Parallel()
		b := newBench(t, n)
		b.hear(confirmed(n, 1).bytes(t))
		first := b.tx.sent[0].Payload
		b.report(&radio.TxError{Reason: radio.TxTooLate})
		if len(b.tx.sent) != 2 {
			t.Fatalf("%d downlinks, want 2", len(b.tx.sent))
		}
		rx2(b)
		if diff := cmp.Diff(first, b.tx.sent[1].Payload); diff != "" {
			t.Errorf("RX2 carries another frame:\n%s", diff)
		}
		b.report(&radio.TxError{Reason: radio.TxHardware})
		if s := b.bridge.Stats(); s.Sent != 0 || s.Unsent != 1 || len(b.tx.sent) != 2 {
			t.Errorf("sent %d, unsent %d, %d downlinks", s.Sent, s.Unsent, len(b.tx.sent))
		}
	})
	t.Run("both refused", func(t *testing.T) {
		t.Parallel()
		b := newBench(t, n)
		b.tx.refuse = []radio.TxReason{radio.TxNotRunning, radio.TxNotRunning}
		b.hear(confirmed(n, 1).bytes(t))
		if s := b.bridge.Stats(); s.Unsent != 1 || s.Accepted != 1 {
			t.Errorf("unsent %d, accepted %d, want 1 and 1", s.Unsent, s.Accepted)
		}
	})
}
