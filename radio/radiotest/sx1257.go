package radiotest

// Radio types of loragw_hal.h.
const (
	typeSX1255 byte = 1
	typeSX1257 byte = 2
)

// sx1257 is one radio behind the SX1308's SPI bridge.
type sx1257 struct {
	regs [128]byte
}

const (
	sx1257Mode    = 0x00
	sx1257PLL     = 0x01 // 0x01..0x03
	sx1257Version = 0x07
	sx1257Status  = 0x11

	sx1257Receiving = 3 // mode: standby and RX on
)

// reset returns the radio to standby.
func (s *sx1257) reset() { s.regs = [128]byte{sx1257Mode: 1} }

// receiving reports whether the RX PLL is on, and hence locked.
func (s *sx1257) receiving() bool { return s.regs[sx1257Mode]&sx1257Receiving == sx1257Receiving }

func (s *sx1257) write(addr, v byte) { s.regs[addr&0x7F] = v }

func (s *sx1257) read(addr byte) byte {
	switch addr &= 0x7F; addr {
	case sx1257Version:
		return 0x21
	case sx1257Status:
		if s.receiving() {
			return 0x03
		}
		return 0
	default:
		return s.regs[addr]
	}
}

// frequency is the RX PLL's, in Hz, for a radio of the given type.
func (s *sx1257) frequency(radioType byte) uint32 {
	pll := uint64(s.regs[sx1257PLL])<<16 | uint64(s.regs[sx1257PLL+1])<<8 | uint64(s.regs[sx1257PLL+2])
	if radioType == typeSX1255 {
		return uint32(pll * 15625 / 512)
	}
	return uint32(pll * 15625 / 256)
}

// bridge is the SX1308's SPI master for one radio: page 2, four registers.
type bridge struct{ data, readback, addr, cs uint8 }

// bridges of radio A and B.
var bridges = [2]bridge{{33, 34, 35, 37}, {38, 39, 40, 42}}

// selectRadio runs one SPI exchange, on the rising edge of chip select.
func (c *chip) selectRadio(n int) {
	b, r := bridges[n], &c.radios[n]
	if c.regs.get(fieldRadioReset) == 1 {
		c.log.add("radio %d addressed while its reset is held (RADIO_RST is 1)", n)
		return
	}
	addr := *c.regs.at(2, b.addr)
	if addr&0x80 != 0 {
		r.write(addr, *c.regs.at(2, b.data))
		return
	}
	*c.regs.at(2, b.readback) = r.read(addr)
}
