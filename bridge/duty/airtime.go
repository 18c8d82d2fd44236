package duty

import (
	"time"

	"gatewayd/radio"
)

// Airtime is how long a downlink of size bytes (PHYPayload) is on air: LoRa
// with a preamble of 8 symbols, coding rate 4/5 and no CRC, FSK as LoRaWAN
// frames it. ISM2400 has its own rules. 0 for a data rate that is neither.
func Airtime(dr radio.DataRate, size int) time.Duration {
	switch {
	case dr.Modulation == radio.FSK:
		return fskAirtime(dr.BitRate, size)
	case dr.Modulation == radio.LoRa && dr.Bandwidth == ism2400Bandwidth:
		return ism2400Airtime(int(dr.SpreadingFactor), size)
	case dr.Modulation == radio.LoRa:
		return dr.LoRaAirtime(size, 8, false)
	default:
		return 0
	}
}

// fskOverhead is what FSK adds to a frame, in bytes: preamble 5, sync word 3,
// length 1, CRC 2 (RP002-1.0.3 section 2.4.1; SX1276 data sheet, section 4.2.13).
const fskOverhead = 5 + 3 + 1 + 2

func fskAirtime(bitRate uint32, size int) time.Duration {
	if bitRate == 0 {
		return 0
	}
	bits, rate := int64(8*(fskOverhead+size)), int64(bitRate)
	// Rounded up to microseconds.
	return time.Duration((bits*1_000_000+rate-1)/rate) * time.Microsecond
}

const (
	ism2400Bandwidth = 812_000 // how it is written; it is 812.5 kHz
	ism2400Exact     = 812_500
)

// ism2400Airtime is LoRa at 2.4 GHz: coding rate 4/8 with long interleaving,
// 12 preamble symbols below SF7 and 8 from there on, no CRC. Sources: Semtech's
// Physical Layer Proposal 2.4GHz; SX1280 data sheet, section 7.4.4.
func ism2400Airtime(sf, size int) time.Duration {
	if sf < 5 || sf > 12 {
		return 0
	}
	preamble, sync, base := 8, 17, 7 // sync in quarter symbols
	if sf < 7 {
		preamble, sync, base = 12, 25, 5
	}
	perSymbol := 4 * sf
	if sf > 10 {
		perSymbol = 4 * (sf - 2)
	}
	// Some of the payload rides in what the header's 8 symbols leave free.
	inHeader := (sf - base) / 2 * 8
	bits := max(0, 8*size-inHeader) * 8
	symbols := preamble + 8 + (bits+perSymbol-1)/perSymbol
	quarters := int64(4*symbols + sync)
	// Rounded up to microseconds.
	return time.Duration(((quarters<<sf)*1_000_000+4*ism2400Exact-1)/(4*ism2400Exact)) * time.Microsecond
}
