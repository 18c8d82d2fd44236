package concentratord

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"gatewayd/radio"
	"gatewayd/radio/radiotest"
	"gatewayd/radio/radiotest/forwarder/jit"
)

// Values of gw.TxAckStatus.
const (
	statusOK            = 1
	statusTooLate       = 2
	statusTooEarly      = 3
	statusCollision     = 4
	statusTxFreq        = 6
	statusQueueFull     = 9
	statusInternalError = 10
)

// commander answers commands.
func (c *Concentratord) commander(p *peer) {
	for {
		m, err := p.message()
		if err != nil {
			return
		}
		if len(m) < 2 || len(m[0]) != 0 {
			c.violate("request %q has no delimiter", m)
			return
		}
		answer := c.answer(m[1:])
		if c.skip() {
			continue
		}
		if p.send(nil, answer) != nil {
			return
		}
	}
}

// skip reports whether this command is left without a reply.
func (c *Concentratord) skip() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.silent == 0 {
		return false
	}
	c.silent--
	return true
}

// answer is the reply to a command; empty if it makes no sense.
func (c *Concentratord) answer(frames [][]byte) []byte {
	if c.o.Before45 {
		if len(frames) != 2 {
			return nil
		}
		switch string(frames[0]) {
		case "gateway_id":
			c.told()
			return c.o.Gateway[:]
		case "down":
			return c.downlink(frames[1])
		}
		c.violate("command %q", frames[0])
		return nil
	}
	if len(frames) != 1 {
		c.violate("command of %d frames", len(frames))
		return nil
	}
	t, err := read(frames[0])
	switch {
	case err != nil:
		c.violate("command: %v", err)
	case len(t.subs[3]) == 1:
		c.told()
		return proto(nil).sub(1, []byte(fmt.Sprintf("%x", c.o.Gateway[:])))
	case len(t.subs[1]) == 1:
		return c.downlink(t.subs[1][0])
	default:
		c.violate("command %x", frames[0])
	}
	return nil
}

// told notes that the gateway id was asked for.
func (c *Concentratord) told() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.known = true
	c.note()
}

// downlink deals with a gw.DownlinkFrame.
func (c *Concentratord) downlink(b []byte) []byte {
	t, err := read(b)
	if err != nil {
		c.violate("DownlinkFrame: %v", err)
		return nil
	}
	if got := string(t.bytes(7)); got != fmt.Sprintf("%x", c.o.Gateway[:]) {
		c.violate("DownlinkFrame for gateway %q", got)
	}
	item, ok := t.at(5)
	if !ok || len(t.subs[5]) != 1 {
		c.violate("DownlinkFrame with %d items", len(t.subs[5]))
		return nil
	}
	em, soon, err := c.emission(item)
	if err != nil {
		c.violate("DownlinkFrame: %v", err)
		return nil
	}
	status := c.judge(em, soon)
	return proto(nil).num(2, t.nums[3]).sub(5, proto(nil).num(1, status)).sub(6, []byte(fmt.Sprintf("%x", c.o.Gateway[:])))
}

// judge queues em and returns its gw.TxAckStatus.
func (c *Concentratord) judge(em radiotest.Emission, soon bool) uint64 {
	c.mu.Lock()
	if len(c.refusals) > 0 {
		status := c.refusals[0]
		c.refusals = c.refusals[1:]
		c.mu.Unlock()
		return status
	}
	c.mu.Unlock()
	if r := c.o.Range; r != [2]uint32{} && (em.Frequency < r[0] || em.Frequency > r[1]) {
		return statusTxFreq
	}
	switch c.queue.Add(em, soon) {
	case "":
		return statusOK
	case jit.TooLate:
		return statusTooLate
	case jit.TooEarly:
		return statusTooEarly
	case jit.Collision:
		return statusCollision
	case jit.QueueFull:
		return statusQueueFull
	default:
		return statusInternalError
	}
}

var (
	errMissing    = errors.New("phy_payload, tx_info, modulation or timing is missing")
	errContext    = errors.New("context is not the one of a frame")
	errModulation = errors.New("modulation is neither LoRa nor FSK")
)

// emission is what a gw.DownlinkFrameItem asks for.
func (c *Concentratord) emission(item tree) (em radiotest.Emission, soon bool, err error) {
	tx, ok := item.at(3)
	payload := item.bytes(1)
	timing, timed := tx.at(6)
	if !ok || !timed || len(payload) < 1 || len(payload) > 255 {
		return em, false, errMissing
	}
	em = radiotest.Emission{Frequency: uint32(tx.nums[1]), Power: int8(tx.nums[2]), RequestedPower: int8(tx.nums[2]), Payload: payload}
	if err := modulate(tx, &em); err != nil {
		return em, false, err
	}
	if len(timing.subs[1]) == 1 {
		return em, true, nil
	}
	delay, ok := timing.at(2, 1)
	if !ok {
		return em, false, errMissing
	}
	em.Count, err = c.start(tx.bytes(7), time.Duration(delay.nums[1])*time.Second+time.Duration(delay.nums[2]))
	return em, false, err
}

// start is the counter at a delay from a context.
func (c *Concentratord) start(context []byte, delay time.Duration) (uint32, error) {
	after := uint32(delay / time.Microsecond)
	switch {
	case c.o.Context == nil && len(context) == 4:
		return binary.BigEndian.Uint32(context) + after, nil
	case c.o.Context != nil && bytes.Equal(context, c.o.Context):
		return c.Count() + after, nil // a relay counts from when it sent the frame on
	default:
		return 0, errContext
	}
}

// modulate sets the modulation of em.
func modulate(tx tree, em *radiotest.Emission) error {
	if lora, ok := tx.at(3, 3); ok {
		em.DataRate = radio.LoRaDataRate(uint8(lora.nums[2]), uint32(lora.nums[1]))
		em.InvertIQ, em.CRC, em.Preamble = lora.nums[4] == 1, lora.nums[7] == 0, uint16(lora.nums[6])
		em.CodingRate = map[uint64]string{1: "4/5", 2: "4/6", 3: "4/7", 4: "4/8"}[lora.nums[5]]
		em.Airtime = em.DataRate.LoRaAirtime(len(em.Payload), int(em.Preamble), em.CRC)
		return nil
	}
	fsk, ok := tx.at(3, 4)
	if !ok || fsk.nums[1] == 0 || fsk.nums[2] == 0 {
		return errModulation
	}
	em.DataRate, em.CRC, em.Preamble = radio.FSKDataRate(uint32(fsk.nums[2])), true, 5
	em.Airtime = time.Duration(8*(11+len(em.Payload))) * time.Second / time.Duration(fsk.nums[2])
	return nil
}
