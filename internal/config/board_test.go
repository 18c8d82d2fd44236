package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gatewayd/radio/picocell"
)

// boardCase is what keys change in the preset of their region.
type boardCase struct {
	name, region, keys string
	change             func(*picocell.Board)
}

func boardCases() []boardCase {
	return []boardCase{
		{"preset", "EU868", "", func(*picocell.Board) {}},
		{"private", "EU868", "lorawan_public = false\nclock_source = 0", func(b *picocell.Board) {
			b.LoRaWANPublic, b.ClockSource = false, 0
		}},
		{"rssi offset of both radios", "EU868", "rssi_offset = -160", func(b *picocell.Board) {
			b.Radios[0].RSSIOffset, b.Radios[1].RSSIOffset = -160, -160
		}},
		{"radios", "EU868", "rssi_offset = -160\n" + `
[[concentrator.radio]]
tx = false
[[concentrator.radio]]
rssi_offset = -161.5
frequency = 868300000
type = "SX1257"
tx = true
tx_min = 868000000
tx_max = 868600000
`, func(b *picocell.Board) {
			b.Radios[0].RSSIOffset, b.Radios[0].TxEnable = -160, false
			b.Radios[1] = picocell.Radio{
				Enable: true, Frequency: 868_300_000, Type: picocell.SX1257, RSSIOffset: -161.5,
				TxEnable: true, TxMin: 868_000_000, TxMax: 868_600_000,
			}
		}},
		{"channels", "US915", `
[[concentrator.channel]]
radio = 1
if = -100000
[[concentrator.channel]]
enable = false
radio = 0
if = 0
`, func(b *picocell.Board) {
			b.Chains = [8]picocell.Chain{
				{Enable: true, Radio: 1, IF: -100_000, Bandwidth: 125_000, SpreadingFactors: picocell.AllSF},
				{Enable: false, Radio: 0, IF: 0, Bandwidth: 125_000, SpreadingFactors: picocell.AllSF},
			}
		}},
		{"lora_std and fsk", "EU868", `
[concentrator.lora_std]
radio = 0
if = 100000
bandwidth = 125000
spreading_factor = 12
[concentrator.fsk]
enable = false
bit_rate = 25000
`, func(b *picocell.Board) {
			b.Std = picocell.Chain{Enable: true, Radio: 0, IF: 100_000, Bandwidth: 125_000, SpreadingFactors: picocell.SF(12)}
			b.FSK.Enable, b.FSK.BitRate = false, 25_000
		}},
		{
			"gains", "EU868", "tx_gain = [{ power = -3, pa = 1, mix = 8, digital = 2 }, { power = 27, pa = 3, mix = 15, digital = 0 }]",
			func(b *picocell.Board) {
				b.TxGains = []picocell.TxGain{
					{Power: -3, PA: 1, Mix: 8, Digital: 2, DAC: 3}, {Power: 27, PA: 3, Mix: 15, Digital: 0, DAC: 3},
				}
			},
		},
	}
}

func TestBoard(t *testing.T) {
	t.Parallel()
	for _, tt := range boardCases() {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			want := picocell.EU868()
			if tt.region == "US915" {
				want, _ = picocell.US915(2)
			}
			tt.change(&want)
			c := mustCheck(t, strings.Replace(required, "EU868", tt.region, 1)+tt.keys)
			if diff := cmp.Diff(want, c.Concentrators[0].Board); diff != "" {
				t.Errorf("board (-want +got):\n%s", diff)
			}
			if c.LoRaWAN.Region != tt.region {
				t.Errorf("region %q, want %q", c.LoRaWAN.Region, tt.region)
			}
		})
	}
}

func TestSubBand(t *testing.T) {
	t.Parallel()
	c := mustCheck(t, strings.Replace(required, "EU868", "US915", 1)+"sub_band = 8")
	want, err := picocell.US915(8)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, c.Concentrators[0].Board); diff != "" {
		t.Errorf("board (-want +got):\n%s", diff)
	}
}

// TestBoardTables checks that findings go to the tables that they name. The
// findings are picocell's own, so that a change of its wording shows here.
func TestBoardTables(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		path  string
		spoil func(*picocell.Board)
	}{
		{"c.radio[0]", func(b *picocell.Board) { b.Radios[0].Frequency = 1 }},
		{"c.radio[1]", func(b *picocell.Board) { b.Radios[1].TxEnable = true }},
		{"c.radio", func(b *picocell.Board) { b.Radios[1].Type, b.Radios[1].Frequency = picocell.SX1255, 434_000_000 }},
		{"c.channel[7]", func(b *picocell.Board) { b.Chains[7].IF = 900_000 }},
		{"c.channel", func(b *picocell.Board) {
			b.Chains, b.Std.Enable, b.FSK.Enable = [8]picocell.Chain{}, false, false
		}},
		{"c.lora_std", func(b *picocell.Board) { b.Std.SpreadingFactors = 0 }},
		{"c.fsk", func(b *picocell.Board) { b.FSK.BitRate = 0 }},
		{"c.tx_gain[1]", func(b *picocell.Board) { b.TxGains[1].Mix = 16 }},
		{"c.tx_gain", func(b *picocell.Board) { b.TxGains = nil }},
		{"c", func(b *picocell.Board) { b.ClockSource = 2 }},
	} {
		b := picocell.EU868()
		tt.spoil(&b)
		findings := flatten(b.Validate())
		if len(findings) != 1 {
			t.Errorf("%s: findings %v, want one", tt.path, findings)
			continue
		}
		if table, _ := boardTable(section{path: "c"}, findings[0].Error()); table.path != tt.path {
			t.Errorf("%v goes to %s, want %s", findings[0], table.path, tt.path)
		}
	}
}
