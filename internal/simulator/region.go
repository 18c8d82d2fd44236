package simulator

import (
	"fmt"
	"time"

	"gatewayd/radio"
)

// Delays of the receive windows of a join: RP002, defaults of every region.
const (
	joinDelay1 = 5 * time.Second
	rx2After   = time.Second // RX2 opens this long after RX1, always
)

// Region is the part of the Regional Parameters (RP002) that a node needs.
type Region struct {
	name      string
	channels  []channel
	rates     []rate   // by data rate index
	rx2       uint8    // default data rate index of RX2
	downRates [2]uint8 // lowest and highest data rate index of a downlink
	maxOffset uint8    // of RX1DROffset
	rx2Hz     uint32
	rx1Hz     func(c channel) uint32
	rx1Rate   func(up, offset uint8) uint8
	useCFList func(r Region, cfList []byte) []channel // nil: not of this region
}

// String is the region's name, e.g. "EU868".
func (r Region) String() string { return r.name }

// windows are the two receive windows that an uplink at data rate dr on c
// opens, RX1 delay after its end.
func (r Region) windows(c channel, dr, rx1Offset, rx2 uint8, delay time.Duration) [2]window {
	return [2]window{
		{name: "RX1", delay: delay, hz: r.rx1Hz(c), rate: r.rates[r.rx1Rate(dr, rx1Offset)].DataRate},
		{name: "RX2", delay: delay + rx2After, hz: r.rx2Hz, rate: r.rates[rx2].DataRate},
	}
}

// checkDLSettings reports what a node of this region cannot obey.
func (r Region) checkDLSettings(rx1Offset, rx2 uint8) error {
	if rx1Offset > r.maxOffset {
		return fmt.Errorf("RX1DROffset %d: %s allows 0 to %d", rx1Offset, r, r.maxOffset)
	}
	if rx2 < r.downRates[0] || rx2 > r.downRates[1] {
		return fmt.Errorf("RX2 data rate %d: %s allows %d to %d", rx2, r, r.downRates[0], r.downRates[1])
	}
	return nil
}

// withCFList are the channels a node has after a join accept with cfList.
func (r Region) withCFList(cfList []byte) ([]channel, error) {
	if len(cfList) == 0 {
		return r.channels, nil
	}
	c := r.useCFList(r, cfList)
	if len(c) == 0 {
		return nil, fmt.Errorf("CFList of type %d leaves no channel of %s", cfList[15], r)
	}
	return c, nil
}

// usable are those of channels that carry data rate dr.
func usable(channels []channel, dr uint8) []channel {
	var out []channel
	for _, c := range channels {
		if c.carries(dr) {
			out = append(out, c)
		}
	}
	return out
}

// rate is one data rate and the largest application payload it allows.
type rate struct {
	radio.DataRate
	maxPayload int
}

// channel is one uplink channel.
type channel struct {
	index     int
	hz        uint32
	low, high uint8 // data rate indices
}

// carries reports whether c may be used at data rate dr.
func (c channel) carries(dr uint8) bool { return dr >= c.low && dr <= c.high }

// EU868 has the three channels every node knows, and further ones at DR0 to
// DR5 for networks that have them. A join accept's CFList adds more.
func EU868(further ...uint32) Region {
	r := Region{
		name: "EU868",
		rates: []rate{
			{radio.LoRaDataRate(12, 125_000), 51},
			{radio.LoRaDataRate(11, 125_000), 51},
			{radio.LoRaDataRate(10, 125_000), 51},
			{radio.LoRaDataRate(9, 125_000), 115},
			{radio.LoRaDataRate(8, 125_000), 242},
			{radio.LoRaDataRate(7, 125_000), 242},
		},
		rx2:       0,
		downRates: [2]uint8{0, 5},
		maxOffset: 5,
		rx2Hz:     869_525_000,
		rx1Hz:     func(c channel) uint32 { return c.hz },
		rx1Rate: func(up, offset uint8) uint8 {
			return up - min(up, offset)
		},
		useCFList: cfListFrequencies,
	}
	for _, hz := range append([]uint32{868_100_000, 868_300_000, 868_500_000}, further...) {
		r.channels = append(r.channels, channel{index: len(r.channels), hz: hz, low: 0, high: 5})
	}
	return r
}

// cfListFrequencies adds the up to five channels of a CFList of type 0.
func cfListFrequencies(r Region, cfList []byte) []channel {
	if cfList[15] != 0 {
		return nil
	}
	out := r.channels[:len(r.channels):len(r.channels)]
	for i := range 5 {
		if hz := uint24(cfList[3*i:]) * 100; hz != 0 {
			out = append(out, channel{index: len(out), hz: hz, low: 0, high: 5})
		}
	}
	return out
}

// usChannels is the number of 125 kHz channels of US915; eight of 500 kHz
// follow them.
const usChannels = 64

// US915 has the eight 125 kHz channels and the 500 kHz channel of sub-band 1
// to 8, which is what an eight-channel concentrator hears.
func US915(subBand int) (Region, error) {
	if subBand < 1 || subBand > 8 {
		return Region{}, fmt.Errorf("US915 has no sub-band %d: want 1 to 8", subBand)
	}
	r := Region{
		name:      "US915",
		rates:     usRates(),
		rx2:       8,
		downRates: [2]uint8{8, 13},
		maxOffset: 3,
		rx2Hz:     923_300_000,
		rx1Hz:     func(c channel) uint32 { return 923_300_000 + uint32(c.index%8)*600_000 },
		rx1Rate:   func(up, offset uint8) uint8 { return min(13, max(8, up+10-offset)) },
		useCFList: cfListMask,
	}
	for i := range usChannels + 8 {
		if c := usChannel(i); i/8 == subBand-1 || i == usChannels+subBand-1 {
			r.channels = append(r.channels, c)
		}
	}
	return r, nil
}

// usRates are DR0 to DR4 for uplinks and DR8 to DR13 for downlinks. DR5 to
// DR7 are not LoRa.
func usRates() []rate {
	r := []rate{
		{radio.LoRaDataRate(10, 125_000), 11},
		{radio.LoRaDataRate(9, 125_000), 53},
		{radio.LoRaDataRate(8, 125_000), 125},
		{radio.LoRaDataRate(7, 125_000), 242},
		{radio.LoRaDataRate(8, 500_000), 242},
		{},
		{},
		{},
	}
	for sf := uint8(12); sf >= 7; sf-- {
		r = append(r, rate{radio.LoRaDataRate(sf, 500_000), 242})
	}
	return r
}

// usChannel is uplink channel i of US915, 0 to 71.
func usChannel(i int) channel {
	if i < usChannels {
		return channel{index: i, hz: 902_300_000 + uint32(i)*200_000, low: 0, high: 3}
	}
	return channel{index: i, hz: 903_000_000 + uint32(i-usChannels)*1_600_000, low: 4, high: 4}
}

// cfListMask takes the channels that a CFList of type 1 enables.
func cfListMask(_ Region, cfList []byte) []channel {
	if cfList[15] != 1 {
		return nil
	}
	var out []channel
	for i := range usChannels + 8 {
		if cfList[i/8]>>(i%8)&1 == 1 {
			out = append(out, usChannel(i))
		}
	}
	return out
}
