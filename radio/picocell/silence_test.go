package picocell_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"gatewayd/radio"
	"gatewayd/radio/picocell"
	"gatewayd/radio/radiotest"
)

// Silence brings the device up again, then resets it; a frame ends that.
func TestSilence(t *testing.T) {
	t.Parallel()
	core, logs := observer.New(zap.WarnLevel)
	r := newRig(t, radiotest.PicoCellOptions{BootDelay: 100 * time.Millisecond}, func(o *picocell.Options) {
		o.Silence, o.Log = 700*time.Millisecond, zap.New(core)
	})
	r.until(t, func(s picocell.Stats) bool { return s.BringUps == 2 })
	if n := r.sim.Stats().PerCommand["m"]; n != 0 {
		t.Errorf("%d resets before the first remedy was tried", n)
	}
	r.until(t, func(s picocell.Stats) bool { return s.BringUps == 3 && s.State == "receiving" })
	if n := r.sim.Stats().PerCommand["m"]; n != 1 {
		t.Errorf("%d resets, want 1", n)
	}
	u := r.hear(t)
	if err := r.c.Transmit(radio.Downlink{At: u.Ticks.Add(500 * time.Millisecond), Payload: []byte("x"), Frequency: u.Frequency, DataRate: u.DataRate}); err != nil {
		t.Fatal(err)
	}
	if e := r.emission(t); e.Count != u.Ticks.Count()+500_000 {
		t.Errorf("emitted %d µs off", int32(e.Count-u.Ticks.Count()-500_000))
	}
	r.end(t)
	var said []string
	for _, l := range logs.All() {
		said = append(said, l.Message)
	}
	want := []string{"concentrator is brought up again", "concentrator is down; trying again"}
	if diff := cmp.Diff(want, said[:min(len(said), 2)]); diff != "" {
		t.Errorf("said (-want +got):\n%s", diff)
	}
	if v := r.sim.Violations(); len(v) > 0 {
		t.Errorf("violations of the protocol: %q", v)
	}
}

// A frame with a bad CRC is a sign of life.
func TestNoiseIsNoSilence(t *testing.T) {
	t.Parallel()
	r := newRig(t, radiotest.PicoCellOptions{}, func(o *picocell.Options) { o.Silence = 2 * time.Second })
	r.ready(t)
	noise := radiotest.Packet{Frequency: 868_300_000, DataRate: radio.LoRaDataRate(7, 125_000), Payload: []byte{1}, CRC: radiotest.CRCBad}
	for range 30 {
		if err := r.sim.Hear(noise); err != nil {
			t.Fatal(err)
		}
		<-time.After(100 * time.Millisecond)
	}
	if s := r.c.Stats(); s.BringUps != 1 || s.RxCRCBad < 29 {
		t.Errorf("got %+v", s)
	}
}
