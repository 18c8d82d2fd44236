package concentratord

import (
	"encoding/binary"
	"fmt"

	"gatewayd/radio"
	"gatewayd/radio/radiotest"
)

// Hear lets a packet reach the antenna, complete, now, and publishes it. The
// error says why not: radiotest.ErrDeaf while it sends, or
// radiotest.ErrNotReceiving while nobody has subscribed.
func (c *Concentratord) Hear(p radiotest.Packet) error {
	if c.queue.Deaf(p.DataRate.LoRaAirtime(len(p.Payload), 8, p.CRC != radiotest.CRCNone)) {
		return radiotest.ErrDeaf
	}
	if p.Count == 0 {
		p.Count = c.Count()
	}
	context := c.o.Context
	if context == nil {
		context = binary.BigEndian.AppendUint32(nil, p.Count)
	}
	rx := proto(nil).sub(1, []byte(fmt.Sprintf("%x", c.o.Gateway[:]))).num(2, 4711).
		num(6, uint64(int32(p.RSSI))).float(7, p.SNR).num(8, 3).num(9, 1).sub(13, context).num(16, crcStatus(p.CRC))
	tx := proto(nil).num(1, uint64(p.Frequency)).sub(2, modulation(p))
	if !c.publish("up", 1, proto(nil).sub(1, p.Payload).sub(4, tx).sub(5, rx)) {
		return radiotest.ErrNotReceiving
	}
	return nil
}

// Report publishes the statistics that come every 30 s.
func (c *Concentratord) Report() {
	stats := proto(nil).num(5, 4).num(6, 3).num(7, 2).num(8, 1).sub(17, []byte(fmt.Sprintf("%x", c.o.Gateway[:])))
	c.publish("stats", 2, stats)
}

// Publish sends any bytes as an event.
func (c *Concentratord) Publish(uplinkFrame []byte) { c.publish("up", 1, uplinkFrame) }

// modulation is the gw.Modulation of p.
func modulation(p radiotest.Packet) []byte {
	switch p.DataRate.Modulation {
	case radio.FSK:
		return proto(nil).sub(4, proto(nil).num(2, uint64(p.DataRate.BitRate)))
	case radio.LRFHSS:
		return proto(nil).sub(5, proto(nil).num(1, uint64(p.DataRate.Bandwidth)).num(4, 6))
	default:
		return proto(nil).sub(3, proto(nil).num(1, uint64(p.DataRate.Bandwidth)).num(2, uint64(p.DataRate.SpreadingFactor)).num(5, 1))
	}
}

// crcStatus is the gw.CRCStatus of s.
func crcStatus(s radiotest.CRCStatus) uint64 {
	switch s {
	case radiotest.CRCBad:
		return 1
	case radiotest.CRCNone:
		return 0
	default:
		return 2
	}
}
