package config

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"gatewayd/bridge/region"
	"gatewayd/radio/picocell"
)

const (
	// radioReach is how far the centre of a 125 kHz channel may be from that of
	// its radio, in Hz.
	radioReach = 400_000
	// From here on SX1257 and the gains of Semtech's 915 MHz board are used ...
	band915 = 900_000_000
	// ... and from here on SX1257 with those of its 868 MHz board; below it
	// SX1255.
	bandSX1257 = 862_000_000
)

// deriveBoard is a PicoCell for the channels of the nodes in a region that
// Semtech has no configuration for. With an error it is one without channels.
func deriveBoard(o region.Options) (picocell.Board, error) {
	r, err := region.New(o)
	if err != nil {
		return picocell.Board{}, err
	}
	narrow, wide := carriers(r)
	b, err := bareBoard(r)
	if err != nil {
		return b, err
	}
	centres, err := centresOf(narrow)
	if err != nil {
		return b, fmt.Errorf("%w; give two [[concentrator.radio]] tables and [[concentrator.channel]] tables", err)
	}
	for i := range b.Radios {
		b.Radios[i].Frequency = centres[i]
	}
	for i, f := range narrow {
		b.Chains[i] = chainAt(centres, f, 125_000, picocell.AllSF)
	}
	if wide != 0 { // US915 and AU915 hear SF8 there
		b.Std = chainAt(centres, wide, 500_000, picocell.SF(8))
	}
	return b, nil
}

// carriers are the frequencies, ascending, of the 125 kHz channels that nodes
// use, and that of the 500 kHz channel; 0 if there is none or not just one.
func carriers(r *region.Region) (narrow []uint32, wide uint32) {
	count := 0
	for i, c := range r.UplinkChannels() {
		dr, _ := r.DataRate(c.MinDR)
		switch {
		case !r.Mask().Has(i):
		case dr.Bandwidth == 125_000:
			narrow = append(narrow, c.Frequency)
		case dr.Bandwidth == 500_000:
			wide = c.Frequency
			count++
		}
	}
	if count != 1 {
		wide = 0
	}
	slices.Sort(narrow)
	return slices.Compact(narrow), wide
}

// bareBoard has the amplifiers and the transmit range for r, and no channels.
func bareBoard(r *region.Region) (picocell.Board, error) {
	b := picocell.EU868()
	ranges := r.SubBands()
	low, high := ranges[0].From, ranges[len(ranges)-1].To-1
	if low < 400_000_000 || low > 510_000_000 && low < bandSX1257 || high > 1_020_000_000 {
		return picocell.Board{}, fmt.Errorf("no PicoCell for %s: its radios reach 400 to 510 and 862 to 1020 MHz", r.Name())
	}
	if low >= band915 {
		us915, err := picocell.US915(usualSubBand(regionUS915))
		if err != nil {
			return b, err
		}
		b = us915
	}
	for i := range b.Radios {
		b.Radios[i].Frequency = low
		if low < bandSX1257 {
			b.Radios[i].Type = picocell.SX1255
		}
	}
	b.Radios[0].TxMin, b.Radios[0].TxMax = low, high
	b.Chains, b.Std, b.FSK = [len(b.Chains)]picocell.Chain{}, picocell.Chain{}, picocell.Chain{}
	return b, nil
}

// centresOf places two radios so that they reach all frequencies, which
// ascend.
func centresOf(frequencies []uint32) (centres [2]uint32, err error) {
	if len(frequencies) == 0 {
		return centres, errors.New("has no channel of 125 kHz, which is what a PicoCell hears")
	}
	if n := len(picocell.Board{}.Chains); len(frequencies) > n {
		return centres, fmt.Errorf("nodes use %d channels, and a PicoCell hears %d", len(frequencies), n)
	}
	rest := frequencies
	for i := range centres {
		if len(rest) == 0 {
			centres[i] = centres[0]
			continue
		}
		n := 1
		for n < len(rest) && rest[n]-rest[0] <= 2*radioReach {
			n++
		}
		centres[i] = rest[0] + (rest[n-1]-rest[0])/2
		rest = rest[n:]
	}
	if len(rest) > 0 {
		return centres, errors.New("the channels of the nodes are too far apart for the two radios of a PicoCell")
	}
	return centres, nil
}

// chainAt hears frequency with the radio that is nearest.
func chainAt(centres [2]uint32, frequency, bandwidth uint32, sf picocell.SFMask) picocell.Chain {
	c := picocell.Chain{Enable: true, Bandwidth: bandwidth, SpreadingFactors: sf, IF: math.MaxInt32}
	for i, centre := range centres {
		if distance := int32(int64(frequency) - int64(centre)); max(distance, -distance) < max(c.IF, -c.IF) {
			c.Radio, c.IF = uint8(i), distance
		}
	}
	return c
}
