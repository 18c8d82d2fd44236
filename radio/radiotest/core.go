package radiotest

// The SX1308's two small microcontrollers.
const (
	coreARB = 0
	coreAGC = 1
)

// core is one of them: program memory, data memory, and what runs.
type core struct {
	prom    [imageSize]byte
	ram     [256]byte
	running image // imageUnknown while in reset, or when the memory holds none
}

const ramVersion = 0x20

// release lets the core run what it finds in its program memory.
func (c *core) release(ownsMemory bool) {
	c.ram = [256]byte{}
	c.running = imageUnknown
	if ownsMemory {
		c.running = recognise(c.prom[:])
	}
	c.ram[ramVersion] = c.running.version()
}

// promPort is the host's window to the program memories.
type promPort struct {
	next    int
	written bool // the next read returns the pipeline's stale byte
}

func (c *chip) promAddress(v byte) { c.port = promPort{next: int(v)} }

// promWrite stores a byte into every core whose memory the host owns.
func (c *chip) promWrite(v byte) {
	for n := range c.cores {
		if c.regs.get(fieldMCUMux(n)) != 0 {
			continue
		}
		c.cores[n].prom[c.port.next] = v
		if c.regs.get(fieldMCUReset(n)) == 0 {
			c.log.add("program memory of core %d written while the core runs (MCU_RST_%d is 0)", n, n)
		}
	}
	c.port.next = (c.port.next + 1) % imageSize
	c.port.written = true
}

// promRead reads back from the first core whose memory the host owns.
func (c *chip) promRead() byte {
	if c.port.written {
		c.port.written = false
		return 0
	}
	at := c.port.next
	c.port.next = (at + 1) % imageSize
	for n := range c.cores {
		if c.regs.get(fieldMCUMux(n)) == 0 {
			v := c.cores[n].prom[at]
			if at == imageSize/2 && c.faults.strike(PROMMismatch) {
				v ^= 0xFF
			}
			return v
		}
	}
	return 0
}

// mcuControl acts on the edges of register 106.
func (c *chip) mcuControl(old, v byte) {
	for n := range c.cores {
		bit := byte(1) << n
		switch {
		case v&bit != 0:
			c.cores[n].running = imageUnknown
		case old&bit != 0:
			c.cores[n].release(v&(4<<n) != 0)
			if n == coreAGC {
				c.agc.release(c.cores[n].running)
			}
		}
	}
}
