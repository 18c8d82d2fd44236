package radiotest

import "encoding/binary"

// burst is an SPI transfer that spans several commands: chip select stays low
// from x to z, and from s to u.
type burst struct {
	open  bool
	write bool
	addr  uint8
}

// access runs the register commands.
func (d *device) access(c command, now instant) []byte {
	switch c.id {
	case 'x', 'y', 'z', 's', 't', 'u':
	default:
		if d.burst.open {
			d.log.add("%c: inside an unfinished burst", c.id)
			d.burst = burst{}
		}
	}
	switch c.id {
	case 'w':
		d.write(c.address, padded(c.data, 1)[0], now)
		return answer('w', statusOK, nil)
	case 'r':
		return answer('r', statusOK, d.readBytes(c.address, 1, now))
	case 'a', 'x', 'y', 'z':
		return d.writeBurst(c, now)
	default:
		return d.readBurst(c, now)
	}
}

// write passes one byte to the chip. A soft reset begins a new bring-up.
func (d *device) write(addr, v byte, now instant) {
	if addr&0x7F == regPage && v&0x80 != 0 {
		d.newEpoch()
	}
	d.chip.write(addr, v, now)
}

func (d *device) writeBurst(c command, now instant) []byte {
	if len(c.data) > maxWriteBurst {
		d.log.add("%c: burst of %d bytes, at most %d", c.id, len(c.data), maxWriteBurst)
	}
	addr := d.transfer(c, 'a', 'x', 'z')
	for _, v := range c.data {
		d.write(addr, v, now)
		if autoIncrement(addr) {
			addr++
		}
	}
	d.burst.addr = addr
	return answer(c.id, statusOK, nil)
}

func (d *device) readBurst(c command, now instant) []byte {
	size := int(binary.BigEndian.Uint16(padded(c.data, 2)))
	if size > maxReadBurst {
		d.log.add("%c: burst of %d bytes, at most %d", c.id, size, maxReadBurst)
		size = min(size, maxAnswer)
	}
	addr := d.transfer(c, 'p', 's', 'u')
	data := d.readBytes(addr, size, now)
	if autoIncrement(addr) {
		addr += uint8(size)
	}
	d.burst.addr = addr
	return answer(c.id, statusOK, data)
}

func (d *device) readBytes(addr uint8, size int, now instant) []byte {
	data := make([]byte, size)
	for i := range data {
		data[i] = d.chip.read(addr, now, d.count(now))
		if autoIncrement(addr) {
			addr++
		}
	}
	return data
}

// transfer returns the address that a burst command works on, and follows chip
// select: atomic and first commands name it, the others continue.
func (d *device) transfer(c command, atomic, first, last byte) uint8 {
	write := atomic == 'a'
	starts := c.id == atomic || c.id == first
	if starts == d.burst.open || d.burst.open && d.burst.write != write {
		d.log.add("%c: out of sequence in a burst", c.id)
	}
	addr := c.address
	if !starts {
		addr = d.burst.addr
	}
	d.burst = burst{open: c.id != atomic && c.id != last, write: write}
	return addr
}
