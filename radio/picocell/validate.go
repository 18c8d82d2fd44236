package picocell

import (
	"errors"
	"fmt"
)

// Validate checks what the device would refuse at bring-up or, worse, accept
// and then swallow (picoGW_hal's rules). It returns every finding, joined.
func (b Board) Validate() error {
	var errs []error
	if b.ClockSource > 1 {
		errs = append(errs, fmt.Errorf("clock source: radio %d does not exist: want 0 or 1", b.ClockSource))
	}
	for i, r := range b.Radios {
		errs = append(errs, r.validate(i))
	}
	if !b.Radios[0].Enable && !b.Radios[1].Enable {
		errs = append(errs, errors.New("both radios are off: enable at least one"))
	}
	if b.Radios[0].Type != b.Radios[1].Type {
		errs = append(errs, errors.New("the radios are of different types: one calibration serves both, so give both the same"))
	}
	on := 0
	for i := range chains {
		if c := b.chain(i); c.Enable {
			on++
			errs = append(errs, b.validateChain(i, c))
		}
	}
	if on == 0 {
		errs = append(errs, errors.New("every channel is off: enable at least one"))
	}
	errs = append(errs, validateGains(b.TxGains))
	return errors.Join(errs...)
}

// validate checks one radio; n is its number.
func (r Radio) validate(n int) error {
	low, high := uint32(862_000_000), uint32(1_020_000_000)
	switch r.Type {
	case SX1257:
	case SX1255:
		low, high = 400_000_000, 510_000_000
	default:
		return fmt.Errorf("radio %d: type %d is unknown: want SX1255 (1) or SX1257 (2)", n, r.Type)
	}
	// A disabled radio 0 still sets the frequency-to-time drift.
	if r.Frequency < low || r.Frequency > high {
		return fmt.Errorf("radio %d: frequency %d Hz is outside the chip's %d to %d Hz", n, r.Frequency, low, high)
	}
	if !r.TxEnable {
		return nil
	}
	if !r.Enable {
		return fmt.Errorf("radio %d: may transmit, but is not enabled", n)
	}
	if r.TxMin < low || r.TxMax > high || r.TxMin > r.TxMax {
		return fmt.Errorf("radio %d: transmit range %d to %d Hz: want two ascending values within %d to %d Hz",
			n, r.TxMin, r.TxMax, low, high)
	}
	return nil
}

// validateChain checks an enabled chain; i is its if_chain number.
func (b *Board) validateChain(i int, c Chain) error {
	var errs []error
	fail := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("channel %d: "+format, append([]any{i}, args...)...))
	}
	if c.Radio > 1 {
		fail("radio %d does not exist: want 0 or 1", c.Radio)
	} else if !b.Radios[c.Radio].Enable {
		fail("radio %d is not enabled", c.Radio)
	}
	code, ok := bandwidthCode(c.Bandwidth)
	if !ok {
		fail("bandwidth %d Hz: want one of 7800, 15600, 31200, 62500, 125000, 250000, 500000", c.Bandwidth)
	} else if limit := ifLimit(c.Bandwidth); abs(int64(c.IF))+int64(c.Bandwidth)/2 > limit {
		fail("IF %d Hz with bandwidth %d Hz reaches beyond %d Hz from the radio's centre", c.IF, c.Bandwidth, limit)
	}
	switch i {
	case chainFSK:
		if c.BitRate < 500 || c.BitRate > 250_000 {
			fail("bit rate %d: want 500 to 250000 bit/s", c.BitRate)
		}
		if c.SyncWord != 0 && (c.SyncWordSize < 1 || c.SyncWordSize > 8 || c.SyncWord>>(8*uint(c.SyncWordSize)) != 0) {
			fail("sync word %X does not fit %d bytes: want 1 to 8 bytes that hold it", c.SyncWord, c.SyncWordSize)
		}
	case chainStd:
		if _, one := c.SpreadingFactors.single(); !one {
			fail("spreading factors %#02x: want exactly one of SF7 to SF12", uint8(c.SpreadingFactors))
		}
		if ok && code > bw125 {
			fail("bandwidth %d Hz: want 125000, 250000 or 500000", c.Bandwidth)
		}
	default:
		if c.SpreadingFactors == 0 || c.SpreadingFactors&^AllSF != 0 {
			fail("spreading factors %#02x: want some of SF7 to SF12", uint8(c.SpreadingFactors))
		}
		if ok && code != bw125 {
			fail("bandwidth %d Hz: want 125000", c.Bandwidth)
		}
	}
	return errors.Join(errs...)
}

// ifLimit is how far (Hz) a chain's spectrum may reach from the radio's
// centre: half of the radio's bandwidth, which is set per channel bandwidth.
func ifLimit(bandwidth uint32) int64 {
	switch bandwidth {
	case 500_000:
		return 550_000
	case 250_000:
		return 500_000
	default:
		return 462_500
	}
}

func abs(v int64) int64 { return max(v, -v) }

// validateGains checks the transmit gain table. The device searches it for
// the highest entry not above the wanted power, so it must ascend.
func validateGains(gains []TxGain) error {
	if len(gains) < 1 || len(gains) > maxGains {
		return fmt.Errorf("gain table has %d entries: want 1 to %d", len(gains), maxGains)
	}
	for i, g := range gains {
		switch {
		case g.DAC != 3:
			return fmt.Errorf("gain table entry %d: dac %d: must be 3", i, g.DAC)
		case g.PA > 3 || g.Digital > 3 || g.Mix > 15:
			return fmt.Errorf("gain table entry %d: pa %d, mix %d, digital %d: want at most 3, 15, 3", i, g.PA, g.Mix, g.Digital)
		case i > 0 && g.Power < gains[i-1].Power:
			return fmt.Errorf("gain table entry %d: %d dBm after %d dBm: entries must ascend", i, g.Power, gains[i-1].Power)
		}
	}
	return nil
}
