package radiotest

import (
	"encoding/binary"
	"fmt"
	"time"

	"gatewayd/radio"
)

// firmwareVersion is the host version that the firmware accepts in l.
const firmwareVersion = 0x010A0006

// device is the microcontroller with the chip behind it: commands in, answers
// out, no I/O, no clock. Not safe for concurrent use.
type device struct {
	uid        radio.EUI64
	startCount uint32
	txError    time.Duration // deafness after a send that cannot work
	calDelay   time.Duration

	booted   instant
	chip     *chip
	settings settings
	burst    burst
	sending  *transmission
	deaf     [2]instant // the latest finished deafness
	epoch    int        // bring-ups begun; a reset of the chip begins one
	polled   bool       // b has been seen in this bring-up
	faults   defects
	log      violations
	stats    Stats
}

// reply is what a command leads to. An answer to f is due only when tx is over.
type reply struct {
	answer []byte // nil: silence
	tx     *transmission
	reset  bool // the microcontroller restarts after the answer
	dfu    bool // it comes back as a boot loader, which is to say not at all
}

// powerUp forgets everything but the faults, the record and the counters.
func (d *device) powerUp(now instant) {
	d.booted = now
	d.chip = newChip(d.calDelay, &d.faults, &d.log)
	d.settings = powerOnSettings()
	d.burst = burst{}
	d.sending = nil
	d.deaf = [2]instant{}
	d.newEpoch()
}

func (d *device) newEpoch() {
	d.epoch++
	d.polled = false
}

// count is the microsecond counter. It starts at startCount with each power-up
// and runs on across emissions and soft resets.
func (d *device) count(now instant) uint32 { return d.startCount + uint32(now-d.booted) }

// listening reports whether the receiver runs, even if it is deaf just now.
func (d *device) listening() bool { return d.chip.listening() }

// handle runs one command.
func (d *device) handle(c command, now instant) reply {
	d.stats.command(c)
	d.checkSize(c)
	if status, ok := d.configure(c); ok {
		return reply{answer: answer(c.id, status, nil)}
	}
	switch c.id {
	case 'r', 'w', 'p', 's', 't', 'u', 'a', 'x', 'y', 'z':
		return reply{answer: d.access(c, now)}
	case 'l':
		return reply{answer: d.identify(c)}
	case 'b':
		return reply{answer: d.receive(c)}
	case 'q':
		d.chip.regs[0][regPage] = 2 // where the firmware read TIMESTAMP
		return reply{answer: answer('q', statusOK, binary.BigEndian.AppendUint32(nil, d.count(now)))}
	case 'j':
		return reply{answer: d.commitCalibration(c)}
	case 'f':
		return reply{tx: d.send(c, now)}
	case 'm':
		d.chip.softReset()
		return reply{answer: answer('m', statusOK, nil), reset: true}
	case 'n':
		d.log.add("n: the host sent the device to its boot loader")
		return reply{answer: answer('n', statusOK, nil), reset: true, dfu: true}
	}
	return reply{}
}

// configure runs the commands that fill the settings.
func (d *device) configure(c command) (status byte, ok bool) {
	s := &d.settings
	var done bool
	switch c.id {
	case 'i':
		done = s.setBoard(c.data)
	case 'c':
		done = s.setRF(c.address, c.data)
	case 'd':
		done = s.setIF(c.address, c.data)
	case 'h':
		done = s.setGains(c.data)
		d.checkGains()
	default:
		return 0, false
	}
	if !done {
		d.log.add("%c: settings refused (address %d): % x", c.id, c.address, c.data)
		return statusKO, true
	}
	return statusOK, true
}

// identify answers l: the unique id comes with a KO too.
func (d *device) identify(c command) []byte {
	status := statusOK
	if v := binary.BigEndian.Uint32(padded(c.data, 4)); v != firmwareVersion || d.faults.strike(WrongFirmware) {
		status = statusKO
	}
	return answer('l', status, d.uid[:])
}

// receive answers b.
func (d *device) receive(c command) []byte {
	limit := padded(c.data, 1)[0]
	if limit == 0 || limit > fifoPackets {
		d.log.add("b: %d is not a number of packets, 1..16", limit)
		return answer('b', statusKO, []byte{0xFF})
	}
	if !d.polled {
		d.polled = true
		d.audit()
	}
	if !d.listening() {
		return answer('b', statusOK, []byte{0})
	}
	data := []byte{0}
	for data[0] < limit {
		p, ok := d.chip.fifo.pop()
		if !ok {
			break
		}
		data[0]++
		data = p.appendTo(data)
	}
	d.stats.Fetched += uint64(data[0])
	return answer('b', statusOK, data)
}

// commitCalibration answers j: the firmware takes the TX offsets for itself.
func (d *device) commitCalibration(c command) []byte {
	data := padded(c.data, 2)
	start, n := int(data[0]), int(data[1])
	if start+n > gainsMax {
		d.log.add("j: offsets %d..%d do not exist", start, start+n-1)
		n = 0
	}
	if d.chip.agc.calStatus == 0 {
		d.log.add("j: no calibration has run")
		n = 0
	}
	for i := range n {
		d.settings.calibrated[start+i] = true
	}
	d.chip.regs[0][regPage] = 2 // where the firmware read the offsets
	return answer('j', statusOK, nil)
}

// hear puts a packet into the FIFO, or says why not.
func (d *device) hear(p Packet, now instant) error {
	if len(p.Payload) == 0 || len(p.Payload) > maxPayload {
		return fmt.Errorf("a packet has 1..255 bytes of payload, not %d", len(p.Payload))
	}
	end := now
	if p.Count != 0 {
		end = now + instant(int32(p.Count-d.count(now)))
	}
	start := end.add(-p.airtime())
	switch {
	case d.sending != nil, d.deaf[0] < d.deaf[1] && start < d.deaf[1] && end > d.deaf[0]:
		return ErrDeaf
	case !d.listening():
		return fmt.Errorf("%w: %s", ErrNotReceiving, d.chip.missing())
	}
	n, err := d.match(p)
	if err != nil {
		return err
	}
	if d.faults.strike(FIFOFull) || !d.chip.fifo.push(d.settings.received(n, p, d.count(end))) {
		d.stats.Overflows++
		return ErrFIFOFull
	}
	d.stats.Heard++
	return nil
}

// match finds the chain that hears p in registers and settings alike.
func (d *device) match(p Packet) (int, error) {
	for n := range chains {
		inChip, inSettings := d.chip.channel(n, &d.settings), d.settings.channel(n)
		hears := inChip.hears(p)
		if hears && inChip.agrees(inSettings) {
			return n, nil
		}
		if hears || inSettings.hears(p) {
			d.log.add("chain %d: registers and d settings disagree, so %d Hz %s is not heard", n, p.Frequency, p.DataRate)
		}
	}
	return 0, fmt.Errorf("%w: %d Hz %s", ErrNoChannel, p.Frequency, p.DataRate)
}
