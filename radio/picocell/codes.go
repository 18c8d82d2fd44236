package picocell

import "math/bits"

// The device's enumerations (loragw_hal.h).
const (
	modLoRa = 0x10
	modFSK  = 0x20

	bw500 = 1
	bw250 = 2
	bw125 = 3

	crcOK  = 0x10
	crcBad = 0x11
	crcNo  = 0x01

	maxGains = 16
)

// bandwidths in Hz by their code less one.
func bandwidths() [7]uint32 {
	return [7]uint32{500_000, 250_000, 125_000, 62_500, 31_200, 15_600, 7_800}
}

// bandwidthCode is the device's code of a bandwidth in Hz.
func bandwidthCode(hz uint32) (uint8, bool) {
	for i, b := range bandwidths() {
		if b == hz {
			return uint8(i + 1), true
		}
	}
	return 0, false
}

// bandwidthHz is the bandwidth behind a code.
func bandwidthHz(code uint8) (uint32, bool) {
	all := bandwidths()
	if code < 1 || int(code) > len(all) {
		return 0, false
	}
	return all[code-1], true
}

// single returns the spreading factor if the set holds exactly one.
func (m SFMask) single() (uint8, bool) {
	if m&^AllSF != 0 || bits.OnesCount8(uint8(m)) != 1 {
		return 0, false
	}
	return uint8(bits.TrailingZeros8(uint8(m))) + 6, true
}

// codingRate prints a coding rate code; unknown ones are "".
func codingRate(code uint8) string {
	if code < 1 || code > 4 {
		return ""
	}
	return "4/" + string(rune('4'+code))
}
