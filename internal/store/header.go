package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"strconv"
	"strings"
)

// Format is the version of the log's layout that this package writes. Format
// 1 was a bbolt file.
const Format = 2

const (
	headerSize  = 64
	headerMagic = "\x89GWLOG\r\n"
	// headerCopy is where the second copy of the header begins: on another
	// page, so that one bad page does not cost the segment.
	headerCopy = 4096
	// dataStart is where a segment's first group begins.
	dataStart = 2 * headerCopy
)

// header is the beginning of a segment. Later formats keep its 64 bytes.
type header struct {
	id     uint64 // of the store, random
	number uint64 // of the segment
	first  uint64 // the commit number its groups begin with
	oldest uint64 // segments before this one no longer count
	seq    uint64 // the outbox sequence number to go on with
	size   uint64 // bytes of the file
}

// errHeader is returned for bytes that are not a header.
var errHeader = errors.New("no segment header")

// marshal encodes h: magic, format, reserved, fields, CRC-32C.
func (h header) marshal() []byte {
	b := append(make([]byte, 0, headerSize), headerMagic...)
	b = binary.BigEndian.AppendUint32(b, Format)
	for _, v := range []uint64{h.id, h.number, h.first, h.oldest, h.seq, h.size} {
		b = binary.BigEndian.AppendUint64(b, v)
	}
	return binary.BigEndian.AppendUint32(b, crc32.Checksum(b, castagnoli()))
}

// parseHeader decodes what marshal has made. ErrFormat stands for an intact
// header of a later format.
func parseHeader(b []byte) (header, error) {
	if len(b) < headerSize || string(b[:8]) != headerMagic {
		return header{}, errHeader
	}
	b = b[:headerSize]
	if binary.BigEndian.Uint32(b[headerSize-4:]) != crc32.Checksum(b[:headerSize-4], castagnoli()) {
		return header{}, errHeader
	}
	if format := binary.BigEndian.Uint32(b[8:]); format != Format {
		return header{}, fmt.Errorf("%w: format %d, this one knows %d", ErrFormat, format, Format)
	}
	field := func(i int) uint64 { return binary.BigEndian.Uint64(b[12+8*i:]) }
	return header{id: field(0), number: field(1), first: field(2), oldest: field(3), seq: field(4), size: field(5)}, nil
}

// readHeader returns the first intact header of a segment's data, which must
// belong to the segment of that number.
func readHeader(data []byte, number uint64) (header, error) {
	for _, at := range []int{0, headerCopy} {
		if len(data) < at+headerSize {
			break
		}
		h, err := parseHeader(data[at:])
		if errors.Is(err, ErrFormat) || err == nil && h.number == number {
			return h, err
		}
	}
	return header{}, errHeader
}

// headerBlock is what a segment begins with: both copies.
func headerBlock(h header) []byte {
	b := make([]byte, headerCopy+headerSize)
	copy(b, h.marshal())
	copy(b[headerCopy:], h.marshal())
	return b
}

// segmentName is the name of segment number's file.
func segmentName(number uint64) string { return fmt.Sprintf("log-%08d.seg", number) }

// segmentNumber undoes segmentName.
func segmentNumber(name string) (number uint64, ok bool) {
	digits := strings.TrimSuffix(strings.TrimPrefix(name, "log-"), ".seg")
	number, err := strconv.ParseUint(digits, 10, 64)
	return number, err == nil && number > 0 && segmentName(number) == name
}
