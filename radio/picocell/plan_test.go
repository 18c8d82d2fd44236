package picocell

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gatewayd/radio"
)

func downlink() radio.Downlink {
	return radio.Downlink{
		ID: 7, Payload: make([]byte, 12), At: now, Frequency: 868_100_000,
		DataRate: radio.LoRaDataRate(7, 125_000), Power: 14,
	}
}

func TestPlan(t *testing.T) {
	b := EU868()
	got, err := b.plan(downlink(), 0)
	if err != nil {
		t.Fatal(err)
	}
	airtime := got.end.Sub(got.start)
	if want := 41216 * time.Microsecond; (airtime - want).Abs() > time.Microsecond {
		t.Errorf("airtime %s, want %s", airtime, want)
	}
	want := emission{
		id: 7, start: now, end: got.end,
		tx: transmission{
			frequency: 868_100_000, power: 14, modulation: modLoRa, bandwidth: bw125,
			rate: 0x02, preamble: 8, payload: make([]byte, 12),
		},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(emission{}, transmission{})); diff != "" {
		t.Error(diff)
	}
}

func TestPlanFSK(t *testing.T) {
	b := EU868()
	d := downlink()
	d.DataRate = radio.FSKDataRate(50_000)
	got, err := b.plan(d, 0)
	if err != nil {
		t.Fatal(err)
	}
	want := transmission{
		frequency: 868_100_000, power: 14, modulation: modFSK, rate: 50_000,
		deviation: 25, preamble: 5, crc: true, payload: make([]byte, 12),
	}
	if diff := cmp.Diff(want, got.tx, cmp.AllowUnexported(transmission{})); diff != "" {
		t.Error(diff)
	}
	if airtime := got.end.Sub(got.start); airtime != 3680*time.Microsecond { // 23 bytes
		t.Errorf("airtime %s", airtime)
	}
}

func TestPlanRefuses(t *testing.T) {
	tests := []struct {
		name   string
		board  func(*Board)
		change func(*radio.Downlink)
		want   radio.TxReason
	}{
		{"empty", nil, func(d *radio.Downlink) { d.Payload = nil }, radio.TxSize},
		{"256 bytes", nil, func(d *radio.Downlink) { d.Payload = make([]byte, 256) }, radio.TxSize},
		{"below the band", nil, func(d *radio.Downlink) { d.Frequency = 862_999_999 }, radio.TxFrequency},
		{"above the band", nil, func(d *radio.Downlink) { d.Frequency = 870_000_001 }, radio.TxFrequency},
		{"SF6", nil, func(d *radio.Downlink) { d.DataRate.SpreadingFactor = 6 }, radio.TxDataRate},
		{"62.5 kHz", nil, func(d *radio.Downlink) { d.DataRate.Bandwidth = 62_500 }, radio.TxDataRate},
		{"300 bit/s", nil, func(d *radio.Downlink) { d.DataRate = radio.FSKDataRate(300) }, radio.TxDataRate},
		{"no modulation", nil, func(d *radio.Downlink) { d.DataRate = radio.DataRate{} }, radio.TxDataRate},
		{"cannot send", func(b *Board) { b.Radios[0].TxEnable = false }, nil, radio.TxRxOnly},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b, d := EU868(), downlink()
			if tt.board != nil {
				tt.board(&b)
			}
			if tt.change != nil {
				tt.change(&d)
			}
			_, err := b.plan(d, 0)
			if got := reason(t, err); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestConductedPower(t *testing.T) {
	b := EU868()
	tests := []struct {
		eirp int8
		gain float64
		want int8
	}{
		{14, 0, 14},
		{27, 0, 20},
		{12, 0, 11},
		{10, 0, 9},
		{2, 0, 9},
		{-128, 0, 9},
		{127, 0, 20},
		{16, 2, 14},
		{16, 2.15, 13},
		{14, -1, 15},
	}
	for _, tt := range tests {
		if got := conducted(b.TxGains, float64(tt.eirp)-tt.gain); got != tt.want {
			t.Errorf("%d dBm EIRP with %g dB: got %d, want %d", tt.eirp, tt.gain, got, tt.want)
		}
	}
}

func TestSendsOnTheRadioForTheFrequency(t *testing.T) {
	b := EU868()
	b.Radios[0].TxMax = 868_000_000
	b.Radios[1].TxEnable, b.Radios[1].TxMin, b.Radios[1].TxMax = true, 868_000_001, 870_000_000
	e, err := b.plan(downlink(), 0)
	if err != nil || e.tx.rfChain != 1 {
		t.Errorf("radio %d, %v", e.tx.rfChain, err)
	}
}

func TestOutcome(t *testing.T) {
	if err := outcome(nil, 300*time.Millisecond, 200*time.Millisecond); err != nil {
		t.Error(err)
	}
	if got := reason(t, outcome(nil, 10_001*time.Millisecond, 200*time.Millisecond)); got != radio.TxHardware {
		t.Errorf("swallowed by the device: %q", got)
	}
	if got := reason(t, outcome(errNoise, 0, 0)); got != radio.TxHardware {
		t.Errorf("link: %q", got)
	}
}
