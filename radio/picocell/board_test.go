package picocell

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPresets(t *testing.T) {
	us1, err1 := US915(1)
	us2, err2 := US915(2)
	us8, err8 := US915(8)
	if err1 != nil || err2 != nil || err8 != nil {
		t.Fatal(err1, err2, err8)
	}
	tests := []struct {
		name  string
		board Board
		want  [10]uint32 // kHz
	}{
		{"EU868", EU868(), [10]uint32{868100, 868300, 868500, 867100, 867300, 867500, 867700, 867900, 868300, 868800}},
		{"US915 FSB1", us1, [10]uint32{902300, 902500, 902700, 902900, 903100, 903300, 903500, 903700, 903000, 0}},
		{"US915 FSB2", us2, [10]uint32{903900, 904100, 904300, 904500, 904700, 904900, 905100, 905300, 904600, 0}},
		{"US915 FSB8", us8, [10]uint32{913500, 913700, 913900, 914100, 914300, 914500, 914700, 914900, 914200, 0}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if err := tt.board.Validate(); err != nil {
				t.Error(err)
			}
			got := tt.board.Frequencies()
			for i := range got {
				got[i] /= 1000
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			if n := len(tt.board.TxGains); n != 16 {
				t.Errorf("%d gains", n)
			}
		})
	}
	for _, n := range []int{0, 9, -1} {
		if _, err := US915(n); err == nil {
			t.Errorf("sub-band %d accepted", n)
		}
	}
}

func TestPresetsDoNotShareGains(t *testing.T) {
	a := EU868()
	a.TxGains[0].Power = -5
	if b := EU868(); b.TxGains[0].Power == -5 {
		t.Error("changing one board's gain table changed another's")
	}
}

func TestValidate(t *testing.T) {
	tests := []struct {
		name   string
		change func(*Board)
		want   string
	}{
		{"clock source", func(b *Board) { b.ClockSource = 2 }, "clock source: radio 2"},
		{"radio type", func(b *Board) { b.Radios[0].Type = 3 }, "radio 0: type 3"},
		{"mixed types", func(b *Board) { b.Radios[1] = Radio{Type: SX1255, Frequency: 433_000_000} }, "different types"},
		{"frequency for type", func(b *Board) { b.Radios[1].Frequency = 433_000_000 }, "radio 1: frequency 433000000 Hz"},
		{"no frequency", func(b *Board) { b.Radios[0].Frequency = 0 }, "radio 0: frequency 0 Hz"},
		{"both off", func(b *Board) { b.Radios[0].Enable, b.Radios[1].Enable = false, false }, "both radios are off"},
		{"sending on a disabled radio", func(b *Board) { b.Radios[0].Enable = false }, "radio 0: may transmit, but is not enabled"},
		{"chain on a disabled radio", func(b *Board) { b.Radios[1].Enable = false }, "channel 0: radio 1 is not enabled"},
		{"TX range", func(b *Board) { b.Radios[0].TxMin = 870_000_001 }, "radio 0: transmit range"},
		{"no chains", func(b *Board) { b.Chains, b.Std, b.FSK = [8]Chain{}, Chain{}, Chain{} }, "every channel is off"},
		{"radio of chain", func(b *Board) { b.Chains[3].Radio = 2 }, "channel 3: radio 2 does not exist"},
		{"IF 125 kHz", func(b *Board) { b.Chains[7].IF = 400_001 }, "channel 7: IF 400001 Hz"},
		{"IF 125 kHz, negative", func(b *Board) { b.Chains[0].IF = -400_001 }, "channel 0: IF -400001 Hz"},
		{"IF 250 kHz", func(b *Board) { b.Std.IF = 375_001 }, "channel 8: IF 375001 Hz"},
		{"IF 500 kHz", func(b *Board) { b.Std.Bandwidth, b.Std.IF = 500_000, 300_001 }, "channel 8: IF 300001 Hz"},
		{"bandwidth", func(b *Board) { b.FSK.Bandwidth = 100 }, "channel 9: bandwidth 100 Hz"},
		{"multi-SF bandwidth", func(b *Board) { b.Chains[0].Bandwidth = 62_500 }, "channel 0: bandwidth 62500 Hz: want 125000"},
		{"multi-SF without SF", func(b *Board) { b.Chains[0].SpreadingFactors = 0 }, "channel 0: spreading factors 0x00"},
		{"multi-SF with SF6", func(b *Board) { b.Chains[0].SpreadingFactors = 1 }, "channel 0: spreading factors 0x01"},
		{"std with two SF", func(b *Board) { b.Std.SpreadingFactors = SF(7) | SF(8) }, "channel 8: spreading factors 0x06"},
		{"std bandwidth", func(b *Board) { b.Std.Bandwidth = 62_500 }, "channel 8: bandwidth 62500 Hz: want 125000, 250000 or 500000"},
		{"bit rate", func(b *Board) { b.FSK.BitRate = 499 }, "channel 9: bit rate 499"},
		{"sync word", func(b *Board) { b.FSK.SyncWord, b.FSK.SyncWordSize = 0x1234, 1 }, "channel 9: sync word 1234 does not fit 1 bytes"},
		{"no gains", func(b *Board) { b.TxGains = nil }, "gain table has 0 entries"},
		{"17 gains", func(b *Board) { b.TxGains = append(b.TxGains, gain(13, 21, 3)) }, "gain table has 17 entries"},
		{"dac", func(b *Board) { b.TxGains[2].DAC = 2 }, "gain table entry 2: dac 2"},
		{"mix", func(b *Board) { b.TxGains[2].Mix = 16 }, "gain table entry 2: pa 0, mix 16"},
		{"descending", func(b *Board) { b.TxGains[15].Power = 18 }, "gain table entry 15: 18 dBm after 19 dBm"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := EU868()
			tt.change(&b)
			if err := b.Validate(); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestValidateAtTheLimits(t *testing.T) {
	b := EU868()
	b.Std.Bandwidth, b.Std.IF = 500_000, -300_000
	b.Std.SpreadingFactors = SF(12)
	b.FSK.SyncWord, b.FSK.SyncWordSize = 1<<64-1, 8
	b.FSK.IF = 400_000
	if err := b.Validate(); err != nil {
		t.Error(err)
	}
}
