package region

import "github.com/brocaar/lorawan/band"

// rx1Offsets is how many values RX1DROffset, 3 bits, can have.
const rx1Offsets = 8

func (r *Region) readRX1(p plan, b band.Band, t *[dataRates][rx1Offsets]int8) {
	for up := range t {
		for offset := range t[up] {
			t[up][offset] = unusable
			if !r.rates[up].uplink || offset > p.maxOffset {
				continue
			}
			if dr, err := b.GetRX1DataRateIndex(up, offset); err == nil {
				t[up][offset] = int8(dr)
			}
		}
	}
	for _, fix := range p.rx1 {
		t[fix.uplink][fix.offset] = fix.downlink
	}
}

// RX1 is where and how a node listens in RX1 after an uplink on frequency (Hz)
// at uplinkDR, with its RX1DROffset and DownlinkDwellTime. It is not ok where
// the region defines no answer, or where revisions of the Regional Parameters
// disagree about it: use RX2. In dynamic plans a DlChannelReq may have moved
// the frequency.
func (r *Region) RX1(frequency uint32, uplinkDR, offset uint8, downlinkDwell bool) (freq uint32, dr uint8, ok bool) {
	if uplinkDR >= dataRates || offset >= rx1Offsets || !r.ValidUplinkFrequency(frequency) {
		return 0, 0, false
	}
	down := r.rx1[table(downlinkDwell)][uplinkDR][offset]
	if down == unusable {
		return 0, 0, false
	}
	if r.fixed {
		frequency = r.rx1Of[frequency]
	}
	return frequency, uint8(down), true
}
