package region_test

import (
	"encoding/hex"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gatewayd/bridge/region"
)

// TestCFList: the first is ChirpStack's published vector, the others are
// written out by the Regional Parameters' tables.
func TestCFList(t *testing.T) {
	t.Parallel()
	five := ladder(867_100_000, 200_000, 5, 0, 5)
	more := append(ladder(867_100_000, 200_000, 5, 0, 5), region.Channel{Frequency: 865_100_000, MaxDR: 5})
	for _, tt := range []struct {
		name string
		o    region.Options
		v103 bool
		want string
	}{
		{"EU868, five more", region.Options{Name: "EU868", Channels: five}, false, "184f84e85684b85e84886684586e8400"},
		{"EU868, 1.0.3", region.Options{Name: "EU868", Channels: five}, true, "184f84e85684b85e84886684586e8400"},
		{"EU868, more than fit", region.Options{Name: "EU868", Channels: more}, false, "184f84e85684b85e84886684586e8400"},
		{
			"EU868, numbers stay",
			region.Options{Name: "EU868", Channels: []region.Channel{
				{Frequency: 867_100_000, MaxDR: 5},
				{Frequency: 868_300_000, MinDR: 6, MaxDR: 6},
				{Frequency: 867_500_000, MaxDR: 5},
			}},
			false, "184f84000000b85e8400000000000000",
		},
		{"EU868, none", region.Options{Name: "EU868"}, true, ""},
		{
			"EU868, none that fits",
			region.Options{Name: "EU868", Channels: []region.Channel{{Frequency: 868_800_000, MinDR: 7, MaxDR: 7}}},
			false, "",
		},
		{"US915, first sub-band", region.Options{Name: "US915", SubBand: 1}, true, "ff000000000000000100000000000001"},
		{"AU915, second sub-band", region.Options{Name: "AU915", SubBand: 2}, true, "00ff0000000000000200000000000001"},
		{"CN470, last sub-band", region.Options{Name: "CN470", SubBand: 12}, true, "0000000000000000000000ff00000001"},
		{"US915 before 1.0.3", region.Options{Name: "US915", SubBand: 1}, false, ""},
		{"US915, all", region.Options{Name: "US915"}, true, ""},
		// 2410 MHz / 200 Hz = 12050000 = B7DE50h.
		{
			"ISM2400",
			region.Options{Name: "ISM2400", Channels: ladder(2_410_000_000, 200, 2, 0, 7)},
			false, "50deb751deb700000000000000000000",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := ""
			if list := newRegion(t, tt.o).CFList(tt.v103); list != nil {
				b, err := list.MarshalBinary()
				if err != nil {
					t.Fatal(err)
				}
				got = hex.EncodeToString(b)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
