package codec

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/dop251/goja"
	"golang.org/x/text/encoding/charmap"
)

// Encodings, as js/buffer.js and js/text.js name them.
const (
	utf8Encoding    = "utf8"
	hexEncoding     = "hex"
	asciiEncoding   = "ascii"
	latin1Encoding  = "latin1"
	windowsEncoding = "windows1252"
	base64Encoding  = "base64"
	base64URL       = "base64url"
	utf16leEncoding = "utf16le"
	utf16beEncoding = "utf16be"
)

// encodeText gives scripts encode(text, encoding), an ArrayBuffer.
func encodeText(vm *goja.Runtime) func(goja.FunctionCall) goja.Value {
	return func(call goja.FunctionCall) goja.Value {
		text, _ := call.Argument(0).ToString().(goja.String)
		return vm.ToValue(vm.NewArrayBuffer(encodeUnits(codeUnits(text), call.Argument(1).String())))
	}
}

// decodeText gives scripts decode(bytes, encoding, fatal, whole), a text or null.
// With whole, halves of UTF-16 are replaced as a TextDecoder does; Buffer keeps
// them.
func decodeText(vm *goja.Runtime) func(goja.FunctionCall) goja.Value {
	return func(call goja.FunctionCall) goja.Value {
		b, _ := call.Argument(0).Export().([]byte)
		encoding := call.Argument(1).String()
		fatal := call.Argument(2).ToBoolean()
		if encoding == utf8Encoding && fatal && !utf8.Valid(b) {
			return goja.Null()
		}
		if encoding == utf16leEncoding || encoding == utf16beEncoding {
			units := codeUnitsOf(b, encoding)
			if !call.Argument(3).ToBoolean() {
				return goja.StringFromUTF16(units)
			}
			runes := utf16.Decode(units)
			if len(b)%2 == 1 {
				runes = append(runes, utf8.RuneError)
			}
			if fatal && slices.Contains(runes, utf8.RuneError) {
				return goja.Null()
			}
			return vm.ToValue(string(runes))
		}
		return vm.ToValue(decodeBytes(b, encoding))
	}
}

// codeUnits are the UTF-16 code units of s.
func codeUnits(s goja.String) []uint16 {
	if s == nil {
		return nil
	}
	units := make([]uint16, s.Length())
	for i := range units {
		units[i] = s.CharAt(i)
	}
	return units
}

// encodeUnits writes a text as Node's Buffer does.
func encodeUnits(units []uint16, encoding string) []byte {
	switch encoding {
	case asciiEncoding, latin1Encoding:
		b := make([]byte, len(units))
		for i, u := range units {
			b[i] = byte(u)
		}
		return b
	case utf16leEncoding:
		b := make([]byte, 0, 2*len(units))
		for _, u := range units {
			b = append(b, byte(u), byte(u>>8))
		}
		return b
	case hexEncoding:
		return hexPrefix(units)
	case base64Encoding, base64URL:
		return lenientBase64(units)
	default:
		return []byte(string(utf16.Decode(units)))
	}
}

// hexPrefix reads pairs of hexadecimal digits up to the first that is none.
func hexPrefix(units []uint16) []byte {
	b := make([]byte, 0, len(units)/2)
	for i := 0; i+1 < len(units); i += 2 {
		if units[i] > 0x7f || units[i+1] > 0x7f {
			break
		}
		pair, err := hex.DecodeString(string([]byte{byte(units[i]), byte(units[i+1])}))
		if err != nil {
			break
		}
		b = append(b, pair...)
	}
	return b
}

// lenientBase64 reads base64 of either alphabet up to the first "=", and
// passes over everything else.
func lenientBase64(units []uint16) []byte {
	var digits strings.Builder
	for _, u := range units {
		switch {
		case u == '=':
			return rawBase64(digits.String())
		case u == '-':
			digits.WriteByte('+')
		case u == '_':
			digits.WriteByte('/')
		case u < 0x80 && strings.ContainsRune("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", rune(u)):
			digits.WriteByte(byte(u))
		}
	}
	return rawBase64(digits.String())
}

func rawBase64(digits string) []byte {
	if len(digits)%4 == 1 {
		digits = digits[:len(digits)-1]
	}
	b, err := base64.RawStdEncoding.DecodeString(digits)
	if err != nil {
		return nil // cannot be: only digits of the alphabet are left
	}
	return b
}

// decodeBytes reads a text as Node's Buffer and TextDecoder do.
func decodeBytes(b []byte, encoding string) string {
	switch encoding {
	case hexEncoding:
		return hex.EncodeToString(b)
	case base64Encoding:
		return base64.StdEncoding.EncodeToString(b)
	case base64URL:
		return base64.RawURLEncoding.EncodeToString(b)
	case asciiEncoding, latin1Encoding, windowsEncoding:
		return eightBit(b, encoding)
	default:
		return decodeUTF8(b)
	}
}

// eightBit reads one character of each byte.
func eightBit(b []byte, encoding string) string {
	runes := make([]rune, len(b))
	for i, c := range b {
		switch encoding {
		case asciiEncoding:
			runes[i] = rune(c & 0x7f)
		case windowsEncoding:
			if runes[i] = charmap.Windows1252.DecodeByte(c); runes[i] == utf8.RuneError {
				runes[i] = rune(c)
			}
		default:
			runes[i] = rune(c)
		}
	}
	return string(runes)
}

// decodeUTF8 puts one U+FFFD for each maximal part of a broken sequence, as
// the WHATWG encoding standard says and Go's conversion does not.
func decodeUTF8(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	var s strings.Builder
	for len(b) > 0 {
		r, size := utf8.DecodeRune(b)
		if r == utf8.RuneError && size <= 1 {
			size = brokenLength(b)
		}
		s.WriteRune(r)
		b = b[size:]
	}
	return s.String()
}

// brokenLength is the length of the longest beginning of b that could have
// become a valid sequence, at least 1.
func brokenLength(b []byte) int {
	need, low, high := 0, byte(0x80), byte(0xbf)
	switch c := b[0]; {
	case c >= 0xc2 && c <= 0xdf:
		need = 1
	case c >= 0xe0 && c <= 0xef:
		need = 2
		if c == 0xe0 {
			low = 0xa0
		}
		if c == 0xed {
			high = 0x9f
		}
	case c >= 0xf0 && c <= 0xf4:
		need = 3
		if c == 0xf0 {
			low = 0x90
		}
		if c == 0xf4 {
			high = 0x8f
		}
	}
	n := 1
	for n <= need && n < len(b) && b[n] >= low && b[n] <= high {
		n++
		low, high = 0x80, 0xbf
	}
	return n
}

// codeUnitsOf reads UTF-16; an odd byte at the end is left out.
func codeUnitsOf(b []byte, encoding string) []uint16 {
	order := binary.ByteOrder(binary.LittleEndian)
	if encoding == utf16beEncoding {
		order = binary.BigEndian
	}
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = order.Uint16(b[2*i:])
	}
	return units
}
