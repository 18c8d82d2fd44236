package region

import (
	"github.com/brocaar/lorawan/band"

	"gatewayd/radio"
)

// dataRates is how many data rate indexes a region may have; 15 means "keep"
// in LinkADRReq.
const dataRates = 15

// dwellDR is the lowest data rate under the dwell limit of 400 ms, AS923 and
// AU915.
const dwellDR = 2

// rate is a data rate and the directions in which its index means it.
type rate struct {
	radio.DataRate
	uplink, downlink bool
}

func (r *Region) readRates(p plan, b band.Band) {
	for i := range min(p.dataRates, dataRates) {
		d, err := b.GetDataRate(i)
		if err != nil {
			continue // reserved
		}
		dr, ok := fromBand(d)
		if !ok {
			continue
		}
		// SF8BW500 of US915 is DR4 up and DR12 down: ask for each direction.
		up, upErr := b.GetDataRateIndex(true, d)
		down, downErr := b.GetDataRateIndex(false, d)
		r.rates[i] = rate{DataRate: dr, uplink: upErr == nil && up == i, downlink: downErr == nil && down == i}
	}
}

// fromBand knows LoRa and FSK; no concentrator here receives LR-FHSS.
func fromBand(d band.DataRate) (radio.DataRate, bool) {
	switch d.Modulation {
	case band.LoRaModulation:
		return radio.LoRaDataRate(uint8(d.SpreadFactor), uint32(d.Bandwidth)*1000), true
	case band.FSKModulation:
		return radio.FSKDataRate(uint32(d.BitRate)), true
	default:
		return radio.DataRate{}, false
	}
}

// DataRate is what an index means. It is not ok for reserved indexes and for
// LR-FHSS. The 812.5 kHz of ISM2400 are written 812000, as SF12BW812.
func (r *Region) DataRate(index uint8) (radio.DataRate, bool) {
	if int(index) >= len(r.rates) {
		return radio.DataRate{}, false
	}
	d := r.rates[index]
	return d.DataRate, d.uplink || d.downlink
}

// DataRateIndex is the index of d in uplinks, or in downlinks.
func (r *Region) DataRateIndex(d radio.DataRate, uplink bool) (uint8, bool) {
	for i, have := range r.rates {
		if have.DataRate == d && (uplink && have.uplink || !uplink && have.downlink) {
			return uint8(i), true
		}
	}
	return 0, false
}

// ADRRange is the LoRa data rates that ADR may choose: those that all default
// channels carry, or in US915 and AU915 the 125 kHz ones.
func (r *Region) ADRRange() (lowest, highest uint8) {
	c := r.channels[0]
	if r.uplinkDwell {
		return max(c.MinDR, dwellDR), c.MaxDR
	}
	return c.MinDR, c.MaxDR
}

// MaxPayload is the largest MACPayload (M in the Regional Parameters: FHDR,
// FPort and FRMPayload) in bytes at data rate dr, without or with the dwell
// limit of 400 ms. FRMPayload with empty FOpts may have M-8 (N); PHYPayload is
// M+5. 0: dr cannot be used.
func (r *Region) MaxPayload(dr uint8, dwell bool) int {
	if int(dr) >= dataRates {
		return 0
	}
	return r.payloads[table(dwell)][dr]
}

// table is the index of the tables without or with a dwell limit.
func table(dwell bool) int {
	if dwell {
		return 1
	}
	return 0
}

func (r *Region) readPayloads(p plan, b band.Band, t *[dataRates]int) {
	for dr := range t {
		if !r.rates[dr].uplink && !r.rates[dr].downlink {
			continue
		}
		smallest := -1
		for _, rev := range p.payloads {
			size, err := b.GetMaxPayloadSizeForDataRateIndex(rev.version, rev.parameters, dr)
			if err == nil && (smallest < 0 || size.M < smallest) {
				smallest = size.M
			}
		}
		t[dr] = max(smallest, 0)
	}
}
