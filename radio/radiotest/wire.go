package radiotest

// The wire format of picoGW_mcu: id, length (big-endian), address or status,
// data. Source: cmdUSB.h and cmdUSB.cpp of picoGW_mcu.
const (
	headerSize = 4
	usbPacket  = 64

	statusKO byte = 0
	statusOK byte = 1

	maxWriteBurst = 600  // ATOMICTX
	maxReadBurst  = 900  // ATOMICRX
	maxAnswer     = 1728 // 1024 + 16*44
)

// commandIDs are the commands the device answers; it is silent on all others.
const commandIDs = "rstupwxyzabcdfhqijlmn"

func knownCommand(id byte) bool {
	for i := range len(commandIDs) {
		if commandIDs[i] == id {
			return true
		}
	}
	return false
}

// command is one request of the host.
type command struct {
	id      byte
	address byte
	data    []byte
}

// parseCommand reads a command from its buffer. Missing data are zeros, as in
// the microcontroller's cleared buffer.
func parseCommand(b []byte) command {
	b = padded(b, headerSize)
	end := headerSize + dataLength(b)
	return command{id: b[0], address: b[3], data: padded(b, end)[headerSize:end]}
}

// dataLength is the length field of a header; b holds at least 3 bytes.
func dataLength(b []byte) int { return int(b[1])<<8 | int(b[2]) }

// padded returns b, with zeros appended up to size bytes.
func padded(b []byte, size int) []byte {
	if len(b) >= size {
		return b
	}
	return append(append(make([]byte, 0, size), b...), make([]byte, size-len(b))...)
}

// answer frames a response. One whose size is a multiple of the USB packet size
// gets an extra zero byte, the firmware's substitute for a zero-length packet.
func answer(id, status byte, data []byte) []byte {
	b := append([]byte{id, byte(len(data) >> 8), byte(len(data)), status}, data...)
	if len(b)%usbPacket == 0 {
		b = append(b, 0)
	}
	return b
}
