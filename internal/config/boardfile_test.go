package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gatewayd/radio/picocell"
)

// makersFile has everything a board's maker writes down, comments included.
const makersFile = `{
    "SX1301_conf": { // a board of nobody
        "lorawan_public": false,
        "clksrc": 0, /* radio_0 provides
                        the clock */
        "clksrc_desc": "not // a comment",
        "antenna_gain": 2.5,
        "radio_0": {"enable": true, "type": "SX1257", "freq": 867500000, "rssi_offset": -158.5, "tx_enable": true,
                    "tx_freq_min": 863500000, "tx_freq_max": 869500000},
        "radio_1": {"enable": true, "type": "SX1257", "freq": 868500000, "rssi_offset": -159, "tx_enable": false},
        "chan_multiSF_0": {"enable": true, "radio": 1, "if": -400000},
        "chan_multiSF_1": {"enable": false},
        "chan_multiSF_2": {"enable": true, "radio": 0, "if": 0},
        "chan_Lora_std": {"enable": true, "radio": 1, "if": -200000, "bandwidth": 250000, "spread_factor": 7},
        "chan_FSK": {"enable": false},
        "tx_lut_0": {"desc": "low", "pa_gain": 0, "mix_gain": 8, "rf_power": -6, "dig_gain": 0},
        "tx_lut_1": {"pa_gain": 1, "mix_gain": 12, "rf_power": 14, "dig_gain": 2}
    },
    "gateway_conf": {"gateway_ID": "AA555A0000000000"}
}
`

func TestBoardFile(t *testing.T) {
	t.Parallel()
	boardOf := func(keys string) Concentrator {
		t.Helper()
		env := badEnvironment()
		env.read = func(string) (source, error) { return source{data: []byte(makersFile)}, nil }
		text := required + "board_file = \"global_conf.json\"\n" + keys
		c, err := check(source{name: "gatewayd.toml", data: []byte(text), mode: 0o640}, env)
		if err != nil {
			t.Fatal(err)
		}
		return c.Concentrators[0]
	}
	want := picocell.EU868()
	want.LoRaWANPublic, want.ClockSource = false, 0
	want.Radios[0].RSSIOffset, want.Radios[0].TxMin, want.Radios[0].TxMax = -158.5, 863_500_000, 869_500_000
	want.Radios[1].RSSIOffset = -159
	want.Chains = [8]picocell.Chain{
		0: {Enable: true, Radio: 1, IF: -400_000, Bandwidth: 125_000, SpreadingFactors: picocell.AllSF},
		2: {Enable: true, Radio: 0, IF: 0, Bandwidth: 125_000, SpreadingFactors: picocell.AllSF},
	}
	want.Std = picocell.Chain{Enable: true, Radio: 1, IF: -200_000, Bandwidth: 250_000, SpreadingFactors: picocell.SF(7)}
	want.FSK = picocell.Chain{}
	want.TxGains = []picocell.TxGain{
		{Power: -6, PA: 0, Mix: 8, Digital: 0, DAC: 3}, {Power: 14, PA: 1, Mix: 12, Digital: 2, DAC: 3},
	}
	c := boardOf("")
	if diff := cmp.Diff(want, c.Board); diff != "" {
		t.Errorf("board (-want +got):\n%s", diff)
	}
	if c.AntennaGain != 2.5 {
		t.Errorf("antenna gain %v, want that of the file", c.AntennaGain)
	}

	// What the configuration says goes before the file.
	c = boardOf("lorawan_public = true\nantenna_gain = 1\nrssi_offset = -150\n")
	want.LoRaWANPublic = true
	want.Radios[0].RSSIOffset, want.Radios[1].RSSIOffset = -150, -150
	if diff := cmp.Diff(want, c.Board); diff != "" {
		t.Errorf("board under the configuration's keys (-want +got):\n%s", diff)
	}
	if c.AntennaGain != 1 {
		t.Errorf("antenna gain %v, want that of the configuration", c.AntennaGain)
	}
}

func FuzzBoardFile(f *testing.F) {
	f.Add([]byte(makersFile))
	f.Add([]byte(`{"SX1301_conf":{"tx_lut_0":{"rf_power":999},"chan_multiSF_7":{"enable":true,"if":-9e9}}}`))
	f.Add([]byte("{/*"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if plain := blankComments(text); len(plain) != len(text) || strings.Count(string(plain), "\n") != strings.Count(string(text), "\n") {
			t.Errorf("without comments %q is %q: places have moved", text, plain)
		}
		parsed, err := parseBoardFile(text)
		if err != nil {
			return
		}
		b := picocell.EU868()
		if parsed.apply(&b) == nil && len(b.TxGains) == 0 {
			t.Error("no gains are left")
		}
	})
}
