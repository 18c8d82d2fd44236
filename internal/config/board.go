package config

import (
	"math"

	"gatewayd/radio/picocell"
)

// board lays what the file says over the usual board of the region.
func (v validator) board(s section, raw *rawConcentrator, subBand int) picocell.Board {
	b, err := v.usualBoard(subBand)
	if err != nil && len(raw.Radio) == 0 {
		s.fail("region", "%v", err)
		return b
	}
	b.LoRaWANPublic = raw.LoRaWANPublic
	if !v.boardFile(s, raw, &b) {
		return b
	}
	override(s, "clock_source", raw.ClockSource, &b.ClockSource, 0, 1)
	overrideRadios(s, raw, &b)
	overrideChannels(s, raw.Channel, &b)
	overrideStd(s.in("lora_std"), raw.LoRaStd, &b.Std)
	overrideFSK(s.in("fsk"), raw.FSK, &b.FSK)
	overrideGains(s, raw.TxGain, &b)
	reportBoard(s, b.Validate())
	return b
}

// usualBoard is the board of the region before any key of the file: Semtech's,
// or else one for the channels of the nodes. With an error it is one that has
// no channels.
func (v validator) usualBoard(subBand int) (picocell.Board, error) {
	switch v.choices.Name {
	case regionEU868:
		return picocell.EU868(), nil
	case regionUS915:
		return picocell.US915(subBand)
	}
	o := v.choices
	o.SubBand = subBand
	return deriveBoard(o)
}

// override sets *dst if the file says so and the value fits.
func override[T int | int8 | uint8 | int32 | uint32](s section, key string, v *int64, dst *T, low, high int64) {
	if v != nil && within(s, key, *v, low, high) {
		*dst = T(*v)
	}
}

func overrideFlag(v *bool, dst *bool) {
	if v != nil {
		*dst = *v
	}
}

func overrideRSSI(s section, v *float64, dst *float32) {
	if v != nil && within(s, "rssi_offset", *v, -300, 100) {
		*dst = float32(*v)
	}
}

func overrideRadios(s section, raw *rawConcentrator, b *picocell.Board) {
	for i := range b.Radios {
		overrideRSSI(s, raw.RSSIOffset, &b.Radios[i].RSSIOffset)
	}
	if n := len(raw.Radio); n != 0 && n != len(b.Radios) {
		s.fail("radio", "%d given; want two [[concentrator.radio]] tables, radio 0 first", n)
		return
	}
	for i := range raw.Radio {
		overrideRadio(s.item("radio", i), &raw.Radio[i], &b.Radios[i])
	}
}

func overrideRadio(s section, raw *rawRadio, r *picocell.Radio) {
	overrideFlag(raw.Enable, &r.Enable)
	override(s, "frequency", raw.Frequency, &r.Frequency, 0, math.MaxUint32)
	if raw.Type != nil {
		switch s.oneOf("type", *raw.Type, "SX1257", "SX1255") {
		case "SX1255":
			r.Type = picocell.SX1255
		default:
			r.Type = picocell.SX1257
		}
	}
	overrideRSSI(s, raw.RSSIOffset, &r.RSSIOffset)
	overrideFlag(raw.Tx, &r.TxEnable)
	override(s, "tx_min", raw.TxMin, &r.TxMin, 0, math.MaxUint32)
	override(s, "tx_max", raw.TxMax, &r.TxMax, 0, math.MaxUint32)
}

// overrideChannels replaces all channels: with a few of them, the others are
// off.
func overrideChannels(s section, raw []rawChannel, b *picocell.Board) {
	if len(raw) == 0 {
		return
	}
	if len(raw) > len(b.Chains) {
		s.fail("channel", "%d given; want at most %d", len(raw), len(b.Chains))
		return
	}
	b.Chains = [len(b.Chains)]picocell.Chain{}
	for i, c := range raw {
		at := s.item("channel", i)
		at.require("radio", "add the radio that hears it, 0 or 1")
		at.require("if", "add its distance from the radio's centre, in Hz")
		chain := picocell.Chain{Enable: c.Enable, Bandwidth: 125_000, SpreadingFactors: picocell.AllSF}
		override(at, "radio", &c.Radio, &chain.Radio, 0, 1)
		override(at, "if", &c.IF, &chain.IF, math.MinInt32, math.MaxInt32)
		b.Chains[i] = chain
	}
}

func overrideStd(s section, raw rawLoRaStd, c *picocell.Chain) {
	overrideFlag(raw.Enable, &c.Enable)
	override(s, "radio", raw.Radio, &c.Radio, 0, 1)
	override(s, "if", raw.IF, &c.IF, math.MinInt32, math.MaxInt32)
	override(s, "bandwidth", raw.Bandwidth, &c.Bandwidth, 0, math.MaxUint32)
	var sf uint8
	if override(s, "spreading_factor", raw.SpreadingFactor, &sf, 7, 12); sf != 0 {
		c.SpreadingFactors = picocell.SF(sf)
	}
}

func overrideFSK(s section, raw rawFSK, c *picocell.Chain) {
	overrideFlag(raw.Enable, &c.Enable)
	override(s, "radio", raw.Radio, &c.Radio, 0, 1)
	override(s, "if", raw.IF, &c.IF, math.MinInt32, math.MaxInt32)
	override(s, "bandwidth", raw.Bandwidth, &c.Bandwidth, 0, math.MaxUint32)
	override(s, "bit_rate", raw.BitRate, &c.BitRate, 0, math.MaxUint32)
}

// overrideGains replaces the whole table: its entries depend on each other.
func overrideGains(s section, raw []rawTxGain, b *picocell.Board) {
	if len(raw) == 0 {
		return
	}
	b.TxGains = nil
	for i, g := range raw {
		at := s.item("tx_gain", i)
		for _, key := range []string{"power", "pa", "mix", "digital"} {
			at.require(key, "an entry needs power, pa, mix and digital")
		}
		gain := picocell.TxGain{DAC: 3}
		override(at, "power", &g.Power, &gain.Power, -20, 30)
		override(at, "pa", &g.PA, &gain.PA, 0, 3)
		override(at, "mix", &g.Mix, &gain.Mix, 0, 15)
		override(at, "digital", &g.Digital, &gain.Digital, 0, 3)
		b.TxGains = append(b.TxGains, gain)
	}
}
