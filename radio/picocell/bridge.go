package picocell

import (
	"encoding/binary"
	"fmt"
	"time"
)

// bridge reaches the SX1308's registers through the device's bridge commands.
// Its first error sticks and turns everything after it into nothing, so that
// a sequence of steps is checked once, at its end.
type bridge struct {
	do   func(command) (response, error)
	wait func(time.Duration) error
	step string // what bring-up is at, for errors
	err  error
}

// fail keeps the first error, as a *BringUpError.
func (b *bridge) fail(e *BringUpError) {
	if b.err == nil {
		e.Step = b.step
		b.err = e
	}
}

// run sends c and returns its answer's data, or nil once anything is wrong:
// n is how many bytes the answer must have.
func (b *bridge) run(c command, n int) []byte {
	if b.err != nil {
		return nil
	}
	r, err := b.do(c)
	if err == nil && !r.ok {
		err = &refusedError{c.id}
	}
	if err == nil && len(r.data) != n {
		err = &desyncError{fmt.Sprintf("answer to command %q has %d bytes, not %d", c.id, len(r.data), n)}
	}
	if err != nil {
		b.fail(&BringUpError{Err: err})
		return nil
	}
	return r.data
}

// pause waits for the hardware.
func (b *bridge) pause(d time.Duration) {
	if b.err == nil {
		b.err = b.wait(d)
	}
}

func (b *bridge) writeByte(addr, v uint8) {
	b.run(command{id: cmdWrite, addr: addr, data: []byte{v}}, 0)
}

func (b *bridge) readByte(addr uint8) uint8 {
	if d := b.run(command{id: cmdRead, addr: addr, data: []byte{0}}, 1); d != nil {
		return d[0]
	}
	return 0
}

// selectPage must precede every access to a paged register, even if the page
// was the same: the MCU changes it for its own purposes.
func (b *bridge) selectPage(page uint8) { b.writeByte(0, page) }

// softReset puts the SX1308's registers to their reset values.
func (b *bridge) softReset() { b.writeByte(0, 0x80) }

// locate selects the page of a register and returns its description.
func (b *bridge) locate(id registerID) register {
	r := registers[id]
	if r.page != anyPage {
		b.selectPage(uint8(r.page))
	}
	return r
}

// set writes a register: whole bytes as they are, several bytes as a burst,
// LSB first, and part of a byte by reading and merging. Negative values are
// two's complement.
func (b *bridge) set(id registerID, v int64) {
	r := b.locate(id)
	switch {
	case r.bits == 8 && r.shift == 0:
		b.writeByte(r.addr, byte(v))
	case r.shift+r.bits <= 8:
		mask := byte(1<<r.bits-1) << r.shift
		old := b.readByte(r.addr)
		b.writeByte(r.addr, old&^mask|byte(v)<<r.shift&mask)
	default:
		d := binary.LittleEndian.AppendUint64(nil, uint64(v)&(1<<r.bits-1))
		b.run(command{id: cmdWriteBurst, addr: r.addr, data: d[:(r.bits+7)/8]}, 0)
	}
}

// get reads a register of at most one byte.
func (b *bridge) get(id registerID) uint8 {
	r := b.locate(id)
	return b.readByte(r.addr) >> r.shift & byte(1<<r.bits-1)
}

// expect reads a register that must have value want.
func (b *bridge) expect(id registerID, want uint8, hint string) {
	if got := b.get(id); b.err == nil && got != want {
		b.fail(&BringUpError{
			Register: registers[id].name, Want: hexByte(want), Got: hexByte(got), Hint: hint,
		})
	}
}

func hexByte(v uint8) string { return fmt.Sprintf("0x%02X", v) }

// setting is one step of a programme: value into register.
type setting struct {
	id    registerID
	value int64
}

// program carries out settings in their order.
func (b *bridge) program(settings []setting) {
	for _, s := range settings {
		b.set(s.id, s.value)
	}
}
