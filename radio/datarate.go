package radio

import (
	"fmt"
	"regexp"
	"strconv"
	"time"
)

// Modulation of a frame.
type Modulation uint8

// The modulations.
const (
	LoRa Modulation = iota + 1
	FSK
	LRFHSS // uplinks only; its coding rate is the Uplink's
)

// DataRate says how a frame is modulated. For LoRa, SpreadingFactor (5..12)
// and Bandwidth (Hz) are set; for FSK, BitRate (bit/s); for LR-FHSS,
// Bandwidth: the width in Hz of the channel it hops in, rounded to kHz.
type DataRate struct {
	Modulation      Modulation
	SpreadingFactor uint8
	Bandwidth       uint32
	BitRate         uint32
}

// LoRaDataRate is SFsf at bandwidth Hz.
func LoRaDataRate(sf uint8, bandwidth uint32) DataRate {
	return DataRate{Modulation: LoRa, SpreadingFactor: sf, Bandwidth: bandwidth}
}

// FSKDataRate is FSK at bitRate bit/s.
func FSKDataRate(bitRate uint32) DataRate {
	return DataRate{Modulation: FSK, BitRate: bitRate}
}

// LRFHSSDataRate is LR-FHSS in a channel of that width in Hz: 137000, 336000
// or 1523000 in the Regional Parameters (RP002).
func LRFHSSDataRate(width uint32) DataRate {
	return DataRate{Modulation: LRFHSS, Bandwidth: width}
}

// String prints the field's notation: "SF7BW125"; for FSK the bit rate:
// "50000"; for LR-FHSS the channel's width: "M0CW137".
func (d DataRate) String() string {
	switch d.Modulation {
	case FSK:
		return strconv.FormatUint(uint64(d.BitRate), 10)
	case LRFHSS:
		return "M0CW" + strconv.FormatUint(uint64(d.Bandwidth/1000), 10)
	default:
		return fmt.Sprintf("SF%dBW%s", d.SpreadingFactor, strconv.FormatFloat(float64(d.Bandwidth)/1000, 'f', -1, 64))
	}
}

var (
	loraDataRate   = regexp.MustCompile(`^SF([0-9]{1,2})BW([0-9]{1,4}(?:\.[0-9]{1,2})?)$`)
	lrfhssDataRate = regexp.MustCompile(`^M0CW([1-9][0-9]{0,3})$`)
)

// ParseDataRate reads what String prints.
func ParseDataRate(s string) (DataRate, error) {
	if m := loraDataRate.FindStringSubmatch(s); m != nil {
		sf, _ := strconv.Atoi(m[1])
		khz, _ := strconv.ParseFloat(m[2], 64)
		if sf >= 5 && sf <= 12 && khz > 0 {
			return LoRaDataRate(uint8(sf), uint32(khz*1000+0.5)), nil
		}
	} else if m := lrfhssDataRate.FindStringSubmatch(s); m != nil {
		khz, _ := strconv.Atoi(m[1])
		return LRFHSSDataRate(uint32(khz) * 1000), nil
	} else if rate, err := strconv.ParseUint(s, 10, 32); err == nil && rate > 0 {
		return FSKDataRate(uint32(rate)), nil
	}
	return DataRate{}, fmt.Errorf("%q is not a data rate: want e.g. SF7BW125, or bit/s for FSK", s)
}

// LoRaAirtime is the time on air of a LoRa frame with explicit header and
// coding rate 4/5: size bytes of PHYPayload, preamble symbols. CRC says
// whether the frame carries the 16-bit payload CRC (uplinks do, downlinks do
// not). Rounded to microseconds. Source: SX1276 data sheet, section 4.1.1.7.
func (d DataRate) LoRaAirtime(size, preamble int, crc bool) time.Duration {
	sf := int(d.SpreadingFactor)
	if sf == 0 || d.Bandwidth == 0 {
		return 0
	}
	symbol := float64(uint64(1)<<sf) / float64(d.Bandwidth)
	lowRate := 0
	if symbol > 0.016 {
		lowRate = 1
	}
	bits := 8*size - 4*sf + 28
	if crc {
		bits += 16
	}
	symbols := 8
	if bits > 0 {
		per := 4 * (sf - 2*lowRate)
		symbols += (bits + per - 1) / per * 5
	}
	seconds := (float64(preamble) + 4.25 + float64(symbols)) * symbol
	return time.Duration(seconds*1e6+0.5) * time.Microsecond
}
