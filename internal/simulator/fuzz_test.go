package simulator

import (
	"testing"

	"gatewayd/radio/radiotest"
)

// Whatever is emitted, the world judges it without a panic, and without
// taking it: no node has sent anything.
func FuzzDispatch(f *testing.F) {
	f.Add(unhex(f, "60f17dbe4920020001f9d65d27"), uint32(0))
	f.Add(unhex(f, "20493eeb51fba2116f810edb3742975142"), uint32(5_000_000))
	f.Add(sealJoinAccept(f, otaa(f).AppKey, granted()), uint32(1))
	f.Add(ack(server(f), 3), uint32(2))
	f.Add([]byte{}, uint32(3))
	f.Fuzz(func(t *testing.T, phy []byte, count uint32) {
		w, err := New(newFakeAir(0), []Config{abp(t), otaa(t), renamed(abp11(t), "attic"), renamed(otaa11(t), "barn")}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		w.dispatch(heard{Emission: radiotest.Emission{Count: count, Payload: phy}})
		if got := w.Totals(); got.Violations == 0 || got.Received+got.Joined != 0 {
			t.Errorf("%x: %+v", phy, got)
		}
	})
}

// Whatever MAC commands a network sends, the node stays one that can send.
func FuzzCommands(f *testing.F) {
	f.Add(unhex(f, "0350ff00010605000000000750ff0001"), true)
	f.Add(unhex(f, "07030000000507030184e855080f0900"), false)
	f.Add(unhex(f, "0300000060030000007009ff"), false)
	f.Add(unhex(f, "0bff01010d00000000000e00000fff2001"), true)
	f.Fuzz(func(t *testing.T, b []byte, v11 bool) {
		cfg, net := abp(t), server(t)
		if v11 {
			cfg, net = abp11(t), server11(t)
		}
		w, err := New(newFakeAir(0), []Config{cfg}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		n := w.nodes[0]
		o, err := n.prepare(Message{FPort: 1, Payload: []byte{1}})
		if err != nil {
			t.Fatal(err)
		}
		burst, u := n.load(o)
		u.ends, u.answered = []uint32{0}, make(chan struct{})
		n.history.add(u)
		phy := net.seal(onPort0(b), 0)
		em := rx1(radiotest.Packet{Frequency: burst.hz, DataRate: burst.rate}, 1e9, phy)
		w.dispatch(heard{Emission: em})
		for range 3 {
			if o, err = n.prepare(Message{}); err != nil {
				t.Fatalf("%x: %v", b, err)
			}
			if burst, _ := n.load(o); burst.hz == 0 || burst.rate.Modulation == 0 || len(burst.phy) > 255 {
				t.Fatalf("%x: the node sends %+v", b, burst)
			}
		}
	})
}
