package region_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"gatewayd/bridge/region"
	"gatewayd/radio"
)

// ladder is n channels, step Hz apart.
func ladder(first, step uint32, n int, minDR, maxDR uint8) []region.Channel {
	var list []region.Channel
	for i := range uint32(n) {
		list = append(list, region.Channel{Frequency: first + i*step, MinDR: minDR, MaxDR: maxDR})
	}
	return list
}

func TestUplinkChannels(t *testing.T) {
	t.Parallel()
	wide := func(narrow, wide []region.Channel) []region.Channel { return append(narrow, wide...) }
	for name, want := range map[string][]region.Channel{
		"EU868":   ladder(868_100_000, 200_000, 3, 0, 5),
		"US915":   wide(ladder(902_300_000, 200_000, 64, 0, 3), ladder(903_000_000, 1_600_000, 8, 4, 4)),
		"AU915":   wide(ladder(915_200_000, 200_000, 64, 0, 5), ladder(915_900_000, 1_600_000, 8, 6, 6)),
		"AS923-1": ladder(923_200_000, 200_000, 2, 0, 5),
		"AS923-2": ladder(921_400_000, 200_000, 2, 0, 5),
		"AS923-3": ladder(916_600_000, 200_000, 2, 0, 5),
		"AS923-4": ladder(917_300_000, 200_000, 2, 0, 5),
		"CN470":   ladder(470_300_000, 200_000, 96, 0, 5),
		"CN779":   ladder(779_500_000, 200_000, 3, 0, 5),
		"EU433":   ladder(433_175_000, 200_000, 3, 0, 5),
		"IN865":   {{Frequency: 865_062_500, MaxDR: 5}, {Frequency: 865_402_500, MaxDR: 5}, {Frequency: 865_985_000, MaxDR: 5}},
		"KR920":   ladder(922_100_000, 200_000, 3, 0, 5),
		"RU864":   ladder(868_900_000, 200_000, 2, 0, 5),
		"ISM2400": {{Frequency: 2_403_000_000, MaxDR: 7}, {Frequency: 2_425_000_000, MaxDR: 7}, {Frequency: 2_479_000_000, MaxDR: 7}},
	} {
		r := newRegion(t, region.Options{Name: name})
		if diff := cmp.Diff(want, r.UplinkChannels()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		var all region.Mask
		for i := range want {
			all.Set(i, true)
		}
		if r.Mask() != all || r.DefaultMask() != all {
			t.Errorf("%s: masks %04x and %04x, want %04x", name, r.Mask(), r.DefaultMask(), all)
		}
	}
}

func TestMasks(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name          string
		o             region.Options
		mask, initial region.Mask
	}{
		{
			"US915, second sub-band",
			region.Options{Name: "US915", SubBand: 2},
			region.Mask{0xFF00, 0, 0, 0, 0x0002},
			region.Mask{0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF, 0x00FF},
		},
		{
			"AU915, last sub-band",
			region.Options{Name: "AU915", SubBand: 8},
			region.Mask{0, 0, 0, 0xFF00, 0x0080},
			region.Mask{0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF, 0x00FF},
		},
		{
			"CN470, last sub-band",
			region.Options{Name: "CN470", SubBand: 12},
			region.Mask{0, 0, 0, 0, 0, 0xFF00},
			region.Mask{0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF},
		},
		{
			"EU868 with more channels",
			region.Options{Name: "EU868", Channels: ladder(867_100_000, 200_000, 5, 0, 5)},
			region.Mask{0x00FF},
			region.Mask{0x0007},
		},
	} {
		r := newRegion(t, tt.o)
		if r.Mask() != tt.mask || r.DefaultMask() != tt.initial {
			t.Errorf("%s: masks %04x and %04x, want %04x and %04x", tt.name, r.Mask(), r.DefaultMask(), tt.mask, tt.initial)
		}
	}
}

func TestChannelOf(t *testing.T) {
	t.Parallel()
	sf7 := radio.LoRaDataRate(7, 125_000)
	eu := region.Options{Name: "EU868", Channels: []region.Channel{
		{Frequency: 867_100_000, MaxDR: 5},
		{Frequency: 868_300_000, MinDR: 6, MaxDR: 6},
		{Frequency: 868_800_000, MinDR: 7, MaxDR: 7},
	}}
	for _, tt := range []struct {
		o         region.Options
		frequency uint32
		dr        radio.DataRate
		want      int
		ok        bool
	}{
		{eu, 868_300_000, sf7, 1, true},
		{eu, 868_300_000, radio.LoRaDataRate(7, 250_000), 4, true},
		{eu, 867_100_000, sf7, 3, true},
		{eu, 867_100_000, radio.LoRaDataRate(7, 250_000), 0, false},
		{eu, 868_800_000, radio.FSKDataRate(50_000), 5, true},
		{eu, 868_800_000, sf7, 0, false},
		{eu, 867_300_000, sf7, 0, false},
		{eu, 868_100_000, radio.LoRaDataRate(7, 500_000), 0, false},
		{region.Options{Name: "US915"}, 903_000_000, radio.LoRaDataRate(8, 500_000), 64, true},
		{region.Options{Name: "US915"}, 902_500_000, sf7, 1, true},
		{region.Options{Name: "US915"}, 902_500_000, radio.LoRaDataRate(12, 500_000), 0, false},
		{region.Options{Name: "ISM2400"}, 2_425_000_000, radio.LoRaDataRate(5, 812_000), 1, true},
	} {
		got, ok := newRegion(t, tt.o).ChannelOf(tt.frequency, tt.dr)
		if ok != tt.ok || ok && got != tt.want {
			t.Errorf("%s: %v on %d Hz is channel %d, %v; want %d, %v", tt.o.Name, tt.dr, tt.frequency, got, ok, tt.want, tt.ok)
		}
	}
}

func TestMask(t *testing.T) {
	t.Parallel()
	var m region.Mask
	for _, i := range []int{0, 17, 95, 96, -1} {
		m.Set(i, true)
	}
	if want := (region.Mask{1, 2, 0, 0, 0, 0x8000}); m != want || m.Count() != 3 {
		t.Fatalf("%04x with %d channels, want %04x with 3", m, m.Count(), want)
	}
	if !m.Has(95) || m.Has(94) || m.Has(96) || m.Has(-1) {
		t.Error("Has does not say what was set")
	}
	m.Set(17, false)
	if want := (region.Mask{1, 0, 0, 0, 0, 0x8000}); m != want {
		t.Errorf("%04x, want %04x", m, want)
	}
}
