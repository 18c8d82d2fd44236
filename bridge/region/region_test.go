package region_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gatewayd/bridge/region"
)

// newRegion is region.New of something valid.
func newRegion(t testing.TB, o region.Options) *region.Region {
	t.Helper()
	r, err := region.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestFigures compares each region's own figures with RP002-1.0.3, 1.0.3
// revision A for CN470, and Semtech's proposal for ISM2400.
func TestFigures(t *testing.T) {
	t.Parallel()
	type figures struct {
		RX2       uint32
		RX2DR     uint8
		ADR       [2]uint8
		Power     uint8
		EIRP      int8
		TxParams  bool
		Dynamic   bool
		Canonical string
	}
	want := map[string]figures{
		"EU868":   {869_525_000, 0, [2]uint8{0, 5}, 7, 16, false, true, "EU868"},
		"US915":   {923_300_000, 8, [2]uint8{0, 3}, 10, 30, false, false, "US915"},
		"AU915":   {923_300_000, 8, [2]uint8{0, 5}, 10, 30, true, false, "AU915"},
		"AS923":   {923_200_000, 2, [2]uint8{0, 5}, 7, 16, true, true, "AS923-1"},
		"AS923-1": {923_200_000, 2, [2]uint8{0, 5}, 7, 16, true, true, "AS923-1"},
		"AS923-2": {921_400_000, 2, [2]uint8{0, 5}, 7, 16, true, true, "AS923-2"},
		"AS923-3": {916_600_000, 2, [2]uint8{0, 5}, 7, 16, true, true, "AS923-3"},
		"AS923-4": {917_300_000, 2, [2]uint8{0, 5}, 7, 16, true, true, "AS923-4"},
		"CN470":   {505_300_000, 0, [2]uint8{0, 5}, 7, 19, false, false, "CN470"},
		"CN779":   {786_000_000, 0, [2]uint8{0, 5}, 5, 12, false, true, "CN779"},
		"EU433":   {434_665_000, 0, [2]uint8{0, 5}, 5, 12, false, true, "EU433"},
		"IN865":   {866_550_000, 2, [2]uint8{0, 5}, 10, 30, false, true, "IN865"},
		"KR920":   {921_900_000, 0, [2]uint8{0, 5}, 7, 14, false, true, "KR920"},
		"RU864":   {869_100_000, 0, [2]uint8{0, 5}, 7, 16, false, true, "RU864"},
		"ISM2400": {2_423_000_000, 0, [2]uint8{0, 7}, 7, 10, true, true, "ISM2400"},
	}
	got := map[string]figures{}
	for _, name := range region.Names() {
		r := newRegion(t, region.Options{Name: name})
		d := r.Defaults()
		lowest, highest := r.ADRRange()
		got[name] = figures{
			RX2: d.RX2Frequency, RX2DR: d.RX2DataRate, ADR: [2]uint8{lowest, highest},
			Power: r.MaxTXPower(), EIRP: r.MaxEIRP(),
			TxParams: r.TxParamSetup(), Dynamic: r.DynamicChannels(), Canonical: r.Name(),
		}
		wantDefaults := region.Defaults{
			RX1Delay: time.Second, RX2Delay: 2 * time.Second, JoinDelay1: 5 * time.Second, JoinDelay2: 6 * time.Second,
			RX2Frequency: d.RX2Frequency, RX2DataRate: d.RX2DataRate,
			JoinRX2Frequency: d.RX2Frequency, JoinRX2DataRate: d.RX2DataRate,
		}
		if diff := cmp.Diff(wantDefaults, d); diff != "" {
			t.Errorf("%s: defaults (-want +got):\n%s", name, diff)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestTXPower(t *testing.T) {
	t.Parallel()
	for _, name := range region.Names() {
		r := newRegion(t, region.Options{Name: name})
		for index := range uint8(16) {
			dB, ok := r.TXPower(index)
			switch {
			case ok != (index <= r.MaxTXPower()):
				t.Errorf("%s: TXPower %d is %v, the highest is %d", name, index, ok, r.MaxTXPower())
			case ok && dB != -2*int8(index):
				t.Errorf("%s: TXPower %d is %d dB, want %d", name, index, dB, -2*int8(index))
			}
		}
	}
}

// TestSubBands: ranges ascend without overlap, every figure of the region lies
// in them, and no other frequency is good for a downlink.
func TestSubBands(t *testing.T) {
	t.Parallel()
	for _, name := range region.Names() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRegion(t, region.Options{Name: name})
			end := uint32(0)
			for _, s := range r.SubBands() {
				if s.From < end || s.To <= s.From || s.DutyCycle <= 0 || s.DutyCycle > 1 || s.DownlinkDwell != 0 {
					t.Errorf("%v after %d Hz: %+v", s, end, s)
				}
				end = s.To
				if got := r.DownlinkEIRP(s.From); got != s.MaxEIRP {
					t.Errorf("%d dBm in %v, want %d", got, s, s.MaxEIRP)
				}
			}
			for i, c := range r.UplinkChannels() {
				f, _, ok := r.RX1(c.Frequency, c.MinDR, 0, false)
				if !ok || !r.ValidUplinkFrequency(c.Frequency) || !r.ValidDownlinkFrequency(f) {
					t.Errorf("channel %d, %d Hz, answered on %d Hz: outside the region", i, c.Frequency, f)
				}
			}
			if d := r.Defaults(); !r.ValidDownlinkFrequency(d.RX2Frequency) {
				t.Errorf("RX2 at %d Hz is outside the region", d.RX2Frequency)
			}
			for _, f := range []uint32{0, r.SubBands()[0].From - 1, end, 2_500_000_000} {
				if r.ValidUplinkFrequency(f) || r.ValidDownlinkFrequency(f) {
					t.Errorf("%d Hz is taken as within the region", f)
				}
				if _, _, ok := r.RX1(f, 0, 0, false); ok {
					t.Errorf("%d Hz is answered", f)
				}
			}
		})
	}
}

func TestDownlinkEIRP(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name      string
		frequency uint32
		want      int8
	}{
		{"EU868", 868_100_000, 16},
		{"EU868", 869_525_000, 29},
		{"EU868", 869_650_000, 16}, // the alarm band begins
		{"US915", 923_300_000, 30},
		{"KR920", 921_900_000, 23},
		{"RU864", 869_100_000, 22},
		{"RU864", 1, 16},
	} {
		if got := newRegion(t, region.Options{Name: tt.name}).DownlinkEIRP(tt.frequency); got != tt.want {
			t.Errorf("%s: %d dBm on %d Hz, want %d", tt.name, got, tt.frequency, tt.want)
		}
	}
}

func TestDwell(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"AS923-1", "AU915"} {
		r := newRegion(t, region.Options{Name: name, UplinkDwell: true, DownlinkDwell: true})
		if lowest, highest := r.ADRRange(); lowest != 2 || highest != 5 {
			t.Errorf("%s: ADR chooses DR%d to DR%d, want DR2 to DR5", name, lowest, highest)
		}
		if got := r.SubBands()[0].DownlinkDwell; got != 400*time.Millisecond {
			t.Errorf("%s: %v at most, want 400ms", name, got)
		}
	}
}

// TestUnchanging: what a caller does to the slices it gets is its own affair.
func TestUnchanging(t *testing.T) {
	t.Parallel()
	r := newRegion(t, region.Options{Name: "EU868"})
	channels, bands := r.UplinkChannels(), r.SubBands()
	r.UplinkChannels()[0].Frequency = 1
	r.SubBands()[0].MaxEIRP = 99
	if !slices.Equal(channels, r.UplinkChannels()) || !slices.Equal(bands, r.SubBands()) {
		t.Error("the region has changed")
	}
}
