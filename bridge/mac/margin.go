package mac

import (
	"math"

	"gatewayd/radio"
)

// RequiredSNR is the SNR, in dB, below which a LoRa frame of spreading factor
// 5 to 12 can no longer be demodulated. Source: SX1276 data sheet, table 13,
// and SX1262 data sheet for SF5.
func RequiredSNR(spreadingFactor uint8) float32 {
	return 10 - 2.5*float32(spreadingFactor)
}

// Margin is by how much, in dB, a frame heard with snr could have been weaker.
// FSK has no SNR, and no margin.
func Margin(dr radio.DataRate, snr float32) float32 {
	if dr.Modulation != radio.LoRa {
		return 0
	}
	return snr - RequiredSNR(dr.SpreadingFactor)
}

// linkMargin is the Margin field of a LinkCheckAns: 0..254 dB.
func linkMargin(margin float32) uint8 {
	return uint8(min(max(math.Floor(float64(margin)), 0), 254))
}
