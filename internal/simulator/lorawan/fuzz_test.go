package lorawan

import (
	"bytes"
	"testing"

	"gatewayd/internal/secret"
)

// What parses as data encodes to the same bytes.
func FuzzParseData(f *testing.F) {
	f.Add(unhex(f, "40f17dbe4900020001954378762b11ff0d"))
	f.Add(unhex(f, "60f17dbe4920020001f9d65d27"))
	f.Add(unhex(f, "4004030201030000020305d7fa0c6c"))
	f.Add(unhex(f, "400403020100000000"))
	f.Fuzz(func(t *testing.T, phy []byte) {
		frame, mic, err := ParseData(phy)
		if err != nil {
			return
		}
		if got := append(frame.Bytes(), mic[:]...); !bytes.Equal(got, phy) {
			t.Errorf("%x encodes to %x", phy, got)
		}
	})
}

// Every command read has the length of its kind, and nothing is lost.
func FuzzParseCommands(f *testing.F) {
	f.Add(unhex(f, "020305"), false)
	f.Add(unhex(f, "0350ff0001060500112233"), true)
	f.Add(unhex(f, "0d0102"), true)
	f.Fuzz(func(t *testing.T, b []byte, down bool) {
		dir := Up
		if down {
			dir = Down
		}
		commands, rest := ParseCommands(dir, b)
		if again := append(EncodeCommands(commands), rest...); !bytes.Equal(again, b) {
			t.Errorf("%x encodes to %x", b, again)
		}
	})
}

// A join accept is read only if it has one of the two lengths.
func FuzzDecryptAccept(f *testing.F) {
	f.Add(unhex(f, "20493eeb51fba2116f810edb3742975142"))
	f.Add(unhex(f, "20e45673b63cb4b9cecb2aa83f0333e615d2ac89eea1659837c3aa6df9689889cf"))
	f.Add(unhex(f, "2049"))
	k := secret.NewAES128([16]byte{1})
	f.Fuzz(func(t *testing.T, phy []byte) {
		a, err := DecryptAccept(k, phy)
		if ok := (len(phy) == acceptSize || len(phy) == acceptSizeCFList) && phy[0] == JoinAccept.MHDR(); ok != (err == nil) {
			t.Errorf("%x: %v", phy, err)
		}
		if err == nil && len(a.CFList) != len(phy)-acceptSize {
			t.Errorf("%x: CFList of %d bytes", phy, len(a.CFList))
		}
	})
}
