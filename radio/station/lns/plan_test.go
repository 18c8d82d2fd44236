package lns_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gatewayd/radio"
	"gatewayd/radio/station/lns"
)

func eu868() lns.Plan {
	p := lns.Plan{Region: "EU868", Lowest: 863_000_000, Highest: 870_000_000, MaxEIRP: 27}
	for i := range 6 {
		p.DataRates[i].DataRate = radio.LoRaDataRate(uint8(12-i), 125_000)
	}
	p.DataRates[6].DataRate = radio.LoRaDataRate(7, 250_000)
	p.DataRates[7].DataRate = radio.FSKDataRate(50_000)
	p.DataRates[8].DataRate = radio.LRFHSSDataRate(137_000)
	for _, hz := range []uint32{868_100_000, 868_300_000, 868_500_000, 867_100_000, 867_300_000, 867_500_000, 867_700_000, 867_900_000} {
		p.Channels = append(p.Channels, lns.Channel{Frequency: hz, MaxDR: 5})
	}
	p.Channels = append(p.Channels,
		lns.Channel{Frequency: 868_300_000, MinDR: 6, MaxDR: 6}, lns.Channel{Frequency: 868_800_000, MinDR: 7, MaxDR: 7})
	return p
}

func us915(subBand uint32) lns.Plan {
	p := lns.Plan{Region: "US915", Lowest: 902_000_000, Highest: 928_000_000, MaxEIRP: 30}
	for i := range 4 {
		p.DataRates[i].DataRate = radio.LoRaDataRate(uint8(10-i), 125_000)
	}
	p.DataRates[4].DataRate = radio.LoRaDataRate(8, 500_000)
	for i := range 6 {
		p.DataRates[8+i] = lns.DataRate{DataRate: radio.LoRaDataRate(uint8(12-i), 500_000), DownlinkOnly: true}
	}
	first := 902_300_000 + (subBand-1)*1_600_000
	for i := range uint32(8) {
		p.Channels = append(p.Channels, lns.Channel{Frequency: first + i*200_000, MaxDR: 3})
	}
	p.Channels = append(p.Channels, lns.Channel{Frequency: 903_000_000 + (subBand-1)*1_600_000, MinDR: 4, MaxDR: 4})
	return p
}

// same compares JSON, whatever the order of fields.
func same(t *testing.T, got []byte, want string) {
	t.Helper()
	var g, w any
	if err := json.Unmarshal(got, &g); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(want), &w); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(w, g); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestRouterConfigEU868(t *testing.T) {
	t.Parallel()
	p := eu868()
	now := time.Date(2026, 3, 1, 12, 0, 0, 500_000_000, time.UTC)
	same(t, p.RouterConfig(lns.Version{Station: "2.0.6(linux/std)", Model: "linux"}, now), `{
		"msgtype":"router_config","NetID":null,"JoinEui":null,"region":"EU863","hwspec":"sx1301/1",
		"freq_range":[863000000,870000000],
		"DRs":[[12,125,0],[11,125,0],[10,125,0],[9,125,0],[8,125,0],[7,125,0],[7,250,0],[0,0,0],
			[-1,0,0],[-1,0,0],[-1,0,0],[-1,0,0],[-1,0,0],[-1,0,0],[-1,0,0],[-1,0,0]],
		"upchannels":[[868100000,0,5],[868300000,0,5],[868500000,0,5],[867100000,0,5],[867300000,0,5],[867500000,0,5],
			[867700000,0,5],[867900000,0,5],[868300000,6,6],[868800000,7,7]],
		"sx1301_conf":[{
			"radio_0":{"enable":true,"freq":867500000},
			"radio_1":{"enable":true,"freq":868450000},
			"chan_multiSF_0":{"enable":true,"radio":0,"if":-400000},
			"chan_multiSF_1":{"enable":true,"radio":0,"if":-200000},
			"chan_multiSF_2":{"enable":true,"radio":0,"if":0},
			"chan_multiSF_3":{"enable":true,"radio":0,"if":200000},
			"chan_multiSF_4":{"enable":true,"radio":0,"if":400000},
			"chan_multiSF_5":{"enable":true,"radio":1,"if":-350000},
			"chan_multiSF_6":{"enable":true,"radio":1,"if":-150000},
			"chan_multiSF_7":{"enable":true,"radio":1,"if":50000},
			"chan_Lora_std":{"enable":true,"radio":1,"if":-150000,"bandwidth":250000,"spread_factor":7},
			"chan_FSK":{"enable":true,"radio":1,"if":350000}}],
		"max_eirp":27,"nocca":false,"nodc":true,"nodwell":false,"MuxTime":1772366400.5}`)
}

// A production build knows no settings for tests, and a corecell board has an
// SX1302; what time it is may not be known.
func TestRouterConfigUS915(t *testing.T) {
	t.Parallel()
	p := us915(2)
	same(t, p.RouterConfig(lns.Version{Model: "corecell", Features: "rmtsh prod"}, time.Time{}), `{
		"msgtype":"router_config","NetID":null,"JoinEui":null,"region":"US902","hwspec":"sx1301/1",
		"freq_range":[902000000,928000000],
		"DRs":[[10,125,0],[9,125,0],[8,125,0],[7,125,0],[8,500,0],[-1,0,0],[-1,0,0],[-1,0,0],
			[12,500,1],[11,500,1],[10,500,1],[9,500,1],[8,500,1],[7,500,1],[-1,0,0],[-1,0,0]],
		"upchannels":[[903900000,0,3],[904100000,0,3],[904300000,0,3],[904500000,0,3],[904700000,0,3],[904900000,0,3],
			[905100000,0,3],[905300000,0,3],[904600000,4,4]],
		"sx1302_conf":[{
			"radio_0":{"enable":true,"freq":904300000},
			"radio_1":{"enable":true,"freq":905100000},
			"chan_multiSF_0":{"enable":true,"radio":0,"if":-400000},
			"chan_multiSF_1":{"enable":true,"radio":0,"if":-200000},
			"chan_multiSF_2":{"enable":true,"radio":0,"if":0},
			"chan_multiSF_3":{"enable":true,"radio":0,"if":200000},
			"chan_multiSF_4":{"enable":true,"radio":0,"if":400000},
			"chan_multiSF_5":{"enable":true,"radio":1,"if":-200000},
			"chan_multiSF_6":{"enable":true,"radio":1,"if":0},
			"chan_multiSF_7":{"enable":true,"radio":1,"if":200000},
			"chan_Lora_std":{"enable":true,"radio":0,"if":300000,"bandwidth":500000,"spread_factor":8},
			"chan_FSK":{"enable":false}}],
		"max_eirp":30}`)
}

func TestRegionNames(t *testing.T) {
	t.Parallel()
	for region, want := range map[string]string{
		"EU868": "EU863", "US915": "US902", "AU915": "AU915", "KR920": "KR920", "AS923-1": "AS923JP", "AS923": "AS923JP",
		"AS923-2": "AU915", "IN865": "AU915", "RU864": "AU915", "CN470": "AU915",
	} {
		p := eu868()
		p.Region = region
		var got struct{ Region string }
		if err := json.Unmarshal(p.RouterConfig(lns.Version{}, time.Time{}), &got); err != nil || got.Region != want {
			t.Errorf("%s: %s, %v; want %s", region, got.Region, err, want)
		}
	}
}

func TestLeftOut(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		plan lns.Plan
		more []lns.Channel
		want []uint32
	}{
		"EU868":               {plan: eu868()},
		"nine channels":       {plan: eu868(), more: []lns.Channel{{Frequency: 868_700_000, MaxDR: 5}}, want: []uint32{868_700_000}},
		"too far apart":       {plan: us915(1), more: []lns.Channel{{Frequency: 927_500_000, MinDR: 4, MaxDR: 4}}, want: []uint32{927_500_000}},
		"not a known rate":    {plan: eu868(), more: []lns.Channel{{Frequency: 868_100_000, MinDR: 8, MaxDR: 9}}, want: []uint32{868_100_000}},
		"two FSK channels":    {plan: eu868(), more: []lns.Channel{{Frequency: 868_850_000, MinDR: 7, MaxDR: 7}}, want: []uint32{868_850_000}},
		"fast LoRa too far":   {plan: eu868(), more: []lns.Channel{{Frequency: 869_525_000, MinDR: 6, MaxDR: 6}}, want: []uint32{869_525_000}},
		"two US915 sub-bands": {plan: us915(1), more: us915(2).Channels[:1], want: []uint32{903_900_000}},
	} {
		tt.plan.Channels = append(tt.plan.Channels, tt.more...)
		var got []uint32
		for _, c := range tt.plan.LeftOut() {
			got = append(got, c.Frequency)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// Every channel that is listened on is where upchannels says, and within
// reach of its radio.
func TestLayoutIsTrue(t *testing.T) {
	t.Parallel()
	plans := []lns.Plan{eu868()}
	for n := range uint32(8) {
		plans = append(plans, us915(n+1))
	}
	for _, p := range plans {
		var got struct {
			Up   [][3]uint32 `json:"upchannels"`
			Chip []map[string]struct {
				Enable bool
				Freq   int
				Radio  int
				If     int
			} `json:"sx1301_conf"`
		}
		if err := json.Unmarshal(p.RouterConfig(lns.Version{}, time.Time{}), &got); err != nil {
			t.Fatal(err)
		}
		on := map[uint32]int{}
		for name, c := range got.Chip[0] {
			if strings.HasPrefix(name, "chan_") && c.Enable {
				r := got.Chip[0]["radio_"+string(rune('0'+c.Radio))]
				on[uint32(r.Freq+c.If)]++
				if c.If > 400_000 || c.If < -400_000 || !r.Enable {
					t.Errorf("%s: %s at %d", p.Region, name, c.If)
				}
			}
		}
		for _, u := range got.Up {
			on[u[0]]--
		}
		for hz, n := range on {
			if n != 0 {
				t.Errorf("%s: %d Hz has %d channels more than upchannels says", p.Region, hz, n)
			}
		}
	}
}

func TestPlanCheck(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(*lns.Plan){
		"no region":         func(p *lns.Plan) { p.Region = "" },
		"1 GHz":             func(p *lns.Plan) { p.Lowest, p.Highest = 2_400_000_000, 2_483_000_000 },
		"between 0 and":     func(p *lns.Plan) { p.Lowest = 0 },
		"no channel to":     func(p *lns.Plan) { p.Channels = nil },
		"DR3 to DR2":        func(p *lns.Plan) { p.Channels[0].MinDR, p.Channels[0].MaxDR = 3, 2 },
		"DR0 to DR16":       func(p *lns.Plan) { p.Channels[0].MaxDR = 16 },
		"channel at 100 Hz": func(p *lns.Plan) { p.Channels[0].Frequency = 100 },
		"can receive":       func(p *lns.Plan) { p.Channels = []lns.Channel{{Frequency: 868_100_000, MinDR: 8, MaxDR: 15}} },
	} {
		p := eu868()
		if err := p.Check(); err != nil {
			t.Fatal(err)
		}
		change(&p)
		if err := p.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func TestDataRates(t *testing.T) {
	t.Parallel()
	p := us915(1)
	for d, want := range map[radio.DataRate]int{
		radio.LoRaDataRate(8, 500_000):  12, // DR4 is the same, for uplinks
		radio.LoRaDataRate(12, 500_000): 8,
		radio.LoRaDataRate(10, 125_000): 0,
		radio.LoRaDataRate(12, 125_000): -1,
		radio.FSKDataRate(50_000):       -1,
		{}:                              -1,
	} {
		if got, ok := p.Downlink(d); ok != (want >= 0) || ok && int(got) != want {
			t.Errorf("%s: DR%d, %t; want %d", d, got, ok, want)
		}
	}
	if d, ok := p.Uplink(4); !ok || d != radio.LoRaDataRate(8, 500_000) {
		t.Errorf("DR4 is %s, %t", d, ok)
	}
	for _, index := range []uint8{5, 15, 16, 255} {
		if d, ok := p.Uplink(index); ok {
			t.Errorf("DR%d is %s", index, d)
		}
	}
	if p.Channel(903_000_000, 4) != 8 || p.Channel(902_500_000, 0) != 1 || p.Channel(902_500_000, 4) != 0 {
		t.Error("wrong channel numbers")
	}
}
