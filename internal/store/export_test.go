package store

import (
	"encoding/binary"
	"hash/crc32"
)

// NewerHeader is a segment as a later format may write it.
func NewerHeader() []byte {
	b := header{id: 1, number: 1, first: 1, oldest: 1, seq: 1, size: dataStart}.marshal()
	binary.BigEndian.PutUint32(b[8:], Format+1)
	binary.BigEndian.PutUint32(b[headerSize-4:], crc32.Checksum(b[:headerSize-4], castagnoli()))
	return append(b, make([]byte, dataStart-headerSize)...)
}
