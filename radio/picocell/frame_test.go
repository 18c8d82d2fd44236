package picocell

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
)

// unhex reads hexadecimal digits with spaces between them.
func unhex(tb testing.TB, s string) []byte {
	tb.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func TestParseResponse(t *testing.T) {
	tests := []struct {
		name  string
		id    byte
		in    string
		ok    bool
		data  string
		taken int
	}{
		{"hello", 'l', "6c000801 0011223344556677", true, "0011223344556677", 12},
		{"hello refused, id still there", 'l', "6c000800 0011223344556677", false, "0011223344556677", 12},
		{"register", 'r', "72000101 67", true, "67", 5},
		{"no data", 'w', "77000001", true, "", 4},
		{"receive refused", 'b', "62000100 ff", false, "ff", 5},
		{"one more byte is the caller's to judge", 'w', "77000001 77", true, "", 4},
		{"60 bytes are padded", 'p', "70003c01" + strings.Repeat("aa", 60) + "00", true, strings.Repeat("aa", 60), 65},
		{"59 bytes are not", 'p', "70003b01" + strings.Repeat("aa", 59), true, strings.Repeat("aa", 59), 63},
		{"124 bytes are padded", 'p', "70007c01" + strings.Repeat("aa", 124) + "00", true, strings.Repeat("aa", 124), 129},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := unhex(t, tt.in)
			r, n, err := parseResponse(tt.id, in)
			if err != nil || r.ok != tt.ok || n != tt.taken || !bytes.Equal(r.data, unhex(t, tt.data)) {
				t.Fatalf("got %v %x, %d bytes, %v", r.ok, r.data, n, err)
			}
			for i := range tt.taken {
				if _, _, err := parseResponse(tt.id, in[:i]); !errors.Is(err, errShort) {
					t.Fatalf("after %d bytes: %v, want errShort", i, err)
				}
			}
		})
	}
}

func TestParseResponseOutOfStep(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"another id", "71", `it is for command 'q', not 'r'`},
		{"impossible size", "72 06c1 01", "1729 bytes announced"},
		{"impossible status", "72 0001 02 00", "status 2"},
		{"bad padding", "72 003c 01" + strings.Repeat("00", 60) + "01", "padding byte is 0x01"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, _, err := parseResponse('r', unhex(t, tt.in))
			var desync *desyncError
			if !errors.As(err, &desync) || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func FuzzParseResponse(f *testing.F) {
	f.Add(byte('l'), unhex(f, "6c000801 0011223344556677"))
	f.Add(byte('b'), unhex(f, "62000100 ff"))
	f.Add(byte('p'), unhex(f, "70003c01"+strings.Repeat("aa", 60)+"00"))
	f.Fuzz(func(t *testing.T, id byte, in []byte) {
		r, n, err := parseResponse(id, in)
		if err != nil {
			return
		}
		if n > len(in) || len(r.data) > n-headerSize {
			t.Fatalf("took %d of %d bytes, data %d", n, len(in), len(r.data))
		}
		again := command{id: id, addr: in[3], data: r.data}.append(nil)
		if !bytes.Equal(again, in[:len(again)]) {
			t.Fatalf("%x encodes back to %x", in[:n], again)
		}
	})
}
