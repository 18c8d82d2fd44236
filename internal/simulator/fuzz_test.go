package simulator

import (
	"bytes"
	"testing"

	"gatewayd/radio/radiotest"
)

// What parses as data encodes to the same bytes.
func FuzzParseData(f *testing.F) {
	f.Add(unhex(f, "40f17dbe4900020001954378762b11ff0d"))
	f.Add(unhex(f, "60f17dbe4920020001f9d65d27"))
	f.Add(unhex(f, "4004030201030000020305d7fa0c6c"))
	f.Add(unhex(f, "400403020100000000"))
	f.Fuzz(func(t *testing.T, phy []byte) {
		frame, mic, err := parseData(phy)
		if err != nil {
			return
		}
		if got := append(frame.bytes(), mic[:]...); !bytes.Equal(got, phy) {
			t.Errorf("%x encodes to %x", phy, got)
		}
	})
}

// Whatever is emitted, the world judges it without a panic, and without
// taking it: no node has sent anything.
func FuzzDispatch(f *testing.F) {
	f.Add(unhex(f, "60f17dbe4920020001f9d65d27"), uint32(0))
	f.Add(unhex(f, "20493eeb51fba2116f810edb3742975142"), uint32(5_000_000))
	f.Add(sealJoinAccept(f, otaa(f).AppKey, granted(), nil), uint32(1))
	f.Add(ack(server(f), 3), uint32(2))
	f.Add([]byte{}, uint32(3))
	f.Fuzz(func(t *testing.T, phy []byte, count uint32) {
		w, err := New(nil, []Config{abp(t), otaa(t)}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		w.dispatch(radiotest.Emission{Count: count, Payload: phy})
		if got := w.Totals(); got.Violations == 0 || got.Received+got.Joined != 0 {
			t.Errorf("%x: %+v", phy, got)
		}
	})
}
