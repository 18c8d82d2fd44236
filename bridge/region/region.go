package region

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/brocaar/lorawan"
	"github.com/brocaar/lorawan/band"
)

// Region is one region with the operator's choices. It never changes and is
// safe for concurrent use; slices it returns are copies.
type Region struct {
	name     string
	fixed    bool
	wide     bool // fixed, and 500 kHz channels from 64
	txParams bool

	channels []Channel // by number
	rx1Of    map[uint32]uint32
	downlink []uint32 // downlink frequencies of a fixed plan
	rates    [dataRates]rate
	rx1      [2][dataRates][rx1Offsets]int8
	payloads [2][dataRates]int

	mask, defaultMask Mask
	uplinkDwell       bool
	maxPower          uint8
	maxEIRP           int8
	defaults          Defaults
	subBands          []SubBand
}

// Defaults are the receive windows of the region.
type Defaults struct {
	RX1Delay, RX2Delay     time.Duration // after an uplink's end
	JoinDelay1, JoinDelay2 time.Duration // after a join request's end
	RX2Frequency           uint32        // Hz, with the operator's choice
	RX2DataRate            uint8
	// JoinRX2Frequency and JoinRX2DataRate are the region's own: a node that
	// joins knows no other until it has read DLSettings, and for the frequency
	// until RXParamSetupReq.
	JoinRX2Frequency uint32
	JoinRX2DataRate  uint8
}

// New reads the region o names and lays o over it. Errors say what to change.
func New(o Options) (*Region, error) {
	p, ok := planOf(o.Name)
	if !ok {
		return nil, fmt.Errorf("region %q is not known: want one of %s", o.Name, strings.Join(Names(), ", "))
	}
	var bands [2]band.Band
	for i, dwell := range []lorawan.DwellTime{lorawan.DwellTimeNoLimit, lorawan.DwellTime400ms} {
		b, err := band.GetConfig(p.band, o.Repeater, dwell)
		if err != nil {
			return nil, fmt.Errorf("region %s: %w", p.name, err)
		}
		bands[i] = b
	}
	r := &Region{
		name: p.name, fixed: p.groups > 0, wide: p.wide,
		txParams: bands[0].ImplementsTXParamSetup(band.LoRaWAN_1_0_4),
		maxPower: uint8(p.maxPower),
		// Rounded down: 12.15 dBm is 12.
		maxEIRP:  int8(bands[0].GetDefaultMaxUplinkEIRP()),
		subBands: p.subBands,
	}
	if err := r.read(p, bands); err != nil {
		return nil, fmt.Errorf("region %s: %w", p.name, err)
	}
	if err := r.choose(p, o); err != nil {
		return nil, err
	}
	return r, nil
}

// read fills the tables; bands are those without and with a dwell time limit.
func (r *Region) read(p plan, bands [2]band.Band) error {
	r.readRates(p, bands[0])
	if err := r.readChannels(bands[0]); err != nil {
		return err
	}
	for i, b := range bands {
		r.readRX1(p, b, &r.rx1[i])
		r.readPayloads(p, b, &r.payloads[i])
	}
	d := bands[0].GetDefaults()
	r.defaults = Defaults{
		RX1Delay: d.ReceiveDelay1, RX2Delay: d.ReceiveDelay2,
		JoinDelay1: d.JoinAcceptDelay1, JoinDelay2: d.JoinAcceptDelay2,
		RX2Frequency: d.RX2Frequency, RX2DataRate: uint8(d.RX2DataRate),
		JoinRX2Frequency: d.RX2Frequency, JoinRX2DataRate: uint8(d.RX2DataRate),
	}
	return nil
}

// Name is the region's canonical name, such as "EU868" or "AS923-1".
func (r *Region) Name() string { return r.name }

// Defaults are the receive windows a node uses until told otherwise.
func (r *Region) Defaults() Defaults { return r.defaults }

// Mask is the channels that nodes shall use.
func (r *Region) Mask() Mask { return r.mask }

// DefaultMask is the channels that a node uses after a reset, or after a join
// without CFList.
func (r *Region) DefaultMask() Mask { return r.defaultMask }

// DynamicChannels reports whether nodes are told their channels by frequency:
// NewChannelReq and DlChannelReq exist.
func (r *Region) DynamicChannels() bool { return !r.fixed }

// TxParamSetup reports whether the region has TxParamSetupReq: AS923, AU915
// and ISM2400. AU915 nodes before 1.0.3 do not answer it.
func (r *Region) TxParamSetup() bool { return r.txParams }

// TXPower is what a TXPower index takes off the node's maximum EIRP, in dB:
// 0, -2, -4 and so on.
func (r *Region) TXPower(index uint8) (dB int8, ok bool) {
	if index > r.maxPower {
		return 0, false
	}
	return -2 * int8(index), true
}

// MaxTXPower is the highest TXPower index, the least power. EU868 nodes of
// LoRaWAN 1.0.0 and 1.0.1 end at 5 and refuse more.
func (r *Region) MaxTXPower() uint8 { return r.maxPower }

// MaxEIRP is the most a node may send with, in dBm.
func (r *Region) MaxEIRP() int8 { return r.maxEIRP }

// SubBands are the ranges in which a gateway may send, ascending and without
// overlap.
func (r *Region) SubBands() []SubBand { return slices.Clone(r.subBands) }

// DownlinkEIRP is the most a gateway may send with on frequency, in dBm EIRP:
// antenna gain included. Where it may not send at all, it is the least of the
// region.
func (r *Region) DownlinkEIRP(frequency uint32) int8 {
	least := r.subBands[0].MaxEIRP
	for _, s := range r.subBands {
		if s.Contains(frequency) {
			return s.MaxEIRP
		}
		least = min(least, s.MaxEIRP)
	}
	return least
}

func (r *Region) inSubBand(frequency uint32) bool {
	return slices.ContainsFunc(r.subBands, func(s SubBand) bool { return s.Contains(frequency) })
}
