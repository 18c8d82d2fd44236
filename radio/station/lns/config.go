package lns

import (
	"fmt"
	"time"
)

// hardware is the only concentrator stations know by that name: boards of one
// SX1301, 1302, 1303 or 1308.
const hardware = "sx1301/1"

// routerConfig starts the radio of a station. NetID and JoinEui are filters:
// null lets everything pass.
type routerConfig struct {
	Type       string            `json:"msgtype"`
	NetID      []int             `json:"NetID"`
	JoinEui    [][2]uint64       `json:"JoinEui"`
	Region     string            `json:"region"`
	HWSpec     string            `json:"hwspec"`
	FreqRange  [2]uint32         `json:"freq_range"`
	DRs        [dataRates][3]int `json:"DRs"`
	UpChannels [][3]uint32       `json:"upchannels"`
	SX1301     []map[string]any  `json:"sx1301_conf,omitempty"`
	SX1302     []map[string]any  `json:"sx1302_conf,omitempty"`
	MaxEIRP    float64           `json:"max_eirp"`
	NoCCA      *bool             `json:"nocca,omitempty"`
	NoDC       *bool             `json:"nodc,omitempty"`
	NoDwell    *bool             `json:"nodwell,omitempty"`
	MuxTime    float64           `json:"MuxTime,omitempty"`
}

// RouterConfig answers v. now is the time, zero if it is not known.
//
// A station drops what its own duty cycle forbids without a word, and forbids
// more than the law does; the bridge accounts for airtime, so the station is
// told not to, unless it is a production build, which does not listen.
// Listening before talking it does as its region wants.
func (p *Plan) RouterConfig(v Version, now time.Time) []byte {
	l := p.lay()
	c := routerConfig{
		Type: "router_config", Region: regionName(p.Region), HWSpec: hardware,
		FreqRange: [2]uint32{p.Lowest, p.Highest}, UpChannels: p.upChannels(l), MaxEIRP: p.MaxEIRP,
	}
	for i, d := range p.DataRates {
		c.DRs[i] = d.triple()
	}
	if chips := []map[string]any{l.chip()}; v.sx1302() {
		c.SX1302 = chips
	} else {
		c.SX1301 = chips
	}
	if !v.production() {
		yes, no := true, false
		c.NoCCA, c.NoDC, c.NoDwell = &no, &yes, &no
	}
	if !now.IsZero() {
		c.MuxTime = muxTime(now)
	}
	return encode(c)
}

// regionName is how stations call a region. The names of before 2.0.6 are
// understood by all. Since then a station sends nothing in a region it does
// not know; AU915 is the one whose rules are none but max_eirp, so it stands
// for those.
func regionName(region string) string {
	switch region {
	case "EU868", "EU863":
		return "EU863"
	case "US915", "US902":
		return "US902"
	case "AS923-1", "AS923", "AS923JP":
		return "AS923JP"
	case "KR920", "IL915":
		return region
	default:
		return "AU915"
	}
}

// maxUpDR is the highest index that stations take in upchannels.
const maxUpDR = 7

// upChannels are the channels that are listened on: frequency, lowest and
// highest data rate.
func (p *Plan) upChannels(l layout) [][3]uint32 {
	all := [][3]uint32{}
	left := map[Channel]bool{}
	for _, c := range l.left {
		left[c] = true
	}
	for _, c := range p.Channels {
		if !left[c] && c.MinDR <= maxUpDR {
			all = append(all, [3]uint32{c.Frequency, uint32(c.MinDR), uint32(min(c.MaxDR, maxUpDR))})
		}
	}
	return all
}

// chip is the layout as the HAL's configuration has it. Stations refuse the
// whole of it for one field they do not know.
func (l *layout) chip() map[string]any {
	off := map[string]any{"enable": false}
	chip := map[string]any{"chan_Lora_std": off, "chan_FSK": off}
	for i, s := range l.centre {
		chip[fmt.Sprintf("radio_%d", i)] = map[string]any{"enable": s.used, "freq": s.frequency()}
	}
	for i := range multiSFChains {
		name := fmt.Sprintf("chan_multiSF_%d", i)
		chip[name] = off
		if i < len(l.multi) {
			chip[name] = l.listen(l.multi[i])
		}
	}
	if l.fast != nil {
		std := l.listen(*l.fast)
		std["bandwidth"], std["spread_factor"] = l.fast.rate.Bandwidth, l.fast.rate.SpreadingFactor
		chip["chan_Lora_std"] = std
	}
	if l.fsk != nil {
		chip["chan_FSK"] = l.listen(*l.fsk)
	}
	return chip
}

func (l *layout) listen(c chain) map[string]any {
	return map[string]any{"enable": true, "radio": c.radio, "if": l.offset(c)}
}
