package config

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gatewayd/bridge/region"
	"gatewayd/radio/picocell"
)

// inRegion is all that a configuration needs, elsewhere.
func inRegion(name string) string {
	return strings.Replace(required, `"EU868"`, `"`+name+`"`, 1)
}

const forwarder = `
[hub]
host = "contoso.azure-devices.net"
[[concentrator]]
type = "semtech-udp"
region = "US915"
`

// TestEveryRegion checks that one PicoCell serves the nodes of each region
// that it can reach, without a word about its channels.
func TestEveryRegion(t *testing.T) {
	t.Parallel()
	for _, name := range region.Names() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if name == "CN779" || name == "ISM2400" {
				c := mustCheck(t, strings.Replace(forwarder, "US915", name, 1)+nodeA)
				if c.LoRaWAN.Region != name || len(c.Warnings) != 0 {
					t.Errorf("with a packet forwarder: region %s, warnings %q", c.LoRaWAN.Region, c.Warnings)
				}
				return
			}
			c := mustCheck(t, inRegion(name)+nodeA)
			if len(c.Warnings) != 0 {
				t.Errorf("warnings: %q", c.Warnings)
			}
			if err := c.Concentrators[0].Board.Validate(); err != nil {
				t.Error(err)
			}
			if r := c.LoRaWAN.Plan.Name(); c.LoRaWAN.Region != r || c.Concentrators[0].Region != r {
				t.Errorf("region %s of the network, %s of the concentrator, want %s", c.LoRaWAN.Region, c.Concentrators[0].Region, r)
			}
		})
	}
}

// TestDerivedBoards checks boards that Semtech has no configuration for: where
// the radios are, and what the demodulators hear.
func TestDerivedBoards(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		region, keys string
		radios       [2]uint32
		radio        picocell.RadioType
		tx           [2]uint32
		hears        []uint32 // the 125 kHz channels, and the 500 kHz one
	}{
		{
			"AU915", "[lorawan]\nsub_band = 1",
			[2]uint32{915_600_000, 916_400_000},
			picocell.SX1257,
			[2]uint32{915_000_000, 927_999_999},
			[]uint32{915_200_000, 915_400_000, 915_600_000, 915_800_000, 916_000_000, 916_200_000, 916_400_000, 916_600_000, 915_900_000},
		},
		{
			"IN865", "",
			[2]uint32{865_232_500, 865_985_000},
			picocell.SX1257,
			[2]uint32{865_000_000, 866_999_999},
			[]uint32{865_062_500, 865_402_500, 865_985_000},
		},
		{
			"KR920", "",
			[2]uint32{922_300_000, 922_300_000},
			picocell.SX1257,
			[2]uint32{920_800_000, 923_399_999},
			[]uint32{922_100_000, 922_300_000, 922_500_000},
		},
		{
			"CN470", "",
			[2]uint32{486_700_000, 487_500_000},
			picocell.SX1255,
			[2]uint32{470_000_000, 509_999_999},
			[]uint32{486_300_000, 486_500_000, 486_700_000, 486_900_000, 487_100_000, 487_300_000, 487_500_000, 487_700_000},
		},
		{
			"AS923", "[lorawan]\nchannels = [{ frequency = 922000000 }, { frequency = 922200000 }]",
			[2]uint32{922_100_000, 923_300_000},
			picocell.SX1257,
			[2]uint32{915_000_000, 927_999_999},
			[]uint32{922_000_000, 922_200_000, 923_200_000, 923_400_000},
		},
	} {
		t.Run(tt.region, func(t *testing.T) {
			t.Parallel()
			c := mustCheck(t, inRegion(tt.region)+tt.keys+nodeA)
			if len(c.Warnings) != 0 {
				t.Errorf("warnings: %q", c.Warnings)
			}
			b := c.Concentrators[0].Board
			for i, r := range b.Radios {
				if r.Frequency != tt.radios[i] || r.Type != tt.radio || !r.Enable {
					t.Errorf("radio %d: %+v, want %d Hz", i, r, tt.radios[i])
				}
			}
			if got := [2]uint32{b.Radios[0].TxMin, b.Radios[0].TxMax}; got != tt.tx || b.Radios[1].TxEnable {
				t.Errorf("sends from %d to %d, want %v", got[0], got[1], tt.tx)
			}
			if diff := cmp.Diff(tt.hears, heardBy(b)); diff != "" {
				t.Errorf("hears (-want +got):\n%s", diff)
			}
		})
	}
}

func heardBy(b picocell.Board) []uint32 {
	var list []uint32
	for _, f := range b.Frequencies() {
		if f != 0 {
			list = append(list, f)
		}
	}
	return list
}

// TestBoardOfOneself checks that radios and channels from the file serve where
// no board can be derived, and make the plan of the nodes.
func TestBoardOfOneself(t *testing.T) {
	t.Parallel()
	c := mustCheck(t, inRegion("AS923")+`
[[concentrator.radio]]
frequency = 922300000
[[concentrator.radio]]
frequency = 923300000
[[concentrator.channel]]
radio = 1
if = -100000
[[concentrator.channel]]
radio = 1
if = 100000
[[concentrator.channel]]
radio = 0
if = -300000
`+nodeA)
	want := []region.Channel{{Frequency: 923_200_000, MaxDR: 5}, {Frequency: 923_400_000, MaxDR: 5}, {Frequency: 922_000_000, MaxDR: 5}}
	if diff := cmp.Diff(want, c.LoRaWAN.Plan.UplinkChannels()); diff != "" || len(c.Warnings) != 0 {
		t.Errorf("plan (-want +got):\n%s\nwarnings: %q", diff, c.Warnings)
	}
}

// TestChannelsOfEU868 checks where the nodes' channels come from.
func TestChannelsOfEU868(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		text string
		want int
	}{
		"what the concentrator hears": {required, 8},
		"none of one's own":           {required + "[lorawan]\nchannels = []", 3},
		"one of one's own":            {required + "[lorawan]\nchannels = [{ frequency = 867100000 }]", 4},
		"not known":                   {strings.Replace(forwarder, "US915", "EU868", 1), 3},
		"of the PicoCell beside":      {required + "[[concentrator]]\ntype = \"semtech-udp\"\nregion = \"EU868\"", 8},
	} {
		if got := len(mustCheck(t, tt.text).LoRaWAN.Plan.UplinkChannels()); got != tt.want {
			t.Errorf("%s: %d channels, want %d", name, got, tt.want)
		}
	}
}

// TestSubBands checks who decides on the channels of a fixed plan.
func TestSubBands(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		text       string
		ofNodes    []int // first and last channel, and how many
		ofPicoCell int
	}{
		{inRegion("US915"), []int{8, 65, 9}, 2},
		{inRegion("US915") + "sub_band = 7", []int{48, 70, 9}, 7},
		{inRegion("US915") + "[lorawan]\nsub_band = 1", []int{0, 64, 9}, 1},
		{inRegion("AU915") + "sub_band = 1\n[lorawan]\nsub_band = 0", []int{0, 71, 72}, 1},
		{inRegion("CN470"), []int{80, 87, 8}, 11},
		{inRegion("EU868") + "sub_band = 2", []int{0, 7, 8}, 0},
		{forwarder, []int{8, 65, 9}, 0},
		{forwarder + "[lorawan]\nsub_band = 8", []int{56, 71, 9}, 0},
	} {
		c := mustCheck(t, tt.text)
		mask := c.LoRaWAN.Plan.Mask()
		var set []int
		for i := range 96 {
			if mask.Has(i) {
				set = append(set, i)
			}
		}
		if got := []int{set[0], set[len(set)-1], len(set)}; !cmp.Equal(got, tt.ofNodes) || c.Concentrators[0].SubBand != tt.ofPicoCell {
			t.Errorf("%s: nodes use %v, the PicoCell sub-band %d", tt.text, got, c.Concentrators[0].SubBand)
		}
	}
}

func TestLoRaWAN(t *testing.T) {
	t.Parallel()
	c := mustCheck(t, inRegion("AS923-2")+`
[lorawan]
net_id = "000013"
repeater = true
uplink_dwell = true
downlink_dwell = true
rx_delay = 7
rx1_dr_offset = 7
rx2_data_rate = 3
rx2_frequency = 921600000
dedup_window = "400ms"
status_interval = "0s"
proprietary_device = "lights"
adr = "off"
`+nodeA+groupA)
	l := c.LoRaWAN
	if l.Region != "AS923-2" || l.NetID.String() != "000013" || l.DedupWindow != 400*time.Millisecond || l.ProprietaryDevice != "lights" {
		t.Errorf("got %+v", l)
	}
	bare, err := region.New(region.Options{Name: "AS923-2"})
	if err != nil {
		t.Fatal(err)
	}
	if got, full := l.Plan.MaxPayload(5, true), bare.MaxPayload(5, true); got >= full {
		t.Errorf("%d bytes behind a repeater, %d without", got, full)
	}
	d := c.Nodes[0].MAC
	got := fmt.Sprint(d.RXDelay, d.RX1DROffset, d.RX2DataRate, d.RX2Frequency, d.UplinkDwell, d.DownlinkDwell, d.StatusInterval, d.ADR.Mode,
		c.Groups[0].DataRate, c.Groups[0].Frequency)
	if want := "7 7 3 921600000 true true 0s 0 3 921600000"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if d.Region != l.Plan || d.ADR.MinDR != 2 {
		t.Errorf("data rates from %d, want 2 under the dwell limit", d.ADR.MinDR)
	}
}

// TestLongDelay checks that only a PicoCell limits RXDelay.
func TestLongDelay(t *testing.T) {
	t.Parallel()
	if d := mustCheck(t, forwarder+"[lorawan]\nrx_delay = 15"+nodeA).Nodes[0].MAC; d.RXDelay != 15 {
		t.Errorf("RXDelay %d, want 15", d.RXDelay)
	}
}
