package region_test

import (
	"testing"

	"gatewayd/bridge/region"
)

func TestOptions(t *testing.T) {
	t.Parallel()
	dr := func(n uint8) *uint8 { return &n }
	d := newRegion(t, region.Options{Name: "EU868", RX2Frequency: 869_100_000, RX2DataRate: dr(3)}).Defaults()
	if d.RX2Frequency != 869_100_000 || d.RX2DataRate != 3 || d.JoinRX2Frequency != 869_525_000 || d.JoinRX2DataRate != 0 {
		t.Errorf("got %+v, want RX2 moved, and not for joins", d)
	}
	full := ladder(865_100_000, 200_000, 13, 0, 5)
	if got := len(newRegion(t, region.Options{Name: "EU868", Channels: full}).UplinkChannels()); got != 16 {
		t.Errorf("%d channels, want 16", got)
	}
	newRegion(t, region.Options{Name: "AS923", DownlinkDwell: true, RX2DataRate: dr(2)})
}

func TestOptionErrors(t *testing.T) {
	t.Parallel()
	dr := func(n uint8) *uint8 { return &n }
	one := func(name string, frequency uint32, minDR, maxDR uint8) region.Options {
		return region.Options{Name: name, Channels: []region.Channel{{Frequency: frequency, MinDR: minDR, MaxDR: maxDR}}}
	}
	for _, tt := range []struct {
		o    region.Options
		want string
	}{
		{
			region.Options{Name: "EU863"},
			`region "EU863" is not known: want one of EU868, US915, AU915, AS923, AS923-1, AS923-2, AS923-3, AS923-4, ` +
				`CN470, CN779, EU433, IN865, KR920, RU864, ISM2400`,
		},
		{region.Options{Name: "EU868", SubBand: 1}, "region EU868: has no sub-bands to choose from; only US915, AU915 and CN470 have"},
		{region.Options{Name: "US915", SubBand: 9}, "region US915: sub-band 9 does not exist: want 1 to 8, or 0 for every channel"},
		{region.Options{Name: "CN470", SubBand: -1}, "region CN470: sub-band -1 does not exist: want 1 to 12, or 0 for every channel"},
		{region.Options{Name: "EU868", UplinkDwell: true}, "region EU868: has no dwell time limit to announce; only AS923 and AU915 have"},
		{region.Options{Name: "US915", DownlinkDwell: true}, "region US915: has no dwell time limit to announce; only AS923 and AU915 have"},
		{one("US915", 902_300_000, 0, 3), "region US915: has a fixed channel plan: choose a sub-band instead of channels"},
		{one("EU868", 868_300_000, 5, 6), "region EU868: channel at 868.3 MHz: is channel 1 already at data rate 5"},
		{one("EU868", 867_100_050, 0, 5), "region EU868: channel at 867.10005 MHz: want a multiple of 100 Hz, which is all that can be told to a node"},
		{one("ISM2400", 2_410_000_100, 0, 7), "region ISM2400: channel at 2410.0001 MHz: want a multiple of 200 Hz, which is all that can be told to a node"},
		{one("EU868", 867_100_000, 5, 0), "region EU868: channel at 867.1 MHz: lowest data rate 5 is above the highest, 0"},
		{one("EU868", 867_100_000, 0, 8), "region EU868: channel at 867.1 MHz: data rate 8 is not one of this region that can be received"},
		{one("EU868", 867_100_000, 0, 255), "region EU868: channel at 867.1 MHz: data rate 8 is not one of this region that can be received"},
		{one("RU864", 865_500_000, 0, 5), "region RU864: channel at 865.5 MHz: outside what the region allows: 864.000-865.000 MHz, 866.000-868.000 MHz, 868.700-869.200 MHz"},
		{
			region.Options{Name: "EU868", Channels: ladder(865_100_000, 200_000, 14, 0, 5)},
			"region EU868: channel at 867.7 MHz: is one too many: nodes hold 16, 3 of them are the region's",
		},
		{region.Options{Name: "EU868", RX2Frequency: 869_300_000}, "region EU868: RX2 at 869.3 MHz: no node listens or no gateway may send there"},
		{region.Options{Name: "US915", RX2Frequency: 902_300_000}, "region US915: RX2 at 902.3 MHz: no node listens or no gateway may send there"},
		{region.Options{Name: "EU868", RX2Frequency: 869_525_010}, "region EU868: RX2 at 869.52501 MHz: want a multiple of 100 Hz"},
		{region.Options{Name: "US915", RX2DataRate: dr(3)}, "region US915: RX2 data rate 3 is not a downlink data rate of this region"},
		{region.Options{Name: "EU868", RX2DataRate: dr(200)}, "region EU868: RX2 data rate 200 is not a downlink data rate of this region"},
		{region.Options{Name: "AS923", DownlinkDwell: true, RX2DataRate: dr(1)}, "region AS923-1: RX2 data rate 1: no frame is shorter than the dwell limit of 400ms"},
	} {
		_, err := region.New(tt.o)
		if err == nil || err.Error() != tt.want {
			t.Errorf("%+v:\n got %v\nwant %s", tt.o, err, tt.want)
		}
	}
}
