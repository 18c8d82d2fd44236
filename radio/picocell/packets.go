package picocell

import (
	"encoding/binary"
	"fmt"
	"math"

	"gatewayd/radio"
)

// maxPackets is the most that one `b` may ask for: the chip's FIFO depth.
const maxPackets = 16

// packetMeta is the size of what precedes each payload in the answer to `b`.
const packetMeta = 44

// packet is one received frame in the device's terms.
type packet struct {
	frequency  uint32
	ifChain    uint8
	status     uint8 // crcOK, crcBad, crcNo
	count      uint32
	rfChain    uint8
	modulation uint8
	bandwidth  uint8
	rate       uint32
	codeRate   uint8
	rssi, snr  float32
	payload    []byte
}

// parsePackets reads the answer to `b`. It returns the packets that are whole
// even if err says that the rest is not. Payloads are part of data.
func parsePackets(data []byte) (packets []packet, err error) {
	if len(data) == 0 {
		return nil, &desyncError{"answer to receive is empty"}
	}
	n, rest := int(data[0]), data[1:]
	if n > maxPackets {
		return nil, &desyncError{fmt.Sprintf("%d packets announced, at most %d are possible", n, maxPackets)}
	}
	for i := range n {
		if len(rest) < packetMeta {
			return packets, &desyncError{fmt.Sprintf("packet %d of %d is cut off in its metadata", i+1, n)}
		}
		size := int(binary.LittleEndian.Uint16(rest[42:]))
		if size > 255 || len(rest) < packetMeta+size {
			return packets, &desyncError{fmt.Sprintf("packet %d of %d announces %d bytes, %d are there", i+1, n, size, len(rest)-packetMeta)}
		}
		packets = append(packets, parsePacket(rest[:packetMeta+size]))
		rest = rest[packetMeta+size:]
	}
	if len(rest) > 0 {
		return packets, &desyncError{fmt.Sprintf("%d bytes follow the last of %d packets", len(rest), n)}
	}
	return packets, nil
}

// parsePacket reads metadata and payload; b is at least packetMeta long.
func parsePacket(b []byte) packet {
	return packet{
		frequency:  binary.LittleEndian.Uint32(b[0:]),
		ifChain:    b[4],
		status:     b[5],
		count:      binary.LittleEndian.Uint32(b[8:]),
		rfChain:    b[12],
		modulation: b[13],
		bandwidth:  b[14],
		rate:       binary.LittleEndian.Uint32(b[16:]),
		codeRate:   b[20],
		rssi:       math.Float32frombits(binary.LittleEndian.Uint32(b[24:])),
		snr:        math.Float32frombits(binary.LittleEndian.Uint32(b[28:])),
		payload:    b[packetMeta:],
	}
}

// dataRate translates modulation, bandwidth and rate; ok is false if they
// make no sense together.
func (p packet) dataRate() (dr radio.DataRate, ok bool) {
	switch p.modulation {
	case modFSK:
		return radio.FSKDataRate(p.rate), p.rate > 0
	case modLoRa:
		hz, known := bandwidthHz(p.bandwidth)
		if p.rate > math.MaxUint8 {
			return dr, false
		}
		sf, one := SFMask(p.rate).single()
		return radio.LoRaDataRate(sf, hz), known && one
	default:
		return dr, false
	}
}

// level returns RSSI and SNR for an Uplink: finite, and no SNR for FSK, where
// the device puts a marker.
func (p packet) level() (rssi, snr float32) {
	if p.modulation == modLoRa {
		snr = finite(p.snr)
	}
	return finite(p.rssi), snr
}

// finite keeps NaN and infinities, which JSON cannot carry, out of Uplinks.
func finite(f float32) float32 {
	if f != f || math.IsInf(float64(f), 0) {
		return 0
	}
	return f
}
