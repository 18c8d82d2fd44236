package radiotest

import (
	"math"
	"time"

	"gatewayd/radio"
)

// airtime is what the time on air of a frame depends on. Unlike
// radio.DataRate.LoRaAirtime it knows every coding rate, the implicit header
// and FSK, since the device accepts them.
type airtime struct {
	dataRate   radio.DataRate
	codingRate uint8 // 1..4 is 4/5..4/8
	size       int   // payload bytes
	preamble   int   // symbols for LoRa, bytes for FSK
	syncSize   int   // FSK sync word, bytes
	crc        bool
	implicit   bool // no LoRa header
}

// duration of the frame, for LoRa rounded to microseconds. Source: SX1276 data sheet, sections 4.1.1.7 and
// 4.2.13.
func (a airtime) duration() time.Duration {
	if a.dataRate.Modulation == radio.FSK {
		return a.fsk()
	}
	sf := float64(a.dataRate.SpreadingFactor)
	if sf == 0 || a.dataRate.Bandwidth == 0 {
		return 0
	}
	symbol := math.Exp2(sf) / float64(a.dataRate.Bandwidth)
	bits := 8*float64(a.size) - 4*sf + 28
	if a.crc {
		bits += 16
	}
	if a.implicit {
		bits -= 20
	}
	perBlock := 4 * sf
	if symbol > 0.016 { // low data rate optimisation
		perBlock -= 8
	}
	blocks := math.Max(0, math.Ceil(bits/perBlock))
	symbols := float64(a.preamble) + 4.25 + 8 + blocks*float64(4+a.codingRate)
	return time.Duration(math.Round(symbols*symbol*1e6)) * time.Microsecond
}

func (a airtime) fsk() time.Duration {
	if a.dataRate.BitRate == 0 {
		return 0
	}
	size := a.preamble + a.syncSize + 1 + a.size
	if a.crc {
		size += 2
	}
	return time.Duration(float64(8*size) / float64(a.dataRate.BitRate) * float64(time.Second))
}
