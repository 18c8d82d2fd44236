package station

import (
	"encoding/json"
	"fmt"
	"slices"

	"gatewayd/radio"
)

// config is what a router_config says.
type config struct {
	Region    string
	HWSpec    string
	FreqRange [2]uint32
	DRs       [][3]int
	Up        [][3]uint32
	chains    []chain
}

// chain is a demodulator that listens: to every LoRa data rate at 125 kHz, to
// one, or to FSK.
type chain struct {
	frequency uint32
	rate      radio.DataRate // zero: every spreading factor at 125 kHz
}

type chipConf map[string]struct {
	Enable    bool
	Freq      int64
	Radio     int
	If        int64
	Bandwidth uint32
	SF        uint8 `json:"spread_factor"`
}

// parseConfig reads a router_config, with what the real station refuses.
func parseConfig(b []byte) (*config, error) {
	var m struct {
		Region    string     `json:"region"`
		HWSpec    string     `json:"hwspec"`
		FreqRange []uint32   `json:"freq_range"`
		DRs       [][]int    `json:"DRs"`
		Up        [][]uint32 `json:"upchannels"`
		SX1301    []chipConf `json:"sx1301_conf"`
		SX1302    []chipConf `json:"sx1302_conf"`
	}
	if err := json.Unmarshal(b, &m); err != nil {
		return nil, err
	}
	chips := slices.Concat(m.SX1301, m.SX1302)
	switch known := []string{"EU863", "US902", "EU868", "US915", "AU915", "AS923JP", "KR920", "IL915"}; {
	case m.HWSpec != "sx1301/1" || len(chips) != 1:
		return nil, fmt.Errorf("hwspec %q with %d chips", m.HWSpec, len(chips))
	case !slices.Contains(known, m.Region):
		return nil, fmt.Errorf("region %q: downlinks would be refused", m.Region)
	case len(m.FreqRange) != 2 || m.FreqRange[0] >= m.FreqRange[1]:
		return nil, fmt.Errorf("freq_range %v", m.FreqRange)
	case len(m.DRs) != 16:
		return nil, fmt.Errorf("%d DRs", len(m.DRs))
	}
	c := &config{Region: m.Region, HWSpec: m.HWSpec, FreqRange: [2]uint32(m.FreqRange)}
	for _, d := range m.DRs {
		if len(d) != 3 {
			return nil, fmt.Errorf("DR %v", d)
		}
		c.DRs = append(c.DRs, [3]int(d))
	}
	for _, u := range m.Up {
		if len(u) != 3 || u[1] > u[2] || u[2] > 7 {
			return nil, fmt.Errorf("upchannel %v", u)
		}
		c.Up = append(c.Up, [3]uint32(u))
	}
	err := c.tune(chips[0])
	return c, err
}

// tune finds what the chip listens on.
func (c *config) tune(chip chipConf) error {
	for name, ch := range chip {
		if !ch.Enable || len(name) < 5 || name[:5] != "chan_" {
			continue
		}
		radioConf, ok := chip[fmt.Sprintf("radio_%d", ch.Radio)]
		if !ok || !radioConf.Enable || ch.If > 400_000 || ch.If < -400_000 {
			return fmt.Errorf("%s: radio %d, if %d", name, ch.Radio, ch.If)
		}
		got := chain{frequency: uint32(radioConf.Freq + ch.If)}
		switch name {
		case "chan_FSK":
			got.rate = radio.FSKDataRate(50_000)
		case "chan_Lora_std":
			got.rate = radio.LoRaDataRate(ch.SF, ch.Bandwidth)
		}
		c.chains = append(c.chains, got)
	}
	return nil
}

// hears reports whether a demodulator listens there.
func (c *config) hears(frequency uint32, d radio.DataRate) bool {
	return slices.ContainsFunc(c.chains, func(ch chain) bool {
		every := ch.rate == radio.DataRate{} && d.Modulation == radio.LoRa && d.Bandwidth == 125_000
		return ch.frequency == frequency && (every || ch.rate == d)
	})
}

// rate is what an index means.
func (c *config) rate(index int) (radio.DataRate, bool) {
	if index < 0 || index >= len(c.DRs) || c.DRs[index][0] < 0 {
		return radio.DataRate{}, false
	}
	if d := c.DRs[index]; d[0] > 0 {
		return radio.LoRaDataRate(uint8(d[0]), uint32(d[1])*1000), true
	}
	return radio.FSKDataRate(50_000), true
}

// index is the data rate of an uplink.
func (c *config) index(d radio.DataRate) (int, bool) {
	for i, triple := range c.DRs {
		if have, ok := c.rate(i); ok && triple[2] == 0 && have == d {
			return i, true
		}
	}
	return 0, false
}
