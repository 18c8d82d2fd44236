package modem_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gatewayd/radio"
	"gatewayd/radio/modem"
	"gatewayd/radio/radiotest"
	"gatewayd/radio/radiotest/module"
)

func reason(t *testing.T, err error) radio.TxReason {
	t.Helper()
	te, ok := errors.AsType[*radio.TxError](err)
	if !ok {
		t.Fatalf("%v is no *radio.TxError", err)
	}
	return te.Reason
}

func downlink(d radio.Downlink) radio.Downlink {
	d.ID, d.Frequency, d.DataRate, d.Power = 7, 869_525_000, radio.LoRaDataRate(12, 125_000), 14
	d.Payload = []byte("answer")
	return d
}

func senders() []module.Kind { return []module.Kind{module.RN2483, module.LoRaE5} }

// A downlink in RX2 is what a node expects, and uplinks are heard again after
// it.
func TestDownlink(t *testing.T) {
	t.Parallel()
	for _, k := range senders() {
		t.Run(string(k), func(t *testing.T) {
			t.Parallel()
			r := newRig(t, module.Options{Kind: k, TxLatency: 8 * time.Millisecond})
			r.ready(t, 1)
			u := r.hear(t, "question")
			at := u.Received.Add(2 * time.Second)
			if err := r.c.Transmit(downlink(radio.Downlink{At: u.Ticks.Add(2 * time.Second)})); err != nil {
				t.Fatal(err)
			}
			e := r.emission(t)
			off := time.Since(at)
			want := radiotest.Emission{
				Frequency: 869_525_000, DataRate: radio.LoRaDataRate(12, 125_000), CodingRate: "4/5", Power: 14, RequestedPower: 14,
				InvertIQ: true, Preamble: 8, Payload: []byte("answer"), Airtime: 827_392 * time.Microsecond,
			}
			if diff := cmp.Diff(want, e); diff != "" {
				t.Errorf("emission (-want +got):\n%s", diff)
			}
			// A pseudo-terminal has no line speed: the command is there at once.
			if off.Abs() > 150*time.Millisecond {
				t.Errorf("%s off its time", off)
			}
			if err := r.sim.Hear(packet("meanwhile")); !errors.Is(err, radiotest.ErrDeaf) {
				t.Errorf("got %v", err)
			}
			if res := r.result(t); res.Err != nil || res.ID != 7 || res.Concentrator != "stick" {
				t.Errorf("got %+v", res)
			}
			r.hear(t, "thanks")
			if s := r.c.Stats(); s.TxOK != 1 || s.BringUps != 1 {
				t.Errorf("got %+v", s)
			}
		})
	}
}

// For class C any data rate will do.
func TestImmediateDownlink(t *testing.T) {
	t.Parallel()
	for _, k := range senders() {
		t.Run(string(k), func(t *testing.T) {
			t.Parallel()
			r := newRig(t, module.Options{Kind: k})
			r.ready(t, 1)
			for id := range uint64(2) {
				d := downlink(radio.Downlink{Immediate: true})
				d.ID, d.DataRate, d.Power = id, radio.LoRaDataRate(7, 125_000), 30
				if err := r.c.Transmit(d); err != nil {
					t.Fatal(err)
				}
			}
			for id := range uint64(2) {
				if e := r.emission(t); e.DataRate != radio.LoRaDataRate(7, 125_000) || e.CRC || !e.InvertIQ || e.Power > 22 {
					t.Errorf("got %+v", e)
				}
				if res := r.result(t); res.Err != nil || res.ID != id {
					t.Errorf("got %+v", res)
				}
			}
			r.hear(t, "after")
		})
	}
}

func TestTransmitRefuses(t *testing.T) {
	t.Parallel()
	for _, k := range senders() {
		t.Run(string(k), func(t *testing.T) {
			t.Parallel()
			r := newRig(t, module.Options{Kind: k})
			r.ready(t, 1)
			now := r.hear(t, "now").Ticks
			in := func(d time.Duration) radio.Downlink { return downlink(radio.Downlink{At: now.Add(d)}) }
			if err := r.c.Transmit(in(7 * time.Second)); err != nil {
				t.Fatal(err)
			}
			for name, tt := range map[string]struct {
				change func(*radio.Downlink)
				want   radio.TxReason
			}{
				"past":              {func(d *radio.Downlink) { d.At = now.Add(-time.Second) }, radio.TxTooLate},
				"too near":          {func(d *radio.Downlink) { d.At = now.Add(50 * time.Millisecond) }, radio.TxTooLate},
				"too far":           {func(d *radio.Downlink) { d.At = now.Add(20 * time.Second) }, radio.TxTooEarly},
				"collision":         {func(d *radio.Downlink) { d.At = now.Add(7500 * time.Millisecond) }, radio.TxCollision},
				"too fast":          {func(d *radio.Downlink) { d.DataRate = radio.LoRaDataRate(7, 125_000) }, radio.TxDataRate},
				"fast in 500 kHz":   {func(d *radio.Downlink) { d.DataRate = radio.LoRaDataRate(10, 500_000) }, radio.TxDataRate},
				"FSK":               {func(d *radio.Downlink) { d.DataRate = radio.FSKDataRate(50_000) }, radio.TxDataRate},
				"bandwidth":         {func(d *radio.Downlink) { d.DataRate = radio.LoRaDataRate(12, 62_500) }, radio.TxDataRate},
				"frequency":         {func(d *radio.Downlink) { d.Frequency = 300_000_000 }, radio.TxFrequency},
				"power":             {func(d *radio.Downlink) { d.Power = -10 }, radio.TxPower},
				"empty":             {func(d *radio.Downlink) { d.Payload = nil }, radio.TxSize},
				"more than 255":     {func(d *radio.Downlink) { d.Payload = make([]byte, 256) }, radio.TxSize},
				"no data rate":      {func(d *radio.Downlink) { d.DataRate = radio.DataRate{} }, radio.TxDataRate},
				"no bandwidth":      {func(d *radio.Downlink) { d.DataRate.Bandwidth = 0 }, radio.TxDataRate},
				"immediate and FSK": {func(d *radio.Downlink) { d.Immediate, d.DataRate.Modulation = true, radio.FSK }, radio.TxDataRate},
			} {
				d := in(4 * time.Second)
				tt.change(&d)
				if got := reason(t, r.c.Transmit(d)); got != tt.want {
					t.Errorf("%s: %s, want %s", name, got, tt.want)
				}
			}
			// What was accepted gets its result even so.
			r.end(t)
			if got := reason(t, r.result(t).Err); got != radio.TxNotRunning {
				t.Errorf("got %s", got)
			}
			if got := reason(t, r.c.Transmit(in(4*time.Second))); got != radio.TxNotRunning {
				t.Errorf("after the end: %s", got)
			}
			if s := r.c.Stats(); s.TxFailed[radio.TxDataRate] != 7 || s.TxFailed[radio.TxNotRunning] != 2 {
				t.Errorf("got %+v", s.TxFailed)
			}
		})
	}
}

// Modules that cannot send say so at any time, running or not.
func TestRxOnly(t *testing.T) {
	t.Parallel()
	for _, k := range []modem.Kind{modem.RUI3, modem.RAK811} {
		c, err := modem.New(modem.Options{Kind: k, Port: "x", Frequency: 868_100_000, DataRate: radio.LoRaDataRate(7, 125_000)})
		if err != nil {
			t.Fatal(err)
		}
		if got := reason(t, c.Transmit(downlink(radio.Downlink{Immediate: true}))); got != radio.TxRxOnly {
			t.Errorf("%s: %s", k, got)
		}
	}
}

// A module unplugged while it sends: the caller hears of it, once.
func TestUnplugWhileSending(t *testing.T) {
	t.Parallel()
	for _, k := range senders() {
		t.Run(string(k), func(t *testing.T) {
			t.Parallel()
			r := newRig(t, module.Options{Kind: k})
			r.ready(t, 1)
			if err := r.c.Transmit(downlink(radio.Downlink{Immediate: true})); err != nil {
				t.Fatal(err)
			}
			r.emission(t)
			r.sim.Unplug()
			if got := reason(t, r.result(t).Err); got != radio.TxHardware {
				t.Errorf("got %s", got)
			}
			if err := r.sim.Replug(); err != nil {
				t.Fatal(err)
			}
			r.ready(t, 2)
			r.hear(t, "after")
		})
	}
}
