package regional

import "fmt"

// american is what US915 and AU915 have in common: 72 channels, downlinks on
// eight of 500 kHz. Only sub-band 1 to 8 is enabled, which is what an
// eight-channel concentrator hears; 0 enables every channel.
func american(name string, subBand int, rates []Rate, channels []Channel) (Region, error) {
	if subBand < 0 || subBand > wide {
		return Region{}, fmt.Errorf("%s has no sub-band %d: want 1 to 8, or 0 for all", name, subBand)
	}
	c := newChannels(narrow+wide, channels)
	if subBand > 0 {
		c.all(0, narrow+wide, false)
		c.all(8*(subBand-1), 8, true)
		c.all(narrow+subBand-1, 1, true)
	}
	return Region{
		name: name, rates: rates, channels: c, fixed: true,
		rx2Rate: 8, rx2Hz: 923_300_000, downRates: [2]uint8{8, 13},
		downHz: raster{923_300_000, 927_500_000, 600_000},
		rx1Hz:  func(c Channel) uint32 { return 923_300_000 + uint32(c.Index%8)*600_000 },
		mask:   mask72, step: 100, maxPower: 14, codingRate: "4/5",
	}, nil
}

// US915 has the channels of one sub-band, 1 to 8, or all with 0.
func US915(subBand int) (Region, error) {
	rates := append([]Rate{
		lora(10, 125_000, 11),
		lora(9, 125_000, 53),
		lora(8, 125_000, 125),
		lora(7, 125_000, 242),
		lora(8, 500_000, 242),
		{}, // LR-FHSS
		{}, // LR-FHSS
		{}, // RFU
	}, wideRates()...)
	var channels []Channel
	for i := range narrow + wide {
		c := Channel{Hz: 902_300_000 + uint32(i)*200_000, Low: 0, High: 3}
		if i >= narrow {
			c = Channel{Hz: 903_000_000 + uint32(i-narrow)*1_600_000, Low: 4, High: 4}
		}
		channels = append(channels, c)
	}
	r, err := american("US915", subBand, rates, channels)
	r.maxOffset = 3
	r.rx1Rate = func(up, offset uint8, _ bool) uint8 { return min(13, max(8, up+10-offset)) }
	return r, err
}

// AU915 has the channels of one sub-band, 1 to 8, or all with 0.
func AU915(subBand int) (Region, error) {
	rates := append([]Rate{
		lora(12, 125_000, 51),
		lora(11, 125_000, 51),
		lora(10, 125_000, 51),
		lora(9, 125_000, 115),
		lora(8, 125_000, 242),
		lora(7, 125_000, 242),
		lora(8, 500_000, 242),
		{}, // LR-FHSS
	}, wideRates()...)
	var channels []Channel
	for i := range narrow + wide {
		c := Channel{Hz: 915_200_000 + uint32(i)*200_000, Low: 0, High: 5}
		if i >= narrow {
			c = Channel{Hz: 915_900_000 + uint32(i-narrow)*1_600_000, Low: 6, High: 6}
		}
		channels = append(channels, c)
	}
	rates = dwellRates(rates, 0, 0, 11, 53, 125, 242, 242, 0, 53, 129, 242, 242, 242, 242)
	r, err := american("AU915", subBand, rates, channels)
	r.maxOffset, r.dwell, r.dwellUp = 5, true, true
	r.rx1Rate = func(up, offset uint8, _ bool) uint8 { return min(13, max(8, up+8-offset)) }
	return r, err
}

// wideRates are DR8 to DR13 of US915 and AU915, for downlinks.
func wideRates() []Rate {
	return []Rate{
		lora(12, 500_000, 53),
		lora(11, 500_000, 129),
		lora(10, 500_000, 242),
		lora(9, 500_000, 242),
		lora(8, 500_000, 242),
		lora(7, 500_000, 242),
	}
}

// cn470Channels is how many uplink channels CN470 has; it has half as many
// for downlinks.
const cn470Channels = 96

// CN470 has the 96 channels of Regional Parameters 1.0.3. Only group 1 to 12
// of eight channels is enabled; 0 enables every channel.
func CN470(group int) (Region, error) {
	if group < 0 || group > cn470Channels/8 {
		return Region{}, fmt.Errorf("CN470 has no group %d of channels: want 1 to 12, or 0 for all", group)
	}
	var channels []Channel
	for i := range cn470Channels {
		channels = append(channels, Channel{Hz: 470_300_000 + uint32(i)*200_000, Low: 0, High: 5})
	}
	c := newChannels(cn470Channels, channels)
	if group > 0 {
		c.all(0, cn470Channels, false)
		c.all(8*(group-1), 8, true)
	}
	return Region{
		name: "CN470", rates: europeanRates()[:6], channels: c, fixed: true,
		rx2Rate: 0, rx2Hz: 505_300_000, downRates: [2]uint8{0, 5},
		downHz:  raster{500_300_000, 509_700_000, 200_000},
		rx1Hz:   func(c Channel) uint32 { return 500_300_000 + uint32(c.Index%48)*200_000 },
		rx1Rate: func(up, offset uint8, _ bool) uint8 { return up - min(up, offset) },
		mask:    mask96, step: 100, maxPower: 7, maxOffset: 5, codingRate: "4/5",
	}, nil
}
