package radiotest

import "time"

// chip is the SX1308 and the two radios behind it, as the SPI bus sees them.
type chip struct {
	regs     registers
	radios   [2]sx1257
	cores    [2]core
	port     promPort
	agc      agc
	fifo     fifo
	latched  uint32 // the counter, held while its four bytes are read
	calDelay time.Duration
	faults   *defects
	log      *violations
}

func newChip(calDelay time.Duration, faults *defects, log *violations) *chip {
	c := &chip{calDelay: calDelay, faults: faults, log: log}
	for n := range c.radios {
		c.radios[n].reset()
	}
	c.softReset()
	return c
}

// softReset clears the digital core. Program memories and radios keep theirs.
func (c *chip) softReset() {
	c.regs = resetRegisters()
	c.agc = agc{}
	c.fifo = fifo{}
	c.port = promPort{}
	for n := range c.cores {
		c.cores[n].running = imageUnknown
	}
}

// autoIncrement reports whether a burst moves on from addr: the data ports do
// not.
func autoIncrement(addr uint8) bool {
	return addr != 4 && addr != 6 && addr != 8 && addr != regPROMData
}

// write is one byte over SPI.
func (c *chip) write(addr, v byte, now instant) {
	addr &= 0x7F
	page := c.regs.page()
	switch {
	case addr == regPage:
		if v&0x80 != 0 {
			c.softReset()
			return
		}
		c.regs[0][regPage] = v & 3
	case addr == regPROMAddr:
		c.promAddress(v)
	case addr == regPROMData:
		c.promWrite(v)
	case addr == regFIFOStored:
		c.fifo.pop()
	case !readOnly(page, addr):
		b := c.regs.at(page, addr)
		old := *b
		*b = v
		c.written(page, addr, old, now)
	}
}

// written runs the side effects of a register that was old before.
func (c *chip) written(page, addr, old uint8, now instant) {
	v := *c.regs.at(page, addr)
	rising := old&1 == 0 && v&1 == 1
	switch {
	case addr == regEmergency:
		if old&1 == 1 && v&1 == 0 {
			c.calibrate(now, c.calDelay)
		}
	case page == 0 && addr == regRadioSelect:
		c.agc.step(v)
	case page == 0 && addr == regMCUControl:
		c.mcuControl(old, v)
	case page == 2 && addr == regRadioReset:
		if c.regs.get(fieldRadioReset) == 1 {
			c.radios[0].reset()
			c.radios[1].reset()
		}
	case page == 2 && addr == bridges[0].cs && rising:
		c.selectRadio(0)
	case page == 2 && addr == bridges[1].cs && rising:
		c.selectRadio(1)
	}
}

// read is one byte over SPI; count is the counter now.
func (c *chip) read(addr byte, now instant, count uint32) byte {
	addr &= 0x7F
	page := c.regs.page()
	switch {
	case addr == regVersion && c.faults.strike(WrongChip):
		return 0
	case addr == regPROMData:
		return c.promRead()
	case addr == regFIFOStored:
		return byte(len(c.fifo.packets))
	case addr == regAGCStatus:
		return c.agcStatus(now)
	case page != 2 || global(addr):
		return *c.regs.at(page, addr)
	case addr == regARBData:
		return c.cores[coreARB].ram[*c.regs.at(2, regARBDataAddr)]
	case addr == regAGCData:
		return c.cores[coreAGC].ram[*c.regs.at(2, regAGCDataAddr)]
	case addr >= regTimestamp && addr < regTimestamp+4:
		if addr == regTimestamp {
			c.latched = count
		}
		return byte(c.latched >> (8 * (addr - regTimestamp)))
	}
	return *c.regs.at(page, addr)
}

// listening reports whether the receiver runs: clocks and modems on, the
// arbiter running, the AGC through its dialogue and in charge of the radios.
func (c *chip) listening() bool { return c.missing() == "" }

// missing says what the receiver still lacks.
func (c *chip) missing() string {
	switch {
	case c.regs.get(fieldGlobalEnable) == 0:
		return "GLOBAL_EN is 0"
	case c.regs.get(fieldClock32Enable) == 0:
		return "CLK32M_EN is 0"
	case *c.regs.at(0, 16)&0x07 == 0:
		return "no modem is enabled"
	case c.cores[coreARB].running != imageARB:
		return "the arbiter firmware does not run"
	case c.agc.phase != agcRunning:
		return "the AGC dialogue is not finished"
	case c.regs.get(fieldForceRadioCtrl)|c.regs.get(fieldForceFECtrl)|c.regs.get(fieldForceFilterGain) != 0:
		return "the host still forces the radio, front-end or filter controls"
	}
	return ""
}
