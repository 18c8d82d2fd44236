package store

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"math"
	"slices"
)

// kind says what a record of a group does.
type kind byte

const (
	kindPut      kind = 1 + iota // bucket, key, value
	kindDelete                   // bucket, key
	kindEntry                    // an outbox entry, new or moved
	kindDone                     // outbox entries that leave
	kindNonces                   // DevNonces of a node, to add
	kindNonceSet                 // all DevNonces of a node
	kindTrim                     // segments before this number no longer count
)

// record is one decoded record: kind, length and content. Which fields count
// depends on the kind. Byte slices point into the group's body.
type record struct {
	kind        kind
	bucket, key string
	node        string
	value       []byte // of a put; the payload of an entry
	off         int    // of value in the body
	sum         uint32 // CRC-32C of an entry's sequence number and payload
	seq         uint64
	at          int64 // Unix seconds, or undated
	priority    uint8
	seqs        []uint64 // done, ascending
	nonces      []uint16 // ascending
	number      uint64   // of a segment
}

// errRecord is returned for bytes that are not a record.
var errRecord = errors.New("unreadable record")

// payloadSum is the checksum of an outbox entry, checked again whenever its
// payload is read from disk.
func payloadSum(seq uint64, payload []byte) uint32 {
	sum := crc32.Checksum(binary.BigEndian.AppendUint64(nil, seq), castagnoli())
	return crc32.Update(sum, castagnoli(), payload)
}

func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// appendRecord encodes r behind b.
func appendRecord(b []byte, r *record) []byte {
	content := r.content()
	b = append(b, byte(r.kind))
	b = binary.AppendUvarint(b, uint64(len(content)+len(r.value)))
	b = append(b, content...)
	return append(b, r.value...)
}

// content encodes what comes before the value.
func (r *record) content() []byte {
	switch r.kind {
	case kindPut, kindDelete:
		return appendString(appendString(nil, r.bucket), r.key)
	case kindEntry:
		b := binary.AppendVarint(binary.AppendUvarint(nil, r.seq), r.at)
		b = appendString(append(b, r.priority), r.node)
		return binary.BigEndian.AppendUint32(b, r.sum)
	case kindDone:
		return appendAscending(nil, r.seqs)
	case kindNonces, kindNonceSet:
		return appendAscending(appendString(nil, r.node), r.nonces)
	case kindTrim:
		return binary.AppendUvarint(nil, r.number)
	}
	return nil
}

// appendAscending encodes numbers by their differences.
func appendAscending[T uint16 | uint64](b []byte, numbers []T) []byte {
	var last T
	for _, n := range numbers {
		b = binary.AppendUvarint(b, uint64(n-last))
		last = n
	}
	return b
}

// parseRecord decodes the record at body[pos:] and says where the next begins.
func parseRecord(body []byte, pos int) (r record, next int, err error) {
	s := scanner{b: body, pos: pos}
	r.kind = kind(s.byte())
	length := s.uvarint()
	if s.bad || length > uint64(len(body)-s.pos) {
		return record{}, 0, errRecord
	}
	next = s.pos + int(length)
	s.b = body[:next]
	s.record(&r)
	if s.bad || s.pos != next {
		return record{}, 0, errRecord
	}
	return r, next, nil
}

// parseRecords decodes a whole body, all of it or nothing.
func parseRecords(body []byte) ([]record, error) {
	var all []record
	for pos := 0; pos < len(body); {
		r, next, err := parseRecord(body, pos)
		if err != nil {
			return nil, err
		}
		all = append(all, r)
		pos = next
	}
	return all, nil
}

// scanner reads fields off b; bad is set when one is not there.
type scanner struct {
	b   []byte
	pos int
	bad bool
}

func (s *scanner) record(r *record) {
	switch r.kind {
	case kindPut:
		r.bucket = s.string()
		r.key = s.string()
		r.off = s.pos
		r.value = s.rest()
	case kindDelete:
		r.bucket = s.string()
		r.key = s.string()
	case kindEntry:
		r.seq = s.uvarint()
		r.at = s.varint()
		r.priority = s.byte()
		r.node = s.string()
		r.sum = s.uint32()
		r.off = s.pos
		r.value = s.rest()
	case kindDone:
		r.seqs = scanAscending[uint64](s, math.MaxUint64)
	case kindNonces, kindNonceSet:
		r.node = s.string()
		r.nonces = scanAscending[uint16](s, math.MaxUint16)
	case kindTrim:
		r.number = s.uvarint()
	default:
		s.bad = true
	}
}

func (s *scanner) byte() byte {
	if s.pos >= len(s.b) {
		s.bad = true
		return 0
	}
	s.pos++
	return s.b[s.pos-1]
}

func (s *scanner) uvarint() uint64 {
	v, n := binary.Uvarint(s.b[min(s.pos, len(s.b)):])
	if n <= 0 {
		s.bad = true
		return 0
	}
	s.pos += n
	return v
}

func (s *scanner) varint() int64 {
	v, n := binary.Varint(s.b[min(s.pos, len(s.b)):])
	if n <= 0 {
		s.bad = true
		return 0
	}
	s.pos += n
	return v
}

func (s *scanner) take(n uint64) []byte {
	if s.bad || n > uint64(len(s.b)-s.pos) {
		s.bad = true
		return nil
	}
	s.pos += int(n)
	return s.b[s.pos-int(n) : s.pos]
}

func (s *scanner) string() string { return string(s.take(s.uvarint())) }

func (s *scanner) uint32() uint32 {
	b := s.take(4)
	if s.bad {
		return 0
	}
	return binary.BigEndian.Uint32(b)
}

func (s *scanner) rest() []byte { return s.take(uint64(len(s.b) - min(s.pos, len(s.b)))) }

// scanAscending undoes appendAscending up to the end. Numbers grow, none
// exceeds limit.
func scanAscending[T uint16 | uint64](s *scanner, limit uint64) []T {
	var numbers []T
	var last uint64
	for !s.bad && s.pos < len(s.b) {
		d := s.uvarint()
		if d > limit-last || d == 0 && len(numbers) > 0 {
			s.bad = true
			return nil
		}
		last += d
		numbers = append(numbers, T(last))
	}
	return slices.Clip(numbers)
}
