package config

import (
	"math"
	"slices"
	"strings"

	"gatewayd/bridge/region"
)

// The regions of which more is said here than in package region.
const (
	regionEU868 = "EU868"
	regionUS915 = "US915"
	regionAU915 = "AU915"
	regionCN470 = "CN470"
)

// canonical is the one name of a region; "" if there is no such region.
func canonical(name string) string {
	r, err := region.New(region.Options{Name: name})
	if err != nil {
		return ""
	}
	return r.Name()
}

// subBands is how many sub-bands a region has.
func subBands(name string) int {
	switch name {
	case regionUS915, regionAU915:
		return 8
	case regionCN470:
		return 12
	}
	return 0
}

// usualSubBand is that of The Things Network.
func usualSubBand(name string) int {
	if name == regionCN470 {
		return 11
	}
	return 2
}

// region is that of the concentrators, which must agree: a node that moves
// between them keeps its channels. "" if none of them names one.
func (v validator) region(raw []rawConcentrator) string {
	name, first := "", 0
	for i, c := range raw {
		s := v.top.item("concentrator", i)
		if !s.has("region") {
			continue
		}
		switch own := canonical(c.Region); {
		case own == "":
			s.oneOf("region", c.Region, region.Names()...)
		case name == "":
			name, first = own, i
		case own != name:
			s.fail("region", "differs from the concentrator at %s; give all of them the same region",
				v.top.item("concentrator", first).position(""))
		}
	}
	return name
}

// regionChoices are what the file says of the region, refused keys left out.
func (v validator) regionChoices(raw *rawConfig) region.Options {
	o := region.Options{Name: v.region(raw.Concentrator), Repeater: raw.LoRaWAN.Repeater}
	if o.Name == "" {
		return o
	}
	s, l := v.top.in("lorawan"), raw.LoRaWAN
	o.SubBand = v.subBand(s, l.SubBand, raw.Concentrator, o.Name)
	o = try(s, "uplink_dwell", o, func(o *region.Options) { o.UplinkDwell = l.UplinkDwell })
	o = try(s, "downlink_dwell", o, func(o *region.Options) { o.DownlinkDwell = l.DownlinkDwell })
	for i, c := range l.Channels {
		o = planChannel(s.item("channels", i), c, o)
	}
	return tryRX2(s, o, rx2{"rx2_frequency", l.RX2Frequency}, rx2{"rx2_data_rate", l.RX2DataRate})
}

// try lays one choice of the file over o, or reports at key that the region
// has no such thing.
func try(s section, key string, o region.Options, choose func(*region.Options)) region.Options {
	next := o
	next.Channels = slices.Clone(o.Channels)
	choose(&next)
	if _, err := region.New(next); err != nil {
		s.fail(key, "%s", strings.TrimPrefix(err.Error(), "region "))
		return o
	}
	return next
}

// rx2 is one key of a second receive window.
type rx2 struct {
	key   string
	value *int64
}

// tryRX2 lays frequency and data rate of a window that nodes listen to all the
// time, or second, over o.
func tryRX2(s section, o region.Options, frequency, dataRate rx2) region.Options {
	var hz uint32
	if override(s, frequency.key, frequency.value, &hz, 1, math.MaxUint32); hz != 0 {
		o = try(s, frequency.key, o, func(o *region.Options) { o.RX2Frequency = hz })
	}
	dr := uint8(math.MaxUint8)
	if override(s, dataRate.key, dataRate.value, &dr, 0, 15); dr != math.MaxUint8 {
		o = try(s, dataRate.key, o, func(o *region.Options) { o.RX2DataRate = &dr })
	}
	return o
}

// planChannel adds a channel of the nodes. Its data rates default to those of
// the region's own channels.
func planChannel(s section, raw rawPlanChannel, o region.Options) region.Options {
	r, err := region.New(o)
	if err != nil {
		return o
	}
	s.require("frequency", "add the frequency, in Hz")
	if !s.has("frequency") {
		return o
	}
	var c region.Channel
	c.MinDR, c.MaxDR = r.UplinkChannels()[0].MinDR, r.UplinkChannels()[0].MaxDR
	override(s, "frequency", &raw.Frequency, &c.Frequency, 1, math.MaxUint32)
	override(s, "min_dr", raw.MinDR, &c.MinDR, 0, 15)
	override(s, "max_dr", raw.MaxDR, &c.MaxDR, 0, 15)
	return addChannel(s, o, c)
}

// addChannel adds c to the channels of o, or reports at s why it cannot be.
func addChannel(s section, o region.Options, c region.Channel) region.Options {
	return try(s, "", o, func(o *region.Options) { o.Channels = append(o.Channels, c) })
}

// subBand is that of the nodes: as [lorawan] says, else that of the
// concentrators, else the usual one. 0 is all of them.
func (v validator) subBand(s section, raw *int64, concentrators []rawConcentrator, name string) int {
	count := subBands(name)
	n := usualSubBand(name)
	switch {
	case count == 0:
		if raw != nil && *raw != 0 {
			s.fail("sub_band", "%s has no sub-bands; remove it", name)
		}
		return 0
	case raw != nil:
		override(s, "sub_band", raw, &n, 0, int64(count))
		return n
	}
	first := ""
	for i, c := range concentrators {
		at := v.top.item("concentrator", i)
		own := int64(usualSubBand(name))
		switch {
		case c.Type != typePicoCell:
			continue
		case c.SubBand != nil:
			own = *c.SubBand
		}
		switch {
		case first == "":
			n, first = int(own), at.position("").String()
		case own != int64(n):
			at.fail("sub_band", "differs from the concentrator at %s; say in lorawan.sub_band which one nodes use, 0 for all", first)
		}
	}
	if n < 1 || n > count {
		return usualSubBand(name) // reported where it stands
	}
	return n
}
