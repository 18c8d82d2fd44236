package picocell

import (
	"fmt"
	"time"

	"gatewayd/radio"
)

const (
	loraPreamble = 8 // symbols
	fskPreamble  = 5 // bytes
	fskDeviation = 25
)

// plan turns a downlink into an emission, or refuses it for what it asks. The
// device itself would say OK to much of that, send nothing, and be deaf for
// 10 s. antennaGain (dB) is what conducted power stays below EIRP.
func (b *Board) plan(d radio.Downlink, antennaGain float64) (emission, error) {
	if len(d.Payload) < 1 || len(d.Payload) > 255 {
		return emission{}, refuse(radio.TxSize, "%d bytes, want 1 to 255", len(d.Payload))
	}
	if !b.canTransmit() {
		return emission{}, refuse(radio.TxRxOnly, "no radio of this concentrator may transmit")
	}
	rfChain, ok := b.txRadio(d.Frequency)
	if !ok {
		return emission{}, refuse(radio.TxFrequency, "%d Hz is outside the range of every transmitting radio", d.Frequency)
	}
	t := transmission{
		frequency: d.Frequency,
		rfChain:   rfChain,
		power:     conducted(b.TxGains, float64(d.Power)-antennaGain),
		payload:   d.Payload,
	}
	airtime, err := t.modulate(d.DataRate)
	if err != nil {
		return emission{}, err
	}
	return emission{id: d.ID, tx: t, start: d.At, end: d.At.Add(airtime)}, nil
}

// modulate sets the modulation of t and returns its time on air.
func (t *transmission) modulate(dr radio.DataRate) (time.Duration, error) {
	switch dr.Modulation {
	case radio.LoRa:
		code, ok := bandwidthCode(dr.Bandwidth)
		sf := SF(dr.SpreadingFactor)
		if !ok || code > bw125 || sf == 0 {
			return 0, refuse(radio.TxDataRate, "%s: want SF7 to SF12 at 125, 250 or 500 kHz", dr)
		}
		t.modulation, t.bandwidth, t.rate, t.preamble = modLoRa, code, uint32(sf), loraPreamble
		return dr.LoRaAirtime(len(t.payload), loraPreamble, t.crc), nil
	case radio.FSK:
		if dr.BitRate < 500 || dr.BitRate > 250_000 {
			return 0, refuse(radio.TxDataRate, "%s bit/s: want 500 to 250000", dr)
		}
		// LoRaWAN wants the CRC on FSK downlinks too.
		t.modulation, t.rate, t.deviation, t.preamble, t.crc = modFSK, dr.BitRate, fskDeviation, fskPreamble, true
		const syncSize, lengthSize, crcSize = defaultSyncWordSize, 1, 2
		bits := 8 * (fskPreamble + syncSize + lengthSize + len(t.payload) + crcSize)
		return time.Duration(bits) * time.Second / time.Duration(dr.BitRate), nil
	default:
		return 0, refuse(radio.TxDataRate, "modulation %d is unknown", dr.Modulation)
	}
}

// conducted is the power the gain table gives for the wanted one (dBm): the
// highest entry not above it, else the lowest. The table is not empty.
func conducted(gains []TxGain, want float64) int8 {
	power := gains[0].Power
	for _, g := range gains {
		if float64(g.Power) <= want {
			power = g.Power
		}
	}
	return power
}

func refuse(reason radio.TxReason, format string, args ...any) error {
	return &radio.TxError{Reason: reason, Detail: fmt.Sprintf(format, args...)}
}
