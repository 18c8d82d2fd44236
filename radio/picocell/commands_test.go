package picocell

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gatewayd/radio"
)

// Frames that picoGW_hal V0.2.3 exchanged with its MCU's parser.
func TestCommandsAreTheVendors(t *testing.T) {
	radio0 := Radio{Enable: true, Frequency: 867_500_000, Type: SX1257, RSSIOffset: -166, TxEnable: true}
	radio1 := Radio{Enable: true, Frequency: 868_500_000, Type: SX1257, RSSIOffset: -166}
	chan0 := Chain{Enable: true, Radio: 1, IF: -400_000, Bandwidth: 125_000, SpreadingFactors: AllSF}
	std := Chain{Enable: true, Radio: 1, IF: -200_000, Bandwidth: 250_000, SpreadingFactors: SF(7)}
	fsk := Chain{Enable: true, Radio: 1, IF: 300_000, Bandwidth: 125_000, BitRate: 50_000}
	gains := []TxGain{
		{Power: -2, DAC: 3},
		{Power: 8, DAC: 3, Mix: 5},
		{Power: 18, DAC: 3, Mix: 10},
		{Power: 20, DAC: 3, Mix: 11},
		{Power: 21, DAC: 3, Mix: 12},
	}
	tests := []struct {
		name string
		c    command
		want string
	}{
		{"hello", helloCommand(), "6c000400010a0006"},
		{"board", boardCommand(&Board{LoRaWANPublic: true, ClockSource: 1}), "6900040001010000"},
		{"radio 0", radioCommand(0, radio0), "63001400 01000000e0ffb433000026c30200000001000000"},
		{"radio 1", radioCommand(1, radio1), "63001401 010000002042c433000026c30200000000000000"},
		{"chan 0", chainCommand(0, chan0), "64002000 0101000080e5f9ff030000007e000000" + zeros(16)},
		{"std", chainCommand(8, std), "64002008 01010000c0f2fcff0200000002000000" + zeros(16)},
		{"FSK", chainCommand(9, fsk), "64002009 01010000e09304000300000050c30000" + zeros(16)},
		{
			"FSK with a sync word of its own",
			chainCommand(9, Chain{Enable: true, Radio: 1, IF: 300_000, Bandwidth: 125_000, BitRate: 50_000, SyncWord: 0x123456, SyncWordSize: 3}),
			"64002009 01010000e09304000300000050c30000 0300000000000000 5634120000000000",
		},
		{"gains", gainsCommand(gains), "68005100 00000300fe 0000030508 0000030a12 0000030b14 0000030c15" + zeros(55) + "05"},
		{"receive", receiveCommand(16), "6200010010"},
		{"counter", counterCommand(), "71000000"},
		{"commit", commitCalibrationCommand(5, 8), "6a000200 0508"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(unhex(t, tt.want), tt.c.append(nil)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func zeros(n int) string { return strings.Repeat("00", n) }

// The vendor's frame is an immediate one; ours differ in mode and count.
func TestSendCommand(t *testing.T) {
	c, err := sendCommand(transmission{
		frequency: 868_100_000, count: 0x04030201, power: 14, modulation: modLoRa, bandwidth: bw125,
		rate: uint32(SF(7)), preamble: 8, payload: []byte("hello world!"),
	})
	if err != nil {
		t.Fatal(err)
	}
	want := "66011e00 a027be33 01 000000 01020304 00 0e 10 03 02000000 01 01 00 00 0800 01 00 0c00" +
		"68656c6c6f20776f726c6421" + zeros(256-12)
	if diff := cmp.Diff(unhex(t, want), c.append(nil)); diff != "" {
		t.Error(diff)
	}
	for _, size := range []int{0, 256} {
		if _, err := sendCommand(transmission{payload: make([]byte, size)}); err == nil {
			t.Errorf("%d bytes accepted", size)
		}
	}
}

func TestParseHelloAndCounter(t *testing.T) {
	id, err := parseHello(unhex(t, "0011223344556677"))
	if want := (radio.EUI64{0, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77}); err != nil || id != want {
		t.Errorf("unique id %s, %v", id, err)
	}
	count, err := parseCounter(unhex(t, "39c41307"))
	if err != nil || count != 0x39C41307 {
		t.Errorf("counter %x, %v", count, err)
	}
	if _, err := parseHello(nil); err == nil {
		t.Error("empty unique id accepted")
	}
	if _, err := parseCounter([]byte{1, 2, 3}); err == nil {
		t.Error("counter of 3 bytes accepted")
	}
}
