package radiotest

import (
	"encoding/binary"
	"math"
)

const (
	fifoPackets   = 16
	fifoBytes     = 1024
	fifoOverhead  = 16
	receivedSize  = 44 // metadata before each payload in the answer to b
	maxPayload    = 255
	rssiMultiBias = 35 // the multi-SF chains' RSSI reads that much too low
)

// received is one packet in the FIFO, with the fields of the answer to b.
type received struct {
	frequency  uint32
	chain      uint8
	rfChain    uint8
	status     byte
	count      uint32
	modulation byte
	bandwidth  byte
	datarate   uint32
	coderate   byte
	rssi       float32
	snr        [3]float32 // mean, least, most
	crc        uint16
	payload    []byte
}

// fifo is the receive buffer of the chip.
type fifo struct {
	packets []received
	bytes   int
}

// push reports whether p had room.
func (f *fifo) push(p received) bool {
	size := len(p.payload) + fifoOverhead
	if len(f.packets) == fifoPackets || f.bytes+size > fifoBytes {
		return false
	}
	f.packets = append(f.packets, p)
	f.bytes += size
	return true
}

func (f *fifo) pop() (received, bool) {
	if len(f.packets) == 0 {
		return received{}, false
	}
	p := f.packets[0]
	f.packets = f.packets[1:]
	f.bytes -= len(p.payload) + fifoOverhead
	return p, true
}

// appendTo appends the 44 bytes of metadata and the payload, as the answer to
// b carries them.
func (p received) appendTo(b []byte) []byte {
	le := binary.LittleEndian
	b = le.AppendUint32(b, p.frequency)
	b = append(b, p.chain, p.status, 0, 0)
	b = le.AppendUint32(b, p.count)
	b = append(b, p.rfChain, p.modulation, p.bandwidth, 0)
	b = le.AppendUint32(b, p.datarate)
	b = append(b, p.coderate, 0, 0, 0)
	b = le.AppendUint32(b, math.Float32bits(p.rssi))
	for _, snr := range p.snr {
		b = le.AppendUint32(b, math.Float32bits(snr))
	}
	b = le.AppendUint16(b, p.crc)
	b = le.AppendUint16(b, uint16(len(p.payload)))
	return append(b, p.payload...)
}

// measuredRSSI is what the chain reports for a level: whole decibels, limited
// by the eight bits of the chip's own reading.
func measuredRSSI(level, offset float32, multi bool) float32 {
	if multi {
		offset += rssiMultiBias
	}
	raw := math.Round(float64(level - offset))
	return float32(math.Min(255, math.Max(0, raw))) + offset
}

// measuredSNR is the mean, least and most that the demodulator reports, in
// steps of 0.25 dB.
func measuredSNR(snr float32) [3]float32 {
	quarter := func(v float32) float32 {
		return float32(math.Min(127, math.Max(-128, math.Round(float64(v)*4)))) / 4
	}
	return [3]float32{quarter(snr), quarter(snr - 1), quarter(snr + 1)}
}
