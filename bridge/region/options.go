package region

import (
	"fmt"
	"strconv"
	"strings"
)

// maxDynamic is how many channels a node of a dynamic channel plan can hold
// (RP002: "only supports a maximum of 16 channels").
const maxDynamic = 16

// Options are what an operator chooses of a region.
type Options struct {
	Name string // one of Names
	// SubBand picks 8 channels of a fixed plan: 1..8 in US915 and AU915, with
	// the 500 kHz channel that belongs to them, 1..12 in CN470. 0: all.
	SubBand int
	// Channels are uplink channels beyond the default ones, for regions with a
	// dynamic channel plan: 16 with the default ones.
	Channels []Channel
	// Repeater: nodes may be behind a repeater, which takes some of the payload.
	Repeater bool
	// UplinkDwell and DownlinkDwell: the limit of 400 ms is in force (AS923,
	// AU915).
	UplinkDwell, DownlinkDwell bool
	RX2Frequency               uint32 // Hz; 0: the region's
	RX2DataRate                *uint8 // nil: the region's
}

// Channel is an uplink channel and the data rates nodes may use on it.
type Channel struct {
	Frequency    uint32 // Hz
	MinDR, MaxDR uint8
}

// mhz prints a frequency for an operator, to the Hz where that matters.
func mhz(frequency uint32) string {
	return strconv.FormatFloat(float64(frequency)/1e6, 'f', -1, 64) + " MHz"
}

// choose lays o over the region's tables. Errors begin with the region.
func (r *Region) choose(p plan, o Options) error {
	for _, step := range []func(plan, Options) error{r.chooseDwell, r.chooseMask, r.addChannels, r.chooseRX2} {
		if err := step(p, o); err != nil {
			return fmt.Errorf("region %s: %w", r.name, err)
		}
	}
	return nil
}

func (r *Region) chooseDwell(p plan, o Options) error {
	if !p.dwell && (o.UplinkDwell || o.DownlinkDwell) {
		return fmt.Errorf("has no dwell time limit to announce; only AS923 and AU915 have")
	}
	r.uplinkDwell = o.UplinkDwell
	if o.DownlinkDwell {
		for i := range r.subBands {
			r.subBands[i].DownlinkDwell = dwellLimit
		}
	}
	return nil
}

func (r *Region) chooseMask(p plan, o Options) error {
	r.defaultMask = span(0, len(r.channels))
	r.mask = r.defaultMask
	switch {
	case o.SubBand == 0:
		return nil
	case p.groups == 0:
		return fmt.Errorf("has no sub-bands to choose from; only US915, AU915 and CN470 have")
	case o.SubBand < 0 || o.SubBand > p.groups:
		return fmt.Errorf("sub-band %d does not exist: want 1 to %d, or 0 for every channel", o.SubBand, p.groups)
	}
	r.mask = span(8*(o.SubBand-1), 8*o.SubBand)
	if p.wide {
		r.mask.Set(64+o.SubBand-1, true)
	}
	return nil
}

func (r *Region) addChannels(p plan, o Options) error {
	if len(o.Channels) > 0 && p.groups > 0 {
		return fmt.Errorf("has a fixed channel plan: choose a sub-band instead of channels")
	}
	for _, c := range o.Channels {
		if err := r.checkChannel(c); err != nil {
			return fmt.Errorf("channel at %s: %w", mhz(c.Frequency), err)
		}
		r.channels = append(r.channels, c)
	}
	if p.groups == 0 {
		r.mask = span(0, len(r.channels))
	}
	return nil
}

func (r *Region) checkChannel(c Channel) error {
	switch {
	case len(r.channels) == maxDynamic:
		return fmt.Errorf("is one too many: nodes hold %d, %d of them are the region's", maxDynamic, r.defaultMask.Count())
	case !r.inSubBand(c.Frequency):
		return fmt.Errorf("outside what the region allows: %s", r.ranges())
	case c.Frequency%r.step() != 0:
		return fmt.Errorf("want a multiple of %d Hz, which is all that can be told to a node", r.step())
	case c.MinDR > c.MaxDR:
		return fmt.Errorf("lowest data rate %d is above the highest, %d", c.MinDR, c.MaxDR)
	}
	for dr := c.MinDR; dr <= c.MaxDR; dr++ {
		if int(dr) >= len(r.rates) || !r.rates[dr].uplink {
			return fmt.Errorf("data rate %d is not one of this region that can be received", dr)
		}
		if n, ok := r.channelAt(c.Frequency, dr); ok {
			return fmt.Errorf("is channel %d already at data rate %d", n, dr)
		}
	}
	return nil
}

func (r *Region) chooseRX2(_ plan, o Options) error {
	d := &r.defaults
	if o.RX2Frequency != 0 {
		if !r.ValidDownlinkFrequency(o.RX2Frequency) {
			return fmt.Errorf("RX2 at %s: no node listens or no gateway may send there", mhz(o.RX2Frequency))
		}
		if o.RX2Frequency%r.step() != 0 {
			return fmt.Errorf("RX2 at %s: want a multiple of %d Hz", mhz(o.RX2Frequency), r.step())
		}
		d.RX2Frequency = o.RX2Frequency
	}
	if o.RX2DataRate != nil {
		d.RX2DataRate = *o.RX2DataRate
	}
	switch {
	case int(d.RX2DataRate) >= len(r.rates) || !r.rates[d.RX2DataRate].downlink:
		return fmt.Errorf("RX2 data rate %d is not a downlink data rate of this region", d.RX2DataRate)
	case r.MaxPayload(d.RX2DataRate, o.DownlinkDwell) == 0:
		return fmt.Errorf("RX2 data rate %d: no frame is shorter than the dwell limit of %v", d.RX2DataRate, dwellLimit)
	}
	return nil
}

// ranges are the sub-bands, for an operator.
func (r *Region) ranges() string {
	names := make([]string, len(r.subBands))
	for i, s := range r.subBands {
		names[i] = s.String()
	}
	return strings.Join(names, ", ")
}
