package picocell

import "encoding/binary"

// readChunk is the largest read that the device answers at once; writes are
// limited by maxCommandData.
const readChunk = 900

// writeBurst writes data to a register that does not count up, in one SPI
// transaction whatever its length.
func (b *bridge) writeBurst(addr uint8, data []byte) {
	if len(data) <= maxCommandData {
		b.run(command{id: cmdWriteBurst, addr: addr, data: data}, 0)
		return
	}
	id := byte(cmdWriteFirst)
	for len(data) > maxCommandData {
		b.run(command{id: id, addr: addr, data: data[:maxCommandData]}, 0)
		data = data[maxCommandData:]
		id = cmdWriteMiddle
	}
	b.run(command{id: cmdWriteLast, addr: addr, data: data}, 0)
}

// readBurst is the reverse of writeBurst: n bytes, or fewer after an error.
func (b *bridge) readBurst(addr uint8, n int) []byte {
	read := func(id byte, size int) []byte {
		return b.run(command{id: id, addr: addr, data: binary.BigEndian.AppendUint16(nil, uint16(size))}, size)
	}
	if n <= readChunk {
		return read(cmdReadBurst, n)
	}
	data := make([]byte, 0, n)
	id := byte(cmdReadFirst)
	for n-len(data) > readChunk && b.err == nil {
		data = append(data, read(id, readChunk)...)
		id = cmdReadMiddle
	}
	return append(data, read(cmdReadLast, n-len(data))...)
}
