package picocell

import (
	"errors"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gatewayd/radio"
)

const goldenPackets = `02
	a027be33 00 10 0000 e2803400 01 10 03 00 02000000 01 000000 000064c2 00001841 00000841 00002841 efbe 1100
	40f17dbe4900020001954378762b11ff0d
	2042c433 02 10 0000 d4173400 01 10 03 00 40000000 01 000000 0000eec2 000074c1 000082c1 000064c1 3412 0400 00112233`

func TestParsePackets(t *testing.T) {
	got, err := parsePackets(unhex(t, goldenPackets))
	if err != nil {
		t.Fatal(err)
	}
	want := []packet{
		{
			frequency: 868_100_000, ifChain: 0, status: crcOK, count: 0x3480E2, rfChain: 1, modulation: modLoRa, bandwidth: bw125,
			rate: 0x02, codeRate: 1, rssi: -57, snr: 9.5, payload: unhex(t, "40f17dbe4900020001954378762b11ff0d"),
		},
		{
			frequency: 868_500_000, ifChain: 2, status: crcOK, count: 0x3417D4, rfChain: 1, modulation: modLoRa, bandwidth: bw125,
			rate: 0x40, codeRate: 1, rssi: -119, snr: -15.25, payload: unhex(t, "00112233"),
		},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(packet{})); diff != "" {
		t.Error(diff)
	}
	if got, err := parsePackets([]byte{0}); err != nil || len(got) != 0 {
		t.Errorf("no packets: got %v, %v", got, err)
	}
}

func TestParsePacketsThatLie(t *testing.T) {
	golden := unhex(t, goldenPackets)
	tests := []struct {
		name  string
		in    []byte
		whole int
	}{
		{"nothing", nil, 0},
		{"17 packets", append([]byte{17}, golden[1:]...), 0},
		{"one more than there is", append([]byte{3}, golden[1:]...), 2},
		{"one fewer than there is", append([]byte{1}, golden[1:]...), 1},
		{"cut in the payload", golden[:len(golden)-1], 1},
		{"cut in the metadata", golden[:len(golden)-10], 1},
		{"size of 256", func() []byte { b := append([]byte(nil), golden...); b[1+42], b[1+43] = 0, 1; return b }(), 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := parsePackets(tt.in)
			var desync *desyncError
			if !errors.As(err, &desync) || len(got) != tt.whole {
				t.Errorf("got %d packets, %v; want %d and an error", len(got), err, tt.whole)
			}
		})
	}
}

func TestPacketDataRate(t *testing.T) {
	tests := []struct {
		p    packet
		want radio.DataRate
		ok   bool
	}{
		{packet{modulation: modLoRa, bandwidth: 3, rate: 0x02}, radio.LoRaDataRate(7, 125_000), true},
		{packet{modulation: modLoRa, bandwidth: 1, rate: 0x04}, radio.LoRaDataRate(8, 500_000), true},
		{packet{modulation: modLoRa, bandwidth: 2, rate: 0x40}, radio.LoRaDataRate(12, 250_000), true},
		{packet{modulation: modFSK, rate: 50_000}, radio.FSKDataRate(50_000), true},
		{packet{modulation: modLoRa, bandwidth: 3, rate: 0x06}, radio.DataRate{}, false},
		{packet{modulation: modLoRa, bandwidth: 0, rate: 0x02}, radio.DataRate{}, false},
		{packet{modulation: modLoRa, bandwidth: 8, rate: 0x02}, radio.DataRate{}, false},
		{packet{modulation: modLoRa, bandwidth: 3, rate: 0x102}, radio.DataRate{}, false},
		{packet{modulation: modFSK}, radio.DataRate{}, false},
		{packet{}, radio.DataRate{}, false},
	}
	for _, tt := range tests {
		got, ok := tt.p.dataRate()
		if ok != tt.ok || ok && got != tt.want {
			t.Errorf("%+v: got %s, %t", tt.p, got, ok)
		}
	}
}

func TestPacketLevelIsFinite(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(-1))
	if rssi, snr := (packet{modulation: modLoRa, rssi: inf, snr: nan}).level(); rssi != 0 || snr != 0 {
		t.Errorf("got %v, %v", rssi, snr)
	}
	if rssi, snr := (packet{modulation: modFSK, rssi: -80, snr: -128}).level(); rssi != -80 || snr != 0 {
		t.Errorf("FSK: got %v, %v", rssi, snr)
	}
}

func FuzzParsePackets(f *testing.F) {
	f.Add(unhex(f, goldenPackets))
	f.Add([]byte{0})
	f.Add([]byte{16, 1, 2, 3})
	f.Fuzz(func(t *testing.T, in []byte) {
		packets, err := parsePackets(in)
		size := 1
		for _, p := range packets {
			size += packetMeta + len(p.payload)
			p.dataRate()
		}
		if size > len(in)+1 || err == nil && size != len(in) {
			t.Fatalf("%d packets of %d bytes in %d, %v", len(packets), size, len(in), err)
		}
	})
}
