package concentratord

import (
	"errors"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// errMessage is a protocol buffer that ends too early or has broken fields.
var errMessage = errors.New("broken protocol buffer")

// field is one field of a message.
type field struct {
	number protowire.Number
	kind   protowire.Type
	value  uint64 // of a varint, a fixed32 or a fixed64
	bytes  []byte // of what has a length; shares the message's memory
}

// isMessage reports whether the field is number n and has a length: a string,
// bytes, or a message.
func (f field) isMessage(n protowire.Number) bool {
	return f.number == n && f.kind == protowire.BytesType
}

// isInt reports whether the field is the integer number n.
func (f field) isInt(n protowire.Number) bool { return f.number == n && f.kind == protowire.VarintType }

// float is the value as a float32, if that is what it is.
func (f field) float() (float32, bool) {
	v := math.Float32frombits(uint32(f.value))
	return v, f.kind == protowire.Fixed32Type && v == v && !math.IsInf(float64(v), 0)
}

// fields hands each field of message b to take, in order. Unknown fields are
// take's to ignore.
func fields(b []byte, take func(field) error) error {
	for len(b) > 0 {
		number, kind, n := protowire.ConsumeTag(b)
		if n < 0 {
			return errMessage
		}
		b = b[n:]
		f := field{number: number, kind: kind}
		switch kind {
		case protowire.VarintType:
			f.value, n = protowire.ConsumeVarint(b)
		case protowire.Fixed32Type:
			var v uint32
			v, n = protowire.ConsumeFixed32(b)
			f.value = uint64(v)
		case protowire.Fixed64Type:
			f.value, n = protowire.ConsumeFixed64(b)
		case protowire.BytesType:
			f.bytes, n = protowire.ConsumeBytes(b)
		default: // groups are not of proto3
			n = -1
		}
		if n < 0 {
			return errMessage
		}
		b = b[n:]
		if err := take(f); err != nil {
			return err
		}
	}
	return nil
}

// builder writes a message.
type builder []byte

// integer adds a number, unless it is the default, 0.
func (b *builder) integer(n protowire.Number, v uint64) {
	if v != 0 {
		*b = protowire.AppendVarint(protowire.AppendTag(*b, n, protowire.VarintType), v)
	}
}

// flag adds a true.
func (b *builder) flag(n protowire.Number) { b.integer(n, 1) }

// message adds a message, a string or bytes, empty or not.
func (b *builder) message(n protowire.Number, m []byte) {
	*b = protowire.AppendBytes(protowire.AppendTag(*b, n, protowire.BytesType), m)
}
