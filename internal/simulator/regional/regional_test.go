package regional

import (
	"encoding/hex"
	"testing"

	"gatewayd/internal/vectors"
	"gatewayd/radio"

	"github.com/google/go-cmp/cmp"
)

// all are the regions by name.
func all(t testing.TB) map[string]Region {
	t.Helper()
	out := map[string]Region{}
	add := func(r Region, err error) {
		if err != nil {
			t.Fatal(err)
		}
		out[r.String()] = r
	}
	for _, r := range []Region{EU868(), EU433(), CN779(), RU864(), KR920(), IN865(), ISM2400()} {
		add(r, nil)
	}
	for group := 1; group <= 4; group++ {
		add(AS923(group))
	}
	add(US915(2))
	add(AU915(2))
	add(CN470(0))
	return out
}

func hz(channels []Channel) []uint32 {
	var out []uint32
	for _, c := range channels {
		out = append(out, c.Hz)
	}
	return out
}

// The figures that a node starts with, from the tables of the Regional
// Parameters.
func TestDefaults(t *testing.T) {
	t.Parallel()
	regions := all(t)
	for _, tt := range []struct {
		name     string
		channels []uint32 // the first three
		enabled  int
		rx2      uint8
		rx2Rate  radio.DataRate
		rx2Hz    uint32
		rates    int // usable by an uplink
		power    uint8
	}{
		{"EU868", []uint32{868_100_000, 868_300_000, 868_500_000}, 3, 0, radio.LoRaDataRate(12, 125_000), 869_525_000, 6, 7},
		{"EU433", []uint32{433_175_000, 433_375_000, 433_575_000}, 3, 0, radio.LoRaDataRate(12, 125_000), 434_665_000, 6, 5},
		{"CN779", []uint32{779_500_000, 779_700_000, 779_900_000}, 3, 0, radio.LoRaDataRate(12, 125_000), 786_000_000, 6, 5},
		{"RU864", []uint32{868_900_000, 869_100_000}, 2, 0, radio.LoRaDataRate(12, 125_000), 869_100_000, 6, 7},
		{"KR920", []uint32{922_100_000, 922_300_000, 922_500_000}, 3, 0, radio.LoRaDataRate(12, 125_000), 921_900_000, 6, 7},
		{"IN865", []uint32{865_062_500, 865_402_500, 865_985_000}, 3, 2, radio.LoRaDataRate(10, 125_000), 866_550_000, 6, 10},
		{"AS923-1", []uint32{923_200_000, 923_400_000}, 2, 2, radio.LoRaDataRate(10, 125_000), 923_200_000, 6, 7},
		{"AS923-2", []uint32{921_400_000, 921_600_000}, 2, 2, radio.LoRaDataRate(10, 125_000), 921_400_000, 6, 7},
		{"AS923-3", []uint32{916_600_000, 916_800_000}, 2, 2, radio.LoRaDataRate(10, 125_000), 916_600_000, 6, 7},
		{"AS923-4", []uint32{917_300_000, 917_500_000}, 2, 2, radio.LoRaDataRate(10, 125_000), 917_300_000, 6, 7},
		{"US915", []uint32{903_900_000, 904_100_000, 904_300_000}, 9, 8, radio.LoRaDataRate(12, 500_000), 923_300_000, 5, 14},
		{"AU915", []uint32{916_800_000, 917_000_000, 917_200_000}, 9, 8, radio.LoRaDataRate(12, 500_000), 923_300_000, 7, 14},
		{"CN470", []uint32{470_300_000, 470_500_000, 470_700_000}, 96, 0, radio.LoRaDataRate(12, 125_000), 505_300_000, 6, 7},
		{"ISM2400", []uint32{2_403_000_000, 2_425_000_000, 2_479_000_000}, 3, 0, radio.LoRaDataRate(12, 812_000), 2_423_000_000, 8, 7},
	} {
		r := regions[tt.name]
		c := r.Channels()
		enabled := c.Enabled()
		if diff := cmp.Diff(tt.channels, hz(enabled)[:len(tt.channels)]); diff != "" || len(enabled) != tt.enabled {
			t.Errorf("%s has %d channels, want %d (-want +got):\n%s", tt.name, len(enabled), tt.enabled, diff)
		}
		rx2, at := r.RX2()
		rate, ok := r.Rate(rx2)
		if rx2 != tt.rx2 || at != tt.rx2Hz || rate != tt.rx2Rate || !ok || r.CheckRX2Rate(rx2) != nil || !r.AllowsDownlink(at) {
			t.Errorf("%s: RX2 at DR%d, %s, on %d Hz", tt.name, rx2, rate, at)
		}
		rates := 0
		for dr := range uint8(16) {
			if len(c.Usable(dr)) > 0 {
				rates++
			}
		}
		if rates != tt.rates || r.MaxPower() != tt.power {
			t.Errorf("%s: %d data rates, TXPower to %d; want %d and %d", tt.name, rates, r.MaxPower(), tt.rates, tt.power)
		}
	}
}

// Whatever is enabled and allowed, both windows are at a data rate and on a
// frequency of the region.
func TestWindowsExist(t *testing.T) {
	t.Parallel()
	for name, r := range all(t) {
		for _, c := range r.Channels().Enabled() {
			for dr := c.Low; dr <= c.High; dr++ {
				for offset := uint8(0); r.CheckOffset(offset) == nil; offset++ {
					for _, dwell := range []bool{false, true} {
						at, rate := r.RX1(c, dr, offset, dwell)
						if rate.Modulation == 0 || !r.AllowsDownlink(at) {
							t.Fatalf("%s: uplink at DR%d on %d Hz, RX1DROffset %d: RX1 at %s on %d Hz", name, dr, c.Hz, offset, rate, at)
						}
						if _, ok := r.Index(rate); !ok {
							t.Fatalf("%s: %s is no data rate of downlinks", name, rate)
						}
					}
				}
			}
		}
	}
}

func TestRX1(t *testing.T) {
	t.Parallel()
	regions := all(t)
	narrow := func(sf uint8) radio.DataRate { return radio.LoRaDataRate(sf, 125_000) }
	wide := func(sf uint8) radio.DataRate { return radio.LoRaDataRate(sf, 500_000) }
	for _, tt := range []struct {
		region  string
		channel int // of those enabled
		dr      uint8
		offset  uint8
		dwell   bool
		wantHz  uint32
		want    radio.DataRate
	}{
		{"EU868", 0, 5, 0, false, 868_100_000, narrow(7)},
		{"EU868", 2, 5, 3, false, 868_500_000, narrow(10)},
		{"EU868", 0, 1, 5, false, 868_100_000, narrow(12)},
		{"US915", 0, 0, 0, false, 923_300_000, wide(10)},
		{"US915", 7, 3, 0, false, 927_500_000, wide(7)},
		{"US915", 7, 0, 3, false, 927_500_000, wide(12)},
		{"US915", 8, 4, 0, false, 923_900_000, wide(7)},
		{"US915", 8, 4, 3, false, 923_900_000, wide(9)},
		{"AU915", 0, 0, 0, false, 923_300_000, wide(12)},
		{"AU915", 1, 5, 0, false, 923_900_000, wide(7)},
		{"AU915", 1, 5, 5, false, 923_900_000, wide(12)},
		{"AU915", 8, 6, 0, false, 923_900_000, wide(7)},
		{"AU915", 8, 6, 2, false, 923_900_000, wide(8)},
		{"AS923-1", 0, 2, 3, false, 923_200_000, narrow(12)},
		{"AS923-1", 0, 2, 3, true, 923_200_000, narrow(10)},
		{"AS923-1", 0, 3, 6, false, 923_200_000, narrow(8)},
		{"AS923-1", 0, 3, 7, true, 923_200_000, narrow(7)},
		{"IN865", 1, 4, 6, false, 865_402_500, narrow(7)},
		{"IN865", 1, 4, 5, false, 865_402_500, narrow(12)},
		{"CN470", 0, 5, 1, false, 500_300_000, narrow(8)},
		{"CN470", 48, 5, 0, false, 500_300_000, narrow(7)},
		{"CN470", 95, 0, 0, false, 509_700_000, narrow(12)},
		{"ISM2400", 0, 7, 2, false, 2_403_000_000, radio.LoRaDataRate(7, 812_000)},
	} {
		r := regions[tt.region]
		at, rate := r.RX1(r.Channels().Enabled()[tt.channel], tt.dr, tt.offset, tt.dwell)
		if at != tt.wantHz || rate != tt.want {
			t.Errorf("%s, channel %d, DR%d, offset %d, dwell %v: %s on %d Hz, want %s on %d Hz",
				tt.region, tt.channel, tt.dr, tt.offset, tt.dwell, rate, at, tt.want, tt.wantHz)
		}
	}
	moved := EU868().Channels().Move(1, 869_525_000)
	if at, _ := EU868().RX1(moved.Enabled()[1], 5, 0, false); at != 869_525_000 {
		t.Errorf("RX1 of a moved channel on %d Hz", at)
	}
}

func TestMaxPayload(t *testing.T) {
	t.Parallel()
	regions := all(t)
	for _, tt := range []struct {
		region       string
		free, dwells []int
	}{
		{"EU868", []int{51, 51, 51, 115, 242, 242, 242, 242, 0}, nil},
		{"KR920", []int{51, 51, 51, 115, 242, 242, 0}, nil},
		{"IN865", []int{51, 51, 51, 115, 242, 242, 0, 242, 0}, nil},
		{"US915", []int{11, 53, 125, 242, 242, 0, 0, 0, 53, 129, 242, 242, 242, 242, 0}, nil},
		{"AU915", []int{51, 51, 51, 115, 242, 242, 242, 0, 53, 129, 242, 242, 242, 242, 0}, []int{0, 0, 11, 53, 125, 242, 242, 0}},
		{"AS923-1", []int{51, 51, 115, 115, 242, 242, 242, 242, 0}, []int{0, 0, 11, 53, 125, 242}},
		{"ISM2400", []int{51, 115, 242, 242, 242, 242, 242, 242, 0}, nil},
	} {
		for dr, want := range tt.free {
			if got := regions[tt.region].MaxPayload(uint8(dr), false); got != want {
				t.Errorf("%s DR%d: %d bytes, want %d", tt.region, dr, got, want)
			}
		}
		for dr, want := range tt.dwells {
			if got := regions[tt.region].MaxPayload(uint8(dr), true); got != want {
				t.Errorf("%s DR%d with a dwell time: %d bytes, want %d", tt.region, dr, got, want)
			}
		}
	}
	if low := regions["AS923-1"].MinRate(true); low != 2 {
		t.Errorf("AS923: DR%d keeps the dwell time, want DR2", low)
	}
}

func TestMask(t *testing.T) {
	t.Parallel()
	regions := all(t)
	eu8 := regions["EU868"].Channels()
	for i := range 5 {
		eu8 = eu8.Define(3+i, Channel{Hz: 867_100_000 + uint32(i)*200_000, High: 5})
	}
	for _, tt := range []struct {
		region string
		from   Channels
		cntl   uint8
		mask   uint16
		want   []int // channel indices; nil: refused
	}{
		{"EU868", eu8, 0, 0x00A3, []int{0, 1, 5, 7}},
		{"EU868", eu8, 0, 0x0100, nil},
		{"EU868", eu8, 0, 0, []int{}},
		{"EU868", eu8, 6, 0, []int{0, 1, 2, 3, 4, 5, 6, 7}},
		{"EU868", eu8, 5, 1, nil},
		{"US915", regions["US915"].Channels(), 0, 0x0003, []int{0, 1, 65}},
		{"US915", regions["US915"].Channels(), 4, 0x0081, []int{8, 9, 10, 11, 12, 13, 14, 15, 64, 71}},
		{"US915", regions["US915"].Channels(), 5, 0x0001, []int{0, 1, 2, 3, 4, 5, 6, 7, 64}},
		{"US915", regions["US915"].Channels(), 7, 0x0002, []int{65}},
		{"AU915", regions["AU915"].Channels(), 1, 0x8000, []int{8, 9, 10, 11, 12, 13, 14, 15, 31, 65}},
		{"CN470", regions["CN470"].Channels(), 7, 1, nil},
	} {
		got, err := regions[tt.region].Mask(tt.from, tt.cntl, tt.mask)
		if (err == nil) != (tt.want != nil) {
			t.Errorf("%s, ChMaskCntl %d, %04X: %v", tt.region, tt.cntl, tt.mask, err)
			continue
		}
		if err != nil {
			continue
		}
		indices := []int{}
		for _, c := range got.Enabled() {
			indices = append(indices, c.Index)
		}
		if diff := cmp.Diff(tt.want, indices); diff != "" {
			t.Errorf("%s, ChMaskCntl %d, %04X (-want +got):\n%s", tt.region, tt.cntl, tt.mask, diff)
		}
	}
	us := regions["US915"]
	before := us.Channels()
	if got, _ := us.Mask(before, 6, 0); len(got.Enabled()) != 64 || len(before.Enabled()) != 9 {
		t.Errorf("ChMaskCntl 6 leaves %d channels, and %d of those before", len(got.Enabled()), len(before.Enabled()))
	}
	cn := regions["CN470"]
	none := cn.Channels()
	for cntl := range uint8(6) {
		none, _ = cn.Mask(none, cntl, 0)
	}
	if got, _ := cn.Mask(none, 6, 0); len(none.Enabled()) != 0 || len(got.Enabled()) != 96 {
		t.Errorf("CN470: %d channels after six empty masks, %d after all on", len(none.Enabled()), len(got.Enabled()))
	}
}

func TestRestore(t *testing.T) {
	t.Parallel()
	regions := all(t)
	us := regions["US915"]
	eu := EU868()
	one := eu.Channels().Define(5, Channel{Hz: 867_100_000, High: 5})
	one, err := eu.Mask(one, 0, 1<<2)
	if err != nil {
		t.Fatal(err)
	}
	if got := hz(eu.Restore(one).Enabled()); len(got) != 3 {
		t.Errorf("EU868: %v, want the three of the region", got)
	}
	if got := us.Restore(us.Channels()).Enabled(); len(got) != 72 {
		t.Errorf("US915: %d channels, want all", len(got))
	}
}

func TestVectorsCFList(t *testing.T) {
	t.Parallel()
	all, err := vectors.OfKind("cfList")
	if err != nil {
		t.Fatal(err)
	}
	us, err := US915(0)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range all {
		if v.Out.Number("type") == 0 {
			got, err := EU868().WithCFList(v.In.Bytes("bytes"))
			if diff := cmp.Diff(v.Out.Numbers("freqs"), hz(got.Enabled())[3:]); diff != "" || err != nil {
				t.Errorf("%s: %v (-want +got):\n%s", v.ID, err, diff)
			}
			continue
		}
		got, err := us.WithCFList(v.In.Bytes("bytes"))
		if err != nil {
			t.Errorf("%s: %v", v.ID, err)
		}
		var indices []uint32
		for _, c := range got.Enabled() {
			indices = append(indices, uint32(c.Index))
		}
		if diff := cmp.Diff(v.Out.Numbers("enabled"), indices); diff != "" {
			t.Errorf("%s (-want +got):\n%s", v.ID, diff)
		}
	}
}

func TestCFListRefused(t *testing.T) {
	t.Parallel()
	regions := all(t)
	for _, tt := range []struct{ region, cfList string }{
		{"EU868", "ff000000000000000000000000000001"},
		{"US915", "184f84e85684b85e84886684586e8400"},
		{"US915", "00000000000000000000000000000001"},
		{"EU868", "184f84e85684b85e84886684586e8402"},
		{"EU868", "010000000000000000000000000000" + "00"},
	} {
		b, err := hex.DecodeString(tt.cfList)
		if err != nil {
			t.Fatal(err)
		}
		if c, err := regions[tt.region].WithCFList(b); err == nil {
			t.Errorf("%s takes %s: %v", tt.region, tt.cfList, hz(c.Enabled()))
		}
	}
	if c, err := regions["EU868"].WithCFList(nil); err != nil || len(c.Enabled()) != 3 {
		t.Errorf("without CFList: %v, %v", c, err)
	}
	// 2.4 GHz counts in steps of 200 Hz.
	list := make([]byte, 16)
	units := uint32(2_450_000_000 / 200)
	list[0], list[1], list[2] = byte(units), byte(units>>8), byte(units>>16)
	if c, err := regions["ISM2400"].WithCFList(list); err != nil || hz(c.Enabled())[3] != 2_450_000_000 {
		t.Errorf("ISM2400: %v, %v", c, err)
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	regions := all(t)
	for _, tt := range []struct {
		region string
		hz     uint32
		down   bool
	}{
		{"EU868", 869_525_000, true},
		{"EU868", 870_000_001, false},
		{"US915", 923_900_000, true},
		{"US915", 924_000_000, false},
		{"US915", 928_100_000, false},
		{"CN470", 500_500_000, true},
		{"CN470", 470_300_000, false},
	} {
		if got := regions[tt.region].AllowsDownlink(tt.hz); got != tt.down {
			t.Errorf("%s: downlink on %d Hz allowed: %v", tt.region, tt.hz, got)
		}
	}
	if regions["US915"].AllowsUplink(902_300_000) {
		t.Error("US915 has channels to define")
	}
	for _, bad := range []error{
		second(US915(9)), second(AU915(-1)), second(CN470(13)), second(AS923(5)), second(AS923(0)),
		EU868().CheckOffset(6), EU868().CheckRX2Rate(8), IN865().CheckRX2Rate(6), regions["US915"].CheckRX2Rate(4), regions["US915"].CheckOffset(4),
	} {
		if bad == nil {
			t.Error("accepted what no region has")
		}
	}
	if KeepsDwell(400*1e6+1) || !KeepsDwell(400*1e6) {
		t.Error("the dwell time is not 400 ms")
	}
}

func second(_ Region, err error) error { return err }

// No CFList makes a node without channels, or with channels outside of the
// region.
func FuzzCFList(f *testing.F) {
	f.Add([]byte("\x18\x4f\x84\xe8\x56\x84\xb8\x5e\x84\x88\x66\x84\x58\x6e\x84\x00"))
	f.Add([]byte("\xff\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01"))
	regions := all(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) != 16 {
			return
		}
		for name, r := range regions {
			c, err := r.WithCFList(b)
			if err != nil {
				continue
			}
			if len(c.Enabled()) == 0 {
				t.Errorf("%s: %x leaves no channel", name, b)
			}
			for _, ch := range c.Enabled() {
				if !r.Fixed() && !r.AllowsUplink(ch.Hz) {
					t.Errorf("%s: %x gives a channel on %d Hz", name, b, ch.Hz)
				}
			}
		}
	})
}
