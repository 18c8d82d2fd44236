package bridge

import (
	"fmt"
	"time"

	"github.com/brocaar/lorawan"
	"github.com/brocaar/lorawan/band"

	"gatewayd/radio"
)

// Region answers where and when a node of that region listens. The figures
// are those of the LoRaWAN regional parameters, from lorawan/band. Not safe
// for concurrent use.
type Region struct {
	band band.Band
}

// NewRegion returns "EU868" or "US915".
func NewRegion(name string) (*Region, error) {
	switch name {
	case "EU868", "US915":
		b, err := band.GetConfig(band.Name(name), false, lorawan.DwellTimeNoLimit)
		if err != nil {
			return nil, fmt.Errorf("region %s: %w", name, err)
		}
		return &Region{band: b}, nil
	}
	return nil, fmt.Errorf("region %q is not known: want EU868 or US915", name)
}

// window is one receive window of a node: when after the end of its uplink,
// and how the downlink must be sent.
type window struct {
	delay     time.Duration
	frequency uint32
	dataRate  radio.DataRate
	power     int8
}

// windows are RX1 and RX2 after an uplink on frequency at dataRate. RX1 is
// the zero window when the region does not say how to answer there.
func (r *Region) windows(frequency uint32, dataRate radio.DataRate, join bool) (rx1, rx2 window) {
	d := r.band.GetDefaults()
	delay1, delay2 := d.ReceiveDelay1, d.ReceiveDelay2
	if join {
		delay1, delay2 = d.JoinAcceptDelay1, d.JoinAcceptDelay2
	}
	if f, dr, err := r.rx1(frequency, dataRate); err == nil {
		rx1 = window{delay1, f, dr, r.power(f)}
	}
	if dr, err := r.dataRate(d.RX2DataRate); err == nil {
		rx2 = window{delay2, d.RX2Frequency, dr, r.power(d.RX2Frequency)}
	}
	return rx1, rx2
}

func (r *Region) power(frequency uint32) int8 { return int8(r.band.GetDownlinkTXPower(frequency)) }

// rx1 is the RX1 frequency and data rate with RX1DROffset 0.
func (r *Region) rx1(frequency uint32, dataRate radio.DataRate) (uint32, radio.DataRate, error) {
	f, err := r.band.GetRX1FrequencyForUplinkFrequency(frequency)
	if err != nil {
		return 0, radio.DataRate{}, err
	}
	up, err := r.band.GetDataRateIndex(true, toBand(dataRate))
	if err != nil {
		return 0, radio.DataRate{}, err
	}
	down, err := r.band.GetRX1DataRateIndex(up, 0)
	if err != nil {
		return 0, radio.DataRate{}, err
	}
	dr, err := r.dataRate(down)
	return f, dr, err
}

func (r *Region) dataRate(index int) (radio.DataRate, error) {
	d, err := r.band.GetDataRate(index)
	if err != nil {
		return radio.DataRate{}, err
	}
	switch d.Modulation {
	case band.LoRaModulation:
		return radio.LoRaDataRate(uint8(d.SpreadFactor), uint32(d.Bandwidth)*1000), nil
	case band.FSKModulation:
		return radio.FSKDataRate(uint32(d.BitRate)), nil
	default:
		return radio.DataRate{}, fmt.Errorf("data rate %d is not LoRa or FSK", index)
	}
}

func toBand(d radio.DataRate) band.DataRate {
	if d.Modulation == radio.FSK {
		return band.DataRate{Modulation: band.FSKModulation, BitRate: int(d.BitRate)}
	}
	return band.DataRate{
		Modulation:   band.LoRaModulation,
		SpreadFactor: int(d.SpreadingFactor),
		Bandwidth:    int(d.Bandwidth / 1000),
	}
}
