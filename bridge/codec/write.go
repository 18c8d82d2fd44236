package codec

import (
	"errors"
	"math"
	"slices"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/dop251/goja"
)

const (
	// maxOutput bounds what one call returns, as JSON. A message to IoT Hub
	// has 256 KiB at most.
	maxOutput = 256 << 10
	// maxNesting bounds how deep values nest.
	maxNesting = 500
)

var (
	errCircular = errors.New("TypeError: Converting circular structure to JSON")
	errBigInt   = errors.New("TypeError: Do not know how to serialize a BigInt")
	errOutput   = errors.New("the result is too large, or nested too deep")
)

// jsonWriter writes values as JSON.stringify does, in Go: the codec may have
// replaced the builtins of its runtime, and a walk is faster besides. What the
// script runs in the course (getters, toJSON) may throw: call it in Try.
type jsonWriter struct {
	vm    *goja.Runtime
	out   []byte
	limit int // of bytes
	path  []*goja.Object
}

// value appends v; what JSON has no word for becomes null.
func (w *jsonWriter) value(v goja.Value) error {
	written, err := w.member("", v)
	if err == nil && !written {
		w.out = append(w.out, "null"...)
	}
	return err
}

// member appends v, the member named key of its holder, unless JSON leaves it
// out.
func (w *jsonWriter) member(key string, v goja.Value) (written bool, err error) {
	if len(w.out) > w.limit || len(w.path) > maxNesting {
		return false, errOutput
	}
	object, ok := v.(*goja.Object)
	if !ok && goja.IsBigInt(v) {
		// A codec may have given BigInt.prototype a toJSON.
		object = v.ToObject(w.vm)
		if _, ok := goja.AssertFunction(object.Get("toJSON")); !ok {
			return false, errBigInt
		}
	} else if !ok {
		return w.primitive(v)
	}
	if v, err = w.unboxed(object, key); err != nil {
		return false, err
	}
	if object, ok = v.(*goja.Object); !ok {
		return w.primitive(v)
	}
	switch object.ClassName() {
	case "Function":
		return false, nil
	case "Array":
		return true, w.nested(object, w.array)
	}
	return true, w.nested(object, w.object)
}

// primitive appends a value that is no object.
func (w *jsonWriter) primitive(v goja.Value) (written bool, err error) {
	switch v := v.(type) {
	case nil, *goja.Symbol:
		return false, nil
	case goja.String:
		w.out = appendText(w.out, v)
		return true, nil
	}
	switch {
	case goja.IsNumber(v):
		w.out = appendNumber(w.out, v.ToFloat())
	case goja.IsUndefined(v):
		return false, nil
	case goja.IsNull(v):
		w.out = append(w.out, "null"...)
	case goja.IsBigInt(v):
		return false, errBigInt
	default:
		w.out = strconv.AppendBool(w.out, v.ToBoolean())
	}
	return true, nil
}

// unboxed is what JSON writes in the place of object: the value of toJSON,
// and the primitive in a Number, String or Boolean object.
func (w *jsonWriter) unboxed(object *goja.Object, key string) (goja.Value, error) {
	var v goja.Value = object
	if toJSON, ok := goja.AssertFunction(object.Get("toJSON")); ok {
		var err error
		if v, err = toJSON(object, goja.StringFromUTF16(utf16.Encode([]rune(key)))); err != nil {
			return nil, err
		}
		if object, ok = v.(*goja.Object); !ok {
			return v, nil
		}
	}
	switch object.ClassName() {
	case "Number":
		return object.ToNumber(), nil
	case "String":
		return object.ToString(), nil
	case "Boolean":
		return w.vm.ToValue(object.Export()), nil
	case "BigInt":
		return nil, errBigInt
	}
	return v, nil
}

// appendNumber appends f as JavaScript writes it.
func appendNumber(out []byte, f float64) []byte {
	size := math.Abs(f)
	switch {
	case math.IsNaN(f) || math.IsInf(f, 0):
		return append(out, "null"...)
	case f == math.Trunc(f) && size < 1<<53:
		return strconv.AppendInt(out, int64(f), 10)
	case size >= 1e-6 && size < 1e21:
		return strconv.AppendFloat(out, f, 'f', -1, 64)
	}
	out = strconv.AppendFloat(out, f, 'e', -1, 64)
	if n := len(out); n >= 4 && out[n-4] == 'e' && out[n-2] == '0' {
		out = append(out[:n-2], out[n-1]) // e-07 is e-7
	}
	return out
}

// nested writes o, one level deeper.
func (w *jsonWriter) nested(o *goja.Object, write func(*goja.Object) error) error {
	if slices.Contains(w.path, o) {
		return errCircular
	}
	w.path = append(w.path, o)
	err := write(o)
	w.path = w.path[:len(w.path)-1]
	return err
}

func (w *jsonWriter) object(o *goja.Object) error {
	w.out = append(w.out, '{')
	first := true
	for _, key := range o.Keys() {
		start := len(w.out)
		if !first {
			w.out = append(w.out, ',')
		}
		w.out = append(appendString(w.out, key), ':')
		written, err := w.member(key, o.Get(key))
		if err != nil {
			return err
		}
		if !written {
			w.out = w.out[:start]
			continue
		}
		first = false
	}
	w.out = append(w.out, '}')
	return nil
}

func (w *jsonWriter) array(o *goja.Object) error {
	n := o.Get("length").ToInteger()
	if n > int64(w.limit) {
		return errOutput
	}
	w.out = append(w.out, '[')
	for i := range int(n) {
		if i > 0 {
			w.out = append(w.out, ',')
		}
		key := strconv.Itoa(i)
		written, err := w.member(key, o.Get(key))
		if err != nil {
			return err
		}
		if !written {
			w.out = append(w.out, "null"...)
		}
	}
	w.out = append(w.out, ']')
	return nil
}

// appendText appends a text of the runtime as a JSON string.
func appendText(out []byte, s goja.String) []byte {
	text := s.String()
	if len(text) == s.Length() {
		return appendString(out, text) // ASCII
	}
	out = append(out, '"')
	for i := 0; i < s.Length(); i++ {
		r := rune(s.CharAt(i))
		if utf16.IsSurrogate(r) {
			if i+1 < s.Length() {
				if pair := utf16.DecodeRune(r, rune(s.CharAt(i+1))); pair != utf8.RuneError {
					out = utf8.AppendRune(out, pair)
					i++
					continue
				}
			}
			out = appendUnit(out, r)
			continue
		}
		out = appendRune(out, r)
	}
	return append(out, '"')
}

// appendString appends valid UTF-8 as a JSON string.
func appendString(out []byte, s string) []byte {
	out = append(out, '"')
	if !special(s) {
		return append(append(out, s...), '"')
	}
	for _, r := range s {
		out = appendRune(out, r)
	}
	return append(out, '"')
}

// special reports whether s holds what JSON escapes.
func special(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c == '"' || c == '\\' {
			return true
		}
	}
	return false
}

// appendRune appends one character as JSON.stringify writes it.
func appendRune(out []byte, r rune) []byte {
	switch r {
	case '"', '\\':
		return append(out, '\\', byte(r))
	case '\b':
		return append(out, '\\', 'b')
	case '\f':
		return append(out, '\\', 'f')
	case '\n':
		return append(out, '\\', 'n')
	case '\r':
		return append(out, '\\', 'r')
	case '\t':
		return append(out, '\\', 't')
	}
	if r < 0x20 {
		return appendUnit(out, r)
	}
	return utf8.AppendRune(out, r)
}

// appendUnit appends a code unit as \uXXXX.
func appendUnit(out []byte, r rune) []byte {
	const digits = "0123456789abcdef"
	return append(out, '\\', 'u', digits[r>>12&15], digits[r>>8&15], digits[r>>4&15], digits[r&15])
}
