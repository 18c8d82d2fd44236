package mac

import (
	"math"

	"gatewayd/radio"
)

// historySize is how many uplinks the algorithm looks back on.
const historySize = 20

// sample is one uplink as ADR remembers it.
type sample struct {
	fCnt uint32
	snr  int8 // quarters of a dB
}

// history are the last uplinks that were heard with the same link settings.
type history struct {
	samples [historySize]sample // oldest first
	n       int
}

// add appends an uplink. A counter that does not grow is a node that has
// started anew; FSK frames have no SNR to learn from.
func (h *history) add(fCnt uint32, dr radio.DataRate, snr float32) {
	if dr.Modulation != radio.LoRa || h.n > 0 && fCnt <= h.samples[h.n-1].fCnt {
		*h = history{}
	}
	if dr.Modulation != radio.LoRa {
		return
	}
	if h.n == historySize {
		copy(h.samples[:], h.samples[1:])
		h.n--
	}
	h.samples[h.n] = sample{fCnt: fCnt, snr: quarters(snr)}
	h.n++
}

// quarters is dB in quarters of a dB, -32 to 31.75 dB.
func quarters(dB float32) int8 {
	return int8(min(max(math.Round(float64(dB)*4), math.MinInt8), math.MaxInt8))
}

func (h *history) full() bool { return h.n == historySize }

// maxSNR is the best SNR of all samples, in dB.
func (h *history) maxSNR() float32 {
	best := int8(math.MinInt8)
	for _, s := range h.samples[:h.n] {
		best = max(best, s.snr)
	}
	return float32(best) / 4
}

// lost is the share, 0..1, of the uplinks sent since the first sample that
// never arrived.
func (h *history) lost() float64 {
	if h.n == 0 {
		return 0
	}
	sent := float64(h.samples[h.n-1].fCnt-h.samples[0].fCnt) + 1
	return (sent - float64(h.n)) / sent
}
