package radiotest

// assembler collects commands from USB packets as the microcontroller does: a
// command of up to 64 bytes is exactly one packet, a longer one exactly
// ceil(size/64), each packet landing at the next multiple of 64. A command
// split over several writes therefore arrives torn.
// Source: HAL_PCD_DataOutStageCallback in usbd_conf.cpp of picoGW_mcu.
type assembler struct {
	buf     []byte
	packets int // still to come for the command in buf; 0 between commands
}

// busy reports whether a command has begun and waits for more packets.
func (a *assembler) busy() bool { return a.packets > 0 }

// complete returns the size of the command at the start of b, and whether all
// of it is there. An unknown id has no size: the device takes one packet.
func complete(b []byte) (size int, ok bool) {
	if len(b) > 0 && !knownCommand(b[0]) {
		return min(len(b), usbPacket), true
	}
	if len(b) < headerSize {
		return 0, false
	}
	size = headerSize + dataLength(b)
	return size, len(b) >= size
}

// write takes the bytes of one write of the host and returns the commands that
// the device sees.
func (a *assembler) write(b []byte) [][]byte {
	var out [][]byte
	for len(b) > 0 {
		n := min(len(b), usbPacket)
		if c := a.packet(b[:n]); c != nil {
			out = append(out, c)
		}
		b = b[n:]
	}
	return out
}

// packet takes one USB packet and returns the command it completes, if any.
func (a *assembler) packet(p []byte) []byte {
	if a.packets == 0 {
		a.buf, a.packets = nil, 1
		if h := padded(p, headerSize); knownCommand(h[0]) {
			a.packets = max(1, (headerSize+dataLength(h)+usbPacket-1)/usbPacket)
		}
	}
	a.packets--
	if a.packets > 0 {
		p = padded(p, usbPacket)
	}
	a.buf = append(a.buf, p...)
	if a.packets > 0 {
		return nil
	}
	return a.buf
}
