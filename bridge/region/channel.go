package region

import (
	"slices"

	"github.com/brocaar/lorawan/band"

	"gatewayd/radio"
)

// Frequencies go to nodes as 24 bits of steps: of 100 Hz, and of 200 Hz in the
// 2.4 GHz band, where 100 Hz would not fit.
const (
	frequencyStep     = 100
	frequencyStepHigh = 200
	highBand          = 2_400_000_000
)

func (r *Region) step() uint32 {
	if r.subBands[0].From >= highBand {
		return frequencyStepHigh
	}
	return frequencyStep
}

func (r *Region) readChannels(b band.Band) error {
	r.rx1Of = map[uint32]uint32{}
	for _, i := range b.GetUplinkChannelIndices() {
		c, err := b.GetUplinkChannel(i)
		if err != nil {
			return err
		}
		maxDR := c.MaxDR
		for maxDR > c.MinDR && !r.rates[maxDR].uplink {
			maxDR-- // LR-FHSS
		}
		r.channels = append(r.channels, Channel{Frequency: c.Frequency, MinDR: uint8(c.MinDR), MaxDR: uint8(maxDR)})
		if !r.fixed {
			continue
		}
		f, err := b.GetRX1FrequencyForUplinkFrequency(c.Frequency)
		if err != nil {
			return err
		}
		r.rx1Of[c.Frequency] = f
		if !slices.Contains(r.downlink, f) {
			r.downlink = append(r.downlink, f)
		}
	}
	return nil
}

// UplinkChannels are all channels of the plan by number: in a dynamic plan the
// default ones and then the operator's, in a fixed plan all, whether nodes
// shall use them or not.
func (r *Region) UplinkChannels() []Channel { return slices.Clone(r.channels) }

// ChannelOf is the number of the channel that carries dr at frequency.
func (r *Region) ChannelOf(frequency uint32, dr radio.DataRate) (number int, ok bool) {
	index, ok := r.DataRateIndex(dr, true)
	if !ok {
		return 0, false
	}
	return r.channelAt(frequency, index)
}

func (r *Region) channelAt(frequency uint32, dr uint8) (int, bool) {
	i := slices.IndexFunc(r.channels, func(c Channel) bool {
		return c.Frequency == frequency && dr >= c.MinDR && dr <= c.MaxDR
	})
	return i, i >= 0
}

// ValidUplinkFrequency reports whether a node of the region may send on
// frequency (Hz).
func (r *Region) ValidUplinkFrequency(frequency uint32) bool {
	if !r.fixed {
		return r.inSubBand(frequency)
	}
	_, ok := r.rx1Of[frequency]
	return ok
}

// ValidDownlinkFrequency reports whether a gateway may send and nodes can be
// told to listen on frequency (Hz). In fixed plans those are the downlink
// channels: nodes refuse others.
func (r *Region) ValidDownlinkFrequency(frequency uint32) bool {
	if !r.fixed {
		return r.inSubBand(frequency)
	}
	return slices.Contains(r.downlink, frequency)
}
