package forwarded

import (
	"time"

	"gatewayd/radio"
)

// Preambles of LoRaWAN (RP002), and the frequency deviation of its FSK.
const (
	LoRaPreamble = 8      // symbols
	FSKPreamble  = 5      // bytes
	FSKDeviation = 25_000 // Hz
)

// CheckDownlink refuses what no forwarder could send.
func CheckDownlink(d radio.Downlink) error {
	if len(d.Payload) < 1 || len(d.Payload) > radio.MaxPHYPayload {
		return Refuse(radio.TxSize, "%d bytes, want 1 to %d", len(d.Payload), radio.MaxPHYPayload)
	}
	dr := d.DataRate
	switch {
	case dr.Modulation == radio.LoRa && dr.SpreadingFactor >= 5 && dr.SpreadingFactor <= 12 && dr.Bandwidth > 0:
	case dr.Modulation == radio.FSK && dr.BitRate >= 500 && dr.BitRate <= 250_000:
	default:
		return Refuse(radio.TxDataRate, "%s cannot be sent", dr)
	}
	if d.Frequency == 0 {
		return Refuse(radio.TxFrequency, "no frequency")
	}
	return nil
}

// Airtime is the time on air of a downlink of size bytes: LoRa without, FSK
// with the CRC of the payload, as LoRaWAN wants them.
func Airtime(dr radio.DataRate, size int) time.Duration {
	if dr.Modulation != radio.FSK {
		return dr.LoRaAirtime(size, LoRaPreamble, false)
	}
	if dr.BitRate == 0 {
		return 0
	}
	const syncSize, lengthSize, crcSize = 3, 1, 2
	bits := 8 * (FSKPreamble + syncSize + lengthSize + size + crcSize)
	return time.Duration(bits) * time.Second / time.Duration(dr.BitRate)
}
