package radiotest

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"gatewayd/radio"
)

const (
	txStartDelay = 1500 * time.Microsecond
	txTimeout    = 10 * time.Second // the firmware waits no longer for the end

	txImmediate   = 0
	txTimestamped = 1
	txOnGPS       = 2
)

// txRequest is the data of f.
type txRequest struct {
	frequency  uint32
	mode       byte
	count      uint32
	rfChain    byte
	power      int8
	modulation byte
	bandwidth  byte
	datarate   uint32
	coderate   byte
	invert     bool
	deviation  byte
	preamble   uint16
	noCRC      bool
	noHeader   bool
	size       uint16
	payload    []byte // size bytes, at most 255
}

func parseTX(b []byte) txRequest {
	b = padded(b, txSize)
	le := binary.LittleEndian
	r := txRequest{
		frequency: le.Uint32(b), mode: b[4], count: le.Uint32(b[8:]), rfChain: b[12], power: int8(b[13]),
		modulation: b[14], bandwidth: b[15], datarate: le.Uint32(b[16:]), coderate: b[20],
		invert: b[21] != 0, deviation: b[22], preamble: le.Uint16(b[24:]),
		noCRC: b[26] != 0, noHeader: b[27] != 0, size: le.Uint16(b[28:]),
	}
	r.payload = append([]byte(nil), b[30:30+min(int(r.size), maxPayload)]...)
	return r
}

// transmission is one f at work: the receiver is deaf from armed to end, and
// only then does the answer come. Nothing goes on air if emission is nil.
type transmission struct {
	armed, start, end instant
	emission          *Emission
}

// send begins the work of f.
func (d *device) send(c command, now instant) *transmission {
	r := parseTX(c.data)
	t := &transmission{armed: now, start: now, end: now.add(d.txError)}
	d.sending = t
	d.stats.Lost += uint64(len(d.chip.fifo.packets))
	d.chip.fifo = fifo{}
	if err := d.settings.refuse(r); err != nil {
		d.log.add("f: %v; the device is deaf for %v and answers OK", err, d.txError)
		return t
	}
	if !d.listening() {
		d.log.add("f: the chip does not run: %s", d.chip.missing())
		return t
	}
	e := d.settings.emission(r)
	start, err := d.startOf(r, e.Airtime, now)
	if errors.Is(err, errLate) {
		d.stats.Late++
		return t
	}
	if err != nil {
		d.log.add("f: %v; the device is deaf for %v and answers OK", err, d.txError)
		return t
	}
	e.Count, e.Ahead = d.count(start), start.sub(now)
	t.start, t.end, t.emission = start, start.add(e.Airtime), &e
	return t
}

// errLate is a start in the past, or nearer than the device can arm. No
// violation: on a busy machine the best host is late now and then.
var errLate = errors.New("too late")

// startOf is when the preamble begins.
func (d *device) startOf(r txRequest, airtime time.Duration, now instant) (instant, error) {
	switch r.mode {
	case txOnGPS:
		return 0, fmt.Errorf("tx_mode GPS: there is no PPS signal")
	case txImmediate:
		return now.add(txStartDelay), nil
	}
	ahead := time.Duration(int32(r.count-d.count(now))) * time.Microsecond
	if ahead <= txStartDelay {
		return 0, errLate
	}
	if ahead+airtime > txTimeout {
		return 0, fmt.Errorf("count_us is too far ahead: the emission would not end within %v", txTimeout)
	}
	return now.add(ahead), nil
}

// refuse says what the firmware refuses. It tells nobody.
// Source: lgw_send in loragw_hal.cpp of picoGW_mcu.
func (s *settings) refuse(r txRequest) error {
	switch {
	case r.rfChain >= radios:
		return fmt.Errorf("rf_chain %d does not exist", r.rfChain)
	case !s.rf[r.rfChain].tx:
		return fmt.Errorf("rf_chain %d may not send (tx_enable is 0)", r.rfChain)
	case !s.rf[r.rfChain].enable:
		return fmt.Errorf("rf_chain %d is disabled", r.rfChain)
	case r.mode > txOnGPS:
		return fmt.Errorf("tx_mode %d does not exist", r.mode)
	case r.size > maxPayload:
		return fmt.Errorf("size %d exceeds 255", r.size)
	}
	switch r.modulation {
	case modulationLoRa:
		return refuseLoRa(r)
	case modulationFSK:
		return refuseFSK(r)
	}
	return fmt.Errorf("modulation 0x%02x does not exist", r.modulation)
}

func refuseLoRa(r txRequest) error {
	switch {
	case !loraBandwidth(r.bandwidth):
		return fmt.Errorf("bandwidth code %d is not LoRa's", r.bandwidth)
	case oneSF(r.datarate) == 0:
		return fmt.Errorf("datarate 0x%x is not one spreading factor", r.datarate)
	case r.coderate < 1 || r.coderate > 4:
		return fmt.Errorf("coderate %d does not exist", r.coderate)
	}
	return nil
}

func refuseFSK(r txRequest) error {
	switch {
	case r.deviation < 1 || r.deviation > 200:
		return fmt.Errorf("f_dev %d kHz is out of range", r.deviation)
	case !fskBitRate(r.datarate):
		return fmt.Errorf("%d bit/s is out of range", r.datarate)
	}
	return nil
}

// emission is what a request that is not refused puts on air.
func (s *settings) emission(r txRequest) Emission {
	e := Emission{
		Frequency: r.frequency, Power: s.gain(r.power).power, RequestedPower: r.power, RFChain: r.rfChain,
		InvertIQ: r.invert, CRC: !r.noCRC, Preamble: preamble(r), Payload: r.payload,
	}
	if r.modulation == modulationFSK {
		e.DataRate = radio.FSKDataRate(r.datarate)
	} else {
		e.DataRate = loraDataRate(oneSF(r.datarate), r.bandwidth)
		e.CodingRate = codingRates[r.coderate]
	}
	e.Airtime = airtime{
		dataRate: e.DataRate, codingRate: r.coderate, size: len(r.payload), preamble: int(e.Preamble),
		syncSize: int(s.ifs[chainFSK].syncSize), crc: e.CRC, implicit: r.noHeader,
	}.duration()
	return e
}

// preamble is the length on air: 0 asks for the default, and there is a
// minimum.
func preamble(r txRequest) uint16 {
	standard, least := uint16(6), uint16(4)
	if r.modulation == modulationFSK {
		standard, least = 5, 3
	}
	if r.preamble == 0 {
		return standard
	}
	return max(r.preamble, least)
}

// finish ends a transmission: the firmware resets the chip's digital core and
// starts it anew from its own settings. The answer is KO if that fails.
func (d *device) finish(t *transmission, now instant) []byte {
	d.sending = nil
	d.deaf = [2]instant{t.armed, now}
	if t.emission != nil {
		d.stats.Emissions++
	}
	if !d.chip.restart(&d.settings) {
		d.log.add("f: the chip did not restart: firmware images or settings are missing")
		return answer('f', statusKO, nil)
	}
	return answer('f', statusOK, nil)
}
