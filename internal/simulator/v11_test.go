package simulator

import (
	"testing"

	"gatewayd/internal/simulator/lorawan"
	"gatewayd/radio/radiotest"

	"github.com/google/go-cmp/cmp"
)

// channelOf is the index of the channel of EU868 that p was sent on.
func channelOf(t *testing.T, p radiotest.Packet) uint8 {
	t.Helper()
	for _, c := range EU868().Channels().Enabled() {
		if c.Hz == p.Frequency {
			return uint8(c.Index)
		}
	}
	t.Fatalf("no channel on %d Hz", p.Frequency)
	return 0
}

// An ABP node of 1.1 tells its version until the network confirms it.
func TestResetInd(t *testing.T) {
	t.Parallel()
	inWorld(t, 0, []Config{abp11(t)}, func(t *testing.T, air *fakeAir, w *World) {
		n, net := w.Node("greenhouse"), server11(t)
		air.answer(inTurn(nil, commands(t, net, 0, "0101")))
		var got []string
		for i := range uint32(3) {
			got = append(got, said(send(t, n)))
			p := air.packets()[i]
			f := net.uplink(t, p.Payload, i, lorawan.Transmission{DataRate: 5, Channel: channelOf(t, p)})
			if want := got[i] != ""; (len(f.FOpts) == 2) != want || want && f.FOpts[0] != 1 {
				t.Errorf("uplink %d has FOpts %x in clear", i, f.FOpts)
			}
		}
		if diff := cmp.Diff([]string{"0101", "0101", ""}, got); diff != "" {
			t.Errorf("commands (-want +got):\n%s", diff)
		}
		if err := n.PowerCycle(t.Context()); err != nil {
			t.Fatal(err)
		}
		if s := send(t, n); said(s) != "0101" || s.FCnt != 3 {
			t.Errorf("after a power cycle: FCnt %d, commands %s", s.FCnt, said(s))
		}
		if v := w.Violations(); len(v) > 0 {
			t.Errorf("violations: %v", v)
		}
	})
}

// The two downlink counters of 1.1 do not disturb each other, and FOpts are
// encrypted under the counter in use.
func TestTwoCounters(t *testing.T) {
	t.Parallel()
	cfg := abp11(t)
	cfg.FCntDown, cfg.AFCntDown = 10, 3
	inWorld(t, 0, []Config{cfg}, func(t *testing.T, air *fakeAir, w *World) {
		n, net := w.Node("greenhouse"), server11(t)
		app := func(fCnt uint32) []byte {
			f := lorawan.Data{MType: lorawan.UnconfirmedDown, FOpts: []byte{0x06}, HasPort: true, FPort: 9, Payload: []byte("hi")}
			return net.seal(f, fCnt)
		}
		air.answer(inTurn(app(3), commands(t, net, 10, "06"), app(4), net.seal(onPort0([]byte{0x06}), 11), app(4), commands(t, net, 11, "")))
		for range 6 {
			send(t, n)
		}
		var got []uint32
		for _, d := range w.Received() {
			got = append(got, d.FCnt)
			if len(d.Commands) != 1 || d.Commands[0].CID != lorawan.DevStatus || d.FPort == 9 && string(d.Payload) != "hi" {
				t.Errorf("received %+v", d)
			}
		}
		if diff := cmp.Diff([]uint32{3, 10, 4, 11}, got); diff != "" {
			t.Errorf("counters (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]Rule{RuleFCnt, RuleFCnt}, rules(w)); diff != "" {
			t.Errorf("violations (-want +got):\n%s%v", diff, w.Violations())
		}
	})
}

// The MIC of 1.1 binds an acknowledgement to the frame it acknowledges, in
// both directions, and each repetition to its channel.
func TestConfFCnt(t *testing.T) {
	t.Parallel()
	cfg := abp11(t)
	cfg.FCntUp = 0x1_0007
	inWorld(t, 0, []Config{cfg}, func(t *testing.T, air *fakeAir, w *World) {
		n, net := w.Node("greenhouse"), server11(t)
		wrong := *net
		wrong.conf = 6
		net.conf = 7
		air.answer(inTurn(ack(&wrong, 0), ack(net, 0), net.seal(lorawan.Data{MType: lorawan.ConfirmedDown}, 0x0302)))
		s, err := n.Send(t.Context(), Message{FPort: 1, Confirmed: true})
		if err != nil || !s.Acked || s.Transmissions != 2 {
			t.Errorf("confirmed uplink: %+v, %v", s, err)
		}
		send(t, n)
		send(t, n)
		for i, tt := range []struct {
			fCnt uint32
			conf uint16
		}{{0x1_0007, 0}, {0x1_0007, 0}, {0x1_0008, 0}, {0x1_0009, 0x0302}} {
			p := air.packets()[i]
			net.uplink(t, p.Payload, tt.fCnt, lorawan.Transmission{ConfFCnt: tt.conf, DataRate: 5, Channel: channelOf(t, p)})
		}
		if diff := cmp.Diff([]Rule{RuleMIC}, rules(w)); diff != "" {
			t.Errorf("violations (-want +got):\n%s%v", diff, w.Violations())
		}
	})
}
