package concentratord

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"
)

func TestFraming(t *testing.T) {
	t.Parallel()
	after := func(parts ...[]byte) []byte {
		return bytes.Join(append([][]byte{make([]byte, greetingSize)}, parts...), nil)
	}
	long := func(flags byte, n uint64) []byte { return binary.BigEndian.AppendUint64([]byte{flags}, n) }
	for name, tt := range map[string]struct {
		stream []byte
		want   error
	}{
		"greeting":           {after(), nil},
		"short frames":       {after([]byte{0, 3, 'a', 'b', 'c', 0, 0, 0, 1, 'x'}), nil},
		"long frame":         {after(long(longFlag, 1000), make([]byte, 1000)), nil},
		"64 KiB and more":    {after(long(longFlag, maxMessage)), errTooLong},
		"2^63":               {after(long(longFlag, 1<<63)), errTooLong},
		"2^64-1":             {after(long(longFlag, 1<<64-1)), errTooLong},
		"many frames":        {after(bytes.Repeat([]byte{moreFlag, 0}, 100)), errTooLong},
		"many messages":      {after(bytes.Repeat([]byte{0, 0}, 1000)), nil},
		"second is too long": {after([]byte{0, 1, 'x'}, long(longFlag|moreFlag, 1<<40)), errTooLong},
	} {
		for _, step := range []int{1, 7, len(tt.stream)} {
			var f framing
			var err error
			for rest := tt.stream; len(rest) > 0 && err == nil; {
				n := min(step, len(rest))
				err = f.scan(rest[:n])
				rest = rest[n:]
			}
			if !errors.Is(err, tt.want) {
				t.Errorf("%s in steps of %d: %v, want %v", name, step, err, tt.want)
			}
		}
	}
}

// A stream is judged the same however it is cut.
func FuzzFraming(f *testing.F) {
	f.Add(append(make([]byte, greetingSize), 0, 3, 'a', 'b', 'c', 3, 0, 0, 0, 0, 0, 1, 0, 0), uint8(3))
	f.Fuzz(func(t *testing.T, b []byte, step uint8) {
		var whole, cut framing
		err := whole.scan(b)
		var cutErr error
		for len(b) > 0 && cutErr == nil {
			n := min(int(step)+1, len(b))
			cutErr = cut.scan(b[:n])
			b = b[n:]
		}
		if !errors.Is(cutErr, err) || err == nil && whole != cut {
			t.Errorf("%v whole, %v cut", err, cutErr)
		}
	})
}
