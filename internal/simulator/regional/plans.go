package regional

import (
	"fmt"
	"slices"

	"gatewayd/radio"
)

// maxChannels is how many channels a network may define.
const maxChannels = 16

// plan is what the regions whose channels a network defines differ in.
type plan struct {
	name      string
	channels  []uint32 // Hz, that every node knows
	rx2Hz     uint32
	rx2Rate   uint8
	low, high uint32 // Hz, of every channel
	maxPower  uint8
	rates     []Rate
}

// dynamic makes the Region of p, with further channels for ABP nodes.
func (p plan) dynamic(further ...uint32) Region {
	var defined []Channel
	for _, hz := range append(slices.Clone(p.channels), further...) {
		defined = append(defined, Channel{Hz: hz, Low: 0, High: 5})
	}
	return Region{
		name: p.name, rates: p.rates, channels: newChannels(maxChannels, defined), own: len(p.channels),
		rx2Rate: p.rx2Rate, rx2Hz: p.rx2Hz,
		downRates: [2]uint8{0, uint8(len(p.rates) - 1)},
		downHz:    raster{p.low, p.high, 1}, upHz: raster{p.low, p.high, 1},
		rx1Hz:     func(c Channel) uint32 { return c.Hz },
		rx1Rate:   func(up, offset uint8, _ bool) uint8 { return up - min(up, offset) },
		maxOffset: 5,
		mask:      mask16, step: 100, maxPower: p.maxPower, codingRate: "4/5",
	}
}

// europeanRates are DR0 to DR7 of EU868 and the regions like it.
func europeanRates() []Rate {
	return []Rate{
		lora(12, 125_000, 51),
		lora(11, 125_000, 51),
		lora(10, 125_000, 51),
		lora(9, 125_000, 115),
		lora(8, 125_000, 242),
		lora(7, 125_000, 242),
		lora(7, 250_000, 242),
		{radio.FSKDataRate(50_000), 242, 242},
	}
}

// EU868 has the three channels every node knows, and further ones at DR0 to
// DR5 for networks that have them. A join accept's CFList adds more.
func EU868(further ...uint32) Region {
	return plan{
		name: "EU868", channels: []uint32{868_100_000, 868_300_000, 868_500_000},
		rx2Hz: 869_525_000, rx2Rate: 0, low: 863_000_000, high: 870_000_000, maxPower: 7, rates: europeanRates(),
	}.dynamic(further...)
}

// EU433 is the 433 MHz band in Europe.
func EU433() Region {
	return plan{
		name: "EU433", channels: []uint32{433_175_000, 433_375_000, 433_575_000},
		rx2Hz: 434_665_000, rx2Rate: 0, low: 433_050_000, high: 434_790_000, maxPower: 5, rates: europeanRates(),
	}.dynamic()
}

// CN779 is the 779 MHz band in China: Regional Parameters 1.0.3; later ones
// have dropped it.
func CN779() Region {
	return plan{
		name: "CN779", channels: []uint32{779_500_000, 779_700_000, 779_900_000},
		rx2Hz: 786_000_000, rx2Rate: 0, low: 779_000_000, high: 787_000_000, maxPower: 5, rates: europeanRates(),
	}.dynamic()
}

// RU864 is the 864 MHz band in Russia.
func RU864() Region {
	return plan{
		name: "RU864", channels: []uint32{868_900_000, 869_100_000},
		rx2Hz: 869_100_000, rx2Rate: 0, low: 864_000_000, high: 870_000_000, maxPower: 7, rates: europeanRates(),
	}.dynamic()
}

// KR920 is the 920 MHz band in Korea; it ends at DR5.
func KR920() Region {
	return plan{
		name: "KR920", channels: []uint32{922_100_000, 922_300_000, 922_500_000},
		rx2Hz: 921_900_000, rx2Rate: 0, low: 920_900_000, high: 923_300_000, maxPower: 7, rates: europeanRates()[:6],
	}.dynamic()
}

// IN865 is the 865 MHz band in India. RX1DROffset 6 and 7 raise the data
// rate.
func IN865() Region {
	r := plan{
		name: "IN865", channels: []uint32{865_062_500, 865_402_500, 865_985_000},
		rx2Hz: 866_550_000, rx2Rate: 2, low: 865_000_000, high: 867_000_000, maxPower: 10, rates: europeanRates(),
	}.dynamic()
	r.rates[6] = Rate{} // RFU
	r.maxOffset = 7
	r.rx1Rate = func(up, offset uint8, _ bool) uint8 { return shifted(up, offset, 0) }
	return r
}

// shifted is the RX1 data rate where RX1DROffset 6 and 7 mean -1 and -2, at
// most DR5, at least low.
func shifted(up, offset, low uint8) uint8 {
	if offset > 5 {
		return min(5, max(low, up+offset-5))
	}
	return min(5, max(low, up-min(up, offset)))
}

// AS923 is the 923 MHz band in Asia, group 1 to 4.
func AS923(group int) (Region, error) {
	shift, ok := map[int]uint32{1: 0, 2: 1_800_000, 3: 6_600_000, 4: 5_900_000}[group]
	if !ok {
		return Region{}, fmt.Errorf("AS923 has no group %d: want 1 to 4", group)
	}
	rates := europeanRates()
	rates[2] = lora(10, 125_000, 115)
	r := plan{
		name: fmt.Sprintf("AS923-%d", group), channels: []uint32{923_200_000 - shift, 923_400_000 - shift},
		rx2Hz: 923_200_000 - shift, rx2Rate: 2, low: 915_000_000, high: 928_000_000, maxPower: 7,
		rates: dwellRates(rates, 0, 0, 11, 53, 125, 242, 242, 242),
	}.dynamic()
	r.maxOffset, r.dwell, r.dwellUp = 7, true, true
	r.rx1Rate = func(up, offset uint8, dwell bool) uint8 {
		if dwell {
			return shifted(up, offset, 2)
		}
		return shifted(up, offset, 0)
	}
	return r, nil
}

// ISM2400 is the 2.4 GHz band: Semtech's "LoRaWAN 2.4 GHz physical layer
// proposal".
func ISM2400() Region {
	rates := []Rate{lora(12, 812_000, 51), lora(11, 812_000, 115)}
	for sf := uint8(10); sf >= 5; sf-- {
		rates = append(rates, lora(sf, 812_000, 242))
	}
	r := plan{
		name: "ISM2400", channels: []uint32{2_403_000_000, 2_425_000_000, 2_479_000_000},
		rx2Hz: 2_423_000_000, rx2Rate: 0, low: 2_400_000_000, high: 2_483_500_000, maxPower: 7, rates: rates,
	}.dynamic()
	for i := range r.channels.slots {
		if r.channels.on[i] {
			r.channels.slots[i].High = 7
		}
	}
	r.step, r.codingRate = 200, "4/8"
	return r
}
