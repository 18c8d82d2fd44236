package vectors

import (
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
)

//go:embed lorawan.json
var lorawan string

// Vector is one published input and what must come out of it.
type Vector struct {
	ID     string // unique, e.g. "data11-0032"
	Kind   string // "data10", "mic11up", "joinAccept", ...
	Source string // where it was published
	Note   string // may be empty
	In     Fields
	Out    Fields
}

// Fields are the named values of one side of a vector. A value that a vector
// does not give is absent, or null, which is the same.
type Fields map[string]json.RawMessage

// Load reads every vector.
func Load() ([]Vector, error) {
	var all []Vector
	if err := json.Unmarshal([]byte(lorawan), &all); err != nil {
		return nil, fmt.Errorf("lorawan.json: %w", err)
	}
	return all, nil
}

// OfKind reads the vectors of one kind. None is an error, so that a
// misspelled kind does not pass for a test without cases.
func OfKind(kind string) ([]Vector, error) {
	all, err := Load()
	if err != nil {
		return nil, err
	}
	var some []Vector
	for _, v := range all {
		if v.Kind == kind {
			some = append(some, v)
		}
	}
	if len(some) == 0 {
		return nil, fmt.Errorf("lorawan.json: no vector of kind %q", kind)
	}
	return some, nil
}

// Has reports whether the value is given.
func (f Fields) Has(name string) bool {
	raw, ok := f[name]
	return ok && string(raw) != "null"
}

// Text is a string, "" if absent.
func (f Fields) Text(name string) string {
	s, _ := value[string](f, name)
	return s
}

// Bytes are the bytes of a hexadecimal string, nil if absent or not
// hexadecimal.
func (f Fields) Bytes(name string) []byte {
	b, err := hex.DecodeString(f.Text(name))
	if err != nil {
		return nil
	}
	return b
}

// Number is a JSON number, or a hexadecimal string read with the most
// significant byte first; 0 if absent or neither.
func (f Fields) Number(name string) uint32 {
	if n, ok := value[uint32](f, name); ok {
		return n
	}
	n, err := strconv.ParseUint(f.Text(name), 16, 32)
	if err != nil {
		return 0
	}
	return uint32(n)
}

// Numbers is a list of JSON numbers, nil if absent.
func (f Fields) Numbers(name string) []uint32 {
	n, _ := value[[]uint32](f, name)
	return n
}

// Flag is a JSON boolean, or a number that is not 0; false if absent.
func (f Fields) Flag(name string) bool {
	if b, ok := value[bool](f, name); ok {
		return b
	}
	return f.Number(name) != 0
}

// value decodes one field.
func value[T any](f Fields, name string) (T, bool) {
	var v T
	if !f.Has(name) || json.Unmarshal(f[name], &v) != nil {
		var none T
		return none, false
	}
	return v, true
}
