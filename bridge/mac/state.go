package mac

import (
	"gatewayd/bridge/region"
)

// maxChannels is how many uplink channels a dynamic channel plan can have.
const maxChannels = 16

// Link is what a LinkADRReq sets.
type Link struct {
	DR      uint8 // uplink data rate index
	TXPower uint8 // index: 0 is full power
	NbTrans uint8 // transmissions of each uplink frame: 1..15
	Mask    region.Mask
}

// Params are the MAC parameters that a node uses, as far as it is known.
// Comparable with ==.
type Params struct {
	Version Version
	OTAA    bool

	Link Link // DR as last heard
	// Channels are the uplink channels of a dynamic channel plan, by number;
	// those with frequency 0 do not exist. Downlinks are the RX1 frequencies
	// of those that are not answered on their own; 0 elsewhere.
	Channels  [maxChannels]region.Channel
	Downlinks [maxChannels]uint32

	RX1DROffset  uint8
	RX2DataRate  uint8
	RX2Frequency uint32 // Hz
	RXDelay      uint8  // seconds to RX1: 1..15

	UplinkDwell, DownlinkDwell bool // limited to 400 ms
	DutyCycle                  uint8
	ADRAck                     ADRAck
	Rejoin                     Rejoin
	ClassC                     bool // as a node of LoRaWAN 1.1 says it itself; others do not say

	HasStatus bool
	// StatusWanted asks for the status with the next downlink, whenever it was
	// asked for before.
	StatusWanted bool
	Status       Status
}

// Status is the last DevStatusAns.
type Status struct {
	Battery uint8 // 0: external power; 1..254: empty to full; 255: unknown
	Margin  int8  // dB
	At      int64 // Unix time of its arrival, in seconds
}

// State is all that the MAC layer knows of one session. A value, comparable
// with ==; the zero State is not of use.
type State struct {
	Params

	heard     bool // an uplink has come: Link.DR is known
	adrBit    bool // of the last uplink
	linkDoubt bool // the node does not keep to Link.Mask

	eirpKnown   bool // a TxParamSetupReq was accepted, with this coded eirp
	eirp        uint8
	rejoinKnown bool // Params.Rejoin was accepted; nodes have their own before

	asks        [slots]ask
	linkAsked   Link        // of the last LinkADRReq block
	maskRefused region.Mask // refused for good
	maxDR       uint8       // highest data rate the node has not refused
	maxTXPower  uint8       // the same for the TX power index
	lately      lately      // what the last uplink carried
	history     history
}

// Defaults of LoRaWAN 1.1 sections 4.3.1.1 and 6.2.4.
const (
	defaultLimitExp = 6
	defaultDelayExp = 5
	unlimited       = 15 // of maxDR and maxTXPower
)

// NewState is the state of a session that begins with start.
func NewState(r *region.Region, v Version, start Start) State {
	s := State{maxDR: unlimited, maxTXPower: unlimited}
	s.Params = Params{
		Version: v, OTAA: start.OTAA,
		Link:        Link{NbTrans: 1, Mask: r.DefaultMask()},
		RX1DROffset: start.RX1DROffset, RX2DataRate: start.RX2DataRate, RX2Frequency: start.RX2Frequency,
		RXDelay:     max(start.RXDelay, 1),
		UplinkDwell: start.UplinkDwell, DownlinkDwell: start.DownlinkDwell,
		ADRAck: ADRAck{LimitExp: defaultLimitExp, DelayExp: defaultDelayExp},
	}
	if r.DynamicChannels() {
		s.defaultChannels(r)
	}
	start.apply(&s.Params)
	return s
}

func (s *State) defaultChannels(r *region.Region) {
	mask := r.DefaultMask()
	for i, c := range r.UplinkChannels() {
		if i < maxChannels && mask.Has(i) {
			s.Channels[i] = c
		}
	}
}

// RX1Frequency is where RX1 opens after an uplink on channel (-1 if unknown),
// in Hz; usual is the region's answer.
func (p *Params) RX1Frequency(channel int, usual uint32) uint32 {
	if channel >= 0 && channel < maxChannels && p.Downlinks[channel] != 0 {
		return p.Downlinks[channel]
	}
	return usual
}
