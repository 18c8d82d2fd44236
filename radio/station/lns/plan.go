package lns

import (
	"errors"
	"fmt"

	"gatewayd/radio"
)

// dataRates is how many data rate indexes there are.
const dataRates = 16

// DataRate is what an index of the region means. The zero value is an index
// without meaning.
type DataRate struct {
	radio.DataRate
	DownlinkOnly bool // US915 and AU915: DR8 to DR13
}

// Channel is an uplink channel and the indexes of the data rates on it.
type Channel struct {
	Frequency    uint32 // Hz
	MinDR, MaxDR uint8
}

// Plan is the region and the channels a station is told.
type Plan struct {
	Region          string // as in the Regional Parameters: "EU868"
	DataRates       [dataRates]DataRate
	Channels        []Channel // to listen on
	Lowest, Highest uint32    // Hz: what downlinks may be sent between
	// MaxEIRP in dBm is what stations send with: there is no power in a
	// downlink. Those that know the region have limits of their own besides, in
	// EU868 two; for the others it has to be the least of all sub-bands.
	MaxEIRP float64
}

// Check says what is wrong with the plan.
func (p *Plan) Check() error {
	switch {
	case p.Region == "":
		return errors.New("no region")
	case p.Lowest == 0 || p.Lowest >= p.Highest || p.Highest > maxFrequency:
		return fmt.Errorf("region %s: Basics Station cannot send between %d and %d Hz: its concentrators end at 1 GHz", p.Region, p.Lowest, p.Highest)
	case len(p.Channels) == 0:
		return fmt.Errorf("region %s: no channel to listen on", p.Region)
	}
	for _, c := range p.Channels {
		if c.MinDR > c.MaxDR || c.MaxDR >= dataRates || c.Frequency < minFrequency || c.Frequency > maxFrequency {
			return fmt.Errorf("region %s: a channel at %d Hz with DR%d to DR%d cannot be", p.Region, c.Frequency, c.MinDR, c.MaxDR)
		}
	}
	if l := p.lay(); len(l.left) == len(p.Channels) {
		return fmt.Errorf("region %s: no channel has a data rate that a Basics Station can receive", p.Region)
	}
	return nil
}

// What a radio can be told, in Hz.
const (
	minFrequency = 1_000_000
	maxFrequency = 1_000_000_000
)

// LeftOut are the channels that a concentrator of eight channels and two
// radios cannot listen on beside the others.
func (p *Plan) LeftOut() []Channel { return p.lay().left }

// Uplink is the data rate of that index.
func (p *Plan) Uplink(index uint8) (radio.DataRate, bool) {
	if index >= dataRates || !p.DataRates[index].known() {
		return radio.DataRate{}, false
	}
	return p.DataRates[index].DataRate, true
}

// Downlink is the index to send d with: one for downlinks only if there is
// one, as nodes would name it.
func (p *Plan) Downlink(d radio.DataRate) (index uint8, ok bool) {
	for i, have := range p.DataRates {
		if have.DataRate != d || !have.known() {
			continue
		}
		index, ok = uint8(i), true
		if have.DownlinkOnly {
			break
		}
	}
	return index, ok
}

// Carries reports whether downlinks may be sent at frequency (Hz).
func (p *Plan) Carries(frequency uint32) bool { return frequency >= p.Lowest && frequency <= p.Highest }

// Channel is the number of the uplink channel that a frame came on, 0 if it
// is none of the plan's.
func (p *Plan) Channel(frequency uint32, dr uint8) uint8 {
	for i, c := range p.Channels {
		if c.Frequency == frequency && dr >= c.MinDR && dr <= c.MaxDR {
			return uint8(i)
		}
	}
	return 0
}

// known reports whether a station can be told of d. It knows one bit rate,
// and no LR-FHSS.
func (d DataRate) known() bool {
	switch d.Modulation {
	case radio.LoRa:
		wide := d.Bandwidth == 125_000 || d.Bandwidth == 250_000 || d.Bandwidth == 500_000
		return wide && d.SpreadingFactor >= 7 && d.SpreadingFactor <= 12
	case radio.FSK:
		return d.BitRate == 50_000
	default:
		return false
	}
}

// triple is d as DRs has it: spreading factor (0: FSK, -1: not in use),
// bandwidth in kHz, and 1 if it is for downlinks only.
func (d DataRate) triple() [3]int {
	switch {
	case !d.known():
		return [3]int{-1, 0, 0}
	case d.Modulation == radio.FSK:
		return [3]int{0, 0, 0}
	case d.DownlinkOnly:
		return [3]int{int(d.SpreadingFactor), int(d.Bandwidth / 1000), 1}
	default:
		return [3]int{int(d.SpreadingFactor), int(d.Bandwidth / 1000), 0}
	}
}
