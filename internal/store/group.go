package store

import (
	"encoding/binary"
	"hash/crc32"
)

const (
	// sector is what a device writes whole or not at all. A group begins at
	// a multiple of it, so that no commit rewrites a sector in which an
	// earlier one lies, and so that groups can be found behind damage.
	sector = 512
	// groupHead is magic, body length, commit number (8), zeros and CRC-32C.
	groupHead  = 24
	groupMagic = 0x47574743 // "GWGC"
	// maxBody bounds what one commit may hold: it is in memory while written.
	maxBody = 32 << 20
)

// group is one commit as it lies in a segment.
type group struct {
	commit uint64
	body   []byte // records
	size   int    // with head and padding
}

// castagnoli is the table of CRC-32C.
func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) }

// seed starts the checksums of a segment's groups. What another segment has
// left in the same place, or what somebody put into a payload to look like a
// group, does not pass: the store's id is random and never leaves it.
func seed(id, number uint64) uint32 {
	b := binary.BigEndian.AppendUint64(nil, id)
	return crc32.Checksum(binary.BigEndian.AppendUint64(b, number), castagnoli())
}

// groupSum is the checksum of a group whose head is head.
func groupSum(seed uint32, head, body []byte) uint32 {
	sum := crc32.Update(seed, castagnoli(), head[:groupHead-4])
	return crc32.Update(sum, castagnoli(), body)
}

// seal completes buf, groupHead free bytes followed by the body, to a group.
func seal(buf []byte, seed uint32, commit uint64) []byte {
	body := buf[groupHead:]
	binary.BigEndian.PutUint32(buf, groupMagic)
	binary.BigEndian.PutUint32(buf[4:], uint32(len(body)))
	binary.BigEndian.PutUint64(buf[8:], commit)
	binary.BigEndian.PutUint32(buf[16:], 0)
	binary.BigEndian.PutUint32(buf[groupHead-4:], groupSum(seed, buf, body))
	return append(buf, make([]byte, padded(len(buf))-len(buf))...)
}

// padded rounds n up to whole sectors.
func padded(n int) int { return (n + sector - 1) / sector * sector }

// parseGroup reads the group at the beginning of b; ok is false if there is
// none, or not all of it.
func parseGroup(b []byte, seed uint32) (g group, ok bool) {
	if !looksLikeGroup(b) {
		return group{}, false
	}
	length := binary.BigEndian.Uint32(b[4:])
	if length > maxBody || int(length) > len(b)-groupHead {
		return group{}, false
	}
	body := b[groupHead : groupHead+int(length)]
	if binary.BigEndian.Uint32(b[groupHead-4:]) != groupSum(seed, b[:groupHead], body) {
		return group{}, false
	}
	return group{commit: binary.BigEndian.Uint64(b[8:]), body: body, size: padded(groupHead + int(length))}, true
}

// looksLikeGroup reports whether b begins as a group does.
func looksLikeGroup(b []byte) bool {
	return len(b) >= groupHead && binary.BigEndian.Uint32(b) == groupMagic
}

// findGroup looks for a group with a number of at least commit, sector by
// sector from pos. It returns len(data) if there is none.
func findGroup(data []byte, pos int, seed uint32, commit uint64) int {
	for ; pos < len(data); pos += sector {
		if g, ok := parseGroup(data[pos:], seed); ok && g.commit >= commit {
			return pos
		}
	}
	return len(data)
}
