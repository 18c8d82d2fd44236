package concentratord

import (
	"encoding/binary"
	"errors"
	"math"
)

var errProto = errors.New("broken protocol buffer")

// proto is a protocol buffer being written.
type proto []byte

// num adds an integer.
func (p proto) num(field int, v uint64) proto {
	p = binary.AppendUvarint(p, uint64(field)<<3)
	return binary.AppendUvarint(p, v)
}

// float adds a float.
func (p proto) float(field int, v float32) proto {
	p = binary.AppendUvarint(p, uint64(field)<<3|5)
	return binary.LittleEndian.AppendUint32(p, math.Float32bits(v))
}

// sub adds a message, bytes or a string.
func (p proto) sub(field int, v []byte) proto {
	p = binary.AppendUvarint(p, uint64(field)<<3|2)
	p = binary.AppendUvarint(p, uint64(len(v)))
	return append(p, v...)
}

// tree is a message read: for each field the latest integer, and all messages.
type tree struct {
	nums map[int]uint64
	subs map[int][][]byte
}

// read takes a message apart.
func read(b []byte) (tree, error) {
	t := tree{nums: map[int]uint64{}, subs: map[int][][]byte{}}
	for len(b) > 0 {
		tag, n := binary.Uvarint(b)
		if n <= 0 {
			return t, errProto
		}
		b = b[n:]
		v, n := binary.Uvarint(b)
		if n <= 0 {
			return t, errProto
		}
		b = b[n:]
		field := int(tag >> 3)
		switch tag & 7 {
		case 0:
			t.nums[field] = v
		case 2:
			if v > uint64(len(b)) {
				return t, errProto
			}
			t.subs[field] = append(t.subs[field], b[:v])
			b = b[v:]
		default:
			return t, errProto
		}
	}
	return t, nil
}

// at is the message at the end of a path of fields; false if there is none.
func (t tree) at(path ...int) (tree, bool) {
	for _, field := range path {
		if len(t.subs[field]) == 0 {
			return tree{}, false
		}
		next, err := read(t.subs[field][0])
		if err != nil {
			return tree{}, false
		}
		t = next
	}
	return t, true
}

// bytes is the first value of a field that has a length.
func (t tree) bytes(field int) []byte {
	if len(t.subs[field]) == 0 {
		return nil
	}
	return t.subs[field][0]
}
