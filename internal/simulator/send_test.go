package simulator

import (
	"errors"
	"math"
	"testing"
	"time"

	"gatewayd/internal/simulator/lorawan"
	"gatewayd/radio/radiotest"

	"github.com/google/go-cmp/cmp"
)

// Every way an acknowledgement can be emitted, and what the node makes of it.
func TestConfirmedAnswer(t *testing.T) {
	t.Parallel()
	tick := time.Microsecond
	at := func(d time.Duration) func(radiotest.Packet, []byte) radiotest.Emission {
		return func(p radiotest.Packet, phy []byte) radiotest.Emission { return rx1(p, d, phy) }
	}
	with := func(change func(em *radiotest.Emission)) func(radiotest.Packet, []byte) radiotest.Emission {
		return func(p radiotest.Packet, phy []byte) radiotest.Emission {
			em := rx1(p, time.Second, phy)
			change(&em)
			return em
		}
	}
	for _, tt := range []struct {
		name   string
		answer func(radiotest.Packet, []byte) radiotest.Emission
		want   []Rule
	}{
		{"RX1", at(time.Second), nil},
		{"RX1, as late as allowed", at(time.Second + DefaultTolerance), nil},
		{"RX1, one tick later", at(time.Second + DefaultTolerance + tick), []Rule{RuleWindow}},
		{"RX1, as early as allowed", at(time.Second - DefaultTolerance), nil},
		{"RX1, one tick earlier", at(time.Second - DefaultTolerance - tick), []Rule{RuleWindow}},
		{"RX2", func(p radiotest.Packet, phy []byte) radiotest.Emission { return rx2(p, time.Second, phy) }, nil},
		{"RX2 with RX1's settings", at(2 * time.Second), []Rule{RuleDataRate, RuleFrequency}},
		{"frequency", with(func(em *radiotest.Emission) { em.Frequency += 200_000 }), []Rule{RuleFrequency}},
		{"data rate", with(func(em *radiotest.Emission) { em.DataRate.SpreadingFactor = 12 }), []Rule{RuleDataRate}},
		{"I/Q", with(func(em *radiotest.Emission) { em.InvertIQ = false }), []Rule{RuleInvertIQ}},
		{"CRC", with(func(em *radiotest.Emission) { em.CRC = true }), []Rule{RuleCRC}},
		{"preamble", with(func(em *radiotest.Emission) { em.Preamble = 6 }), []Rule{RulePreamble}},
		{"coding rate", with(func(em *radiotest.Emission) { em.CodingRate = "4/8" }), []Rule{RuleCodingRate}},
		{"MIC", with(func(em *radiotest.Emission) { em.Payload = BadMIC(em.Payload) }), []Rule{RuleMIC}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			inWorld(t, math.MaxUint32-500_000, []Config{abp(t)}, func(t *testing.T, air *fakeAir, w *World) {
				net := server(t)
				air.answer(func(n int, p radiotest.Packet) ([]radiotest.Emission, error) {
					if n > 0 {
						return nil, nil
					}
					return []radiotest.Emission{tt.answer(p, ack(net, 0))}, nil
				})
				s, err := w.Node("greenhouse").Send(t.Context(), Message{FPort: 1, Payload: []byte{1}, Confirmed: true})
				if err != nil {
					t.Fatal(err)
				}
				if want := len(tt.want) == 0; s.Acked != want {
					t.Errorf("acked: got %v, want %v", s.Acked, want)
				}
				got := rules(w)
				if diff := cmp.Diff(sorted(tt.want), sorted(got)); diff != "" {
					t.Errorf("violations (-want +got):\n%s%v", diff, w.Violations())
				}
			})
		})
	}
}

func TestOffsetsAreRecorded(t *testing.T) {
	t.Parallel()
	inWorld(t, 0, []Config{abp(t)}, func(t *testing.T, air *fakeAir, w *World) {
		net := server(t)
		air.answer(func(n int, p radiotest.Packet) ([]radiotest.Emission, error) {
			f := lorawan.Data{MType: lorawan.ConfirmedDown, FCtrl: lorawan.FCtrlFPending, FOpts: []byte{0x06}, HasPort: true, FPort: 7, Payload: []byte("open")}
			if n > 0 {
				return nil, nil
			}
			down := net.seal(f, 0)
			return []radiotest.Emission{rx2(p, time.Second-61*time.Microsecond, down)}, nil
		})
		n := w.Node("greenhouse")
		for range 3 {
			if _, err := n.Send(t.Context(), Message{FPort: 1}); err != nil {
				t.Fatal(err)
			}
			// RX2 at SF12 lasts longer than an unconfirmed uplink waits.
			if err := sleep(t.Context(), 3*time.Second); err != nil {
				t.Fatal(err)
			}
		}
		want := Received{
			Node: "greenhouse", DevAddr: testAddr, Window: "RX2", Offset: -61 * time.Microsecond,
			FPending: true, Confirmed: true, FOpts: []byte{0x06}, HasFPort: true, FPort: 7, Payload: []byte("open"),
			Commands: []lorawan.Command{{CID: lorawan.DevStatus, Payload: []byte{}}},
		}
		got := w.Received()
		if len(got) != 1 {
			t.Fatalf("received %d downlinks, want 1: %v", len(got), w.Violations())
		}
		want.Count = got[0].Count
		if diff := cmp.Diff(want, got[0]); diff != "" {
			t.Errorf("downlink (-want +got):\n%s", diff)
		}
		// Only the uplink after the confirmed downlink acknowledges it.
		for i, p := range air.packets() {
			if acks := p.Payload[5]&lorawan.FCtrlACK != 0; acks != (i == 1) {
				t.Errorf("uplink %d has ACK: %v", i, acks)
			}
		}
	})
}

func TestRetransmission(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name          string
		ackAfter      int // transmissions; beyond Config.Transmissions: never
		deaf          int // the first so many are not heard
		transmissions int
	}{
		{"first", 1, 0, 1},
		{"third", 3, 0, 3},
		{"never", 4, 0, 3},
		{"deaf once", 2, 1, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			inWorld(t, 0, []Config{abp(t)}, func(t *testing.T, air *fakeAir, w *World) {
				net := server(t)
				air.answer(func(n int, p radiotest.Packet) ([]radiotest.Emission, error) {
					switch {
					case n < tt.deaf:
						return nil, radiotest.ErrDeaf
					case n+1 == tt.ackAfter:
						return []radiotest.Emission{rx1(p, time.Second, ack(net, 0))}, nil
					}
					return nil, nil
				})
				s, err := w.Node("greenhouse").Send(t.Context(), Message{FPort: 1, Payload: []byte{1}, Confirmed: true})
				if err != nil {
					t.Fatal(err)
				}
				if s.Transmissions != tt.transmissions || s.Heard != tt.transmissions-tt.deaf || s.Acked != (tt.ackAfter <= 3) {
					t.Errorf("got %d transmissions, %d heard, acked %v", s.Transmissions, s.Heard, s.Acked)
				}
				if (s.NotHeard != "") != (tt.deaf > 0) {
					t.Errorf("reason not to hear: %q", s.NotHeard)
				}
				for _, p := range air.packets() {
					if !cmp.Equal(p.Payload, s.PHYPayload) {
						t.Errorf("retransmitted %x, want the same %x", p.Payload, s.PHYPayload)
					}
				}
				if next := w.Node("greenhouse").FCntUp(); next != 1 {
					t.Errorf("next FCntUp %d, want 1", next)
				}
			})
		})
	}
}

// The counter on the air is 16 bits, the one in MIC and encryption 32.
func TestFCntUpRollOver(t *testing.T) {
	t.Parallel()
	cfg := abp(t)
	cfg.FCntUp = 0xFFFF
	inWorld(t, 0, []Config{cfg}, func(t *testing.T, air *fakeAir, w *World) {
		for range 2 {
			if _, err := w.Node("greenhouse").Send(t.Context(), Message{FPort: 1, Payload: []byte("x")}); err != nil {
				t.Fatal(err)
			}
		}
		net := server(t)
		for i, p := range air.packets() {
			f, _, err := lorawan.ParseData(p.Payload)
			if err != nil {
				t.Fatal(err)
			}
			fCnt := 0xFFFF + uint32(i)
			if uint32(f.FCnt) != fCnt&0xFFFF || !net.made(f, fCnt, p.Payload) {
				t.Errorf("uplink %d: FCnt %04X on the air, want a MIC for %X", i, f.FCnt, fCnt)
			}
			if sent := w.Sent()[i]; sent.FCnt != fCnt || sent.At.IsZero() {
				t.Errorf("recorded as %+v", sent)
			}
		}
	})
}

func TestFCntDown(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		expected uint32 // by the node
		got      uint32
		want     []Rule
	}{
		{"next", 5, 5, nil},
		{"some lost", 5, 900, nil},
		{"reused", 5, 4, []Rule{RuleFCnt}},
		{"roll-over", 0xFFFF, 0x10000, nil},
		{"after the roll-over", 0x10000, 0x10001, nil},
		{"reused across the roll-over", 0x10001, 0xFFFF, []Rule{RuleFCnt}},
		{"furthest gap", 5, 5 + maxFCntGap - 1, nil},
		{"gap", 5, 5 + maxFCntGap, []Rule{RuleFCnt}},
		{"counter before the first", 5, math.MaxUint32 - 0xFFFF + 6, []Rule{RuleMIC}},
		{"counter of another epoch", 0x10005, 5 + 0x30000, []Rule{RuleMIC}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			cfg := abp(t)
			cfg.FCntDown = tt.expected
			inWorld(t, 0, []Config{cfg}, func(t *testing.T, air *fakeAir, w *World) {
				net := server(t)
				air.answer(func(_ int, p radiotest.Packet) ([]radiotest.Emission, error) {
					return []radiotest.Emission{rx1(p, time.Second, net.seal(lorawan.Data{MType: lorawan.UnconfirmedDown}, tt.got))}, nil
				})
				if _, err := w.Node("greenhouse").Send(t.Context(), Message{FPort: 1}); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(tt.want, rules(w)); diff != "" {
					t.Errorf("violations (-want +got):\n%s%v", diff, w.Violations())
				}
				if got := len(w.Received()); (got == 1) != (tt.want == nil) {
					t.Errorf("%d downlinks received", got)
				}
			})
		})
	}
}

func TestFCntDownTwice(t *testing.T) {
	t.Parallel()
	inWorld(t, 0, []Config{abp(t)}, func(t *testing.T, air *fakeAir, w *World) {
		phy := server(t).seal(lorawan.Data{MType: lorawan.UnconfirmedDown}, 0)
		air.answer(func(_ int, p radiotest.Packet) ([]radiotest.Emission, error) {
			return []radiotest.Emission{rx1(p, time.Second, phy)}, nil
		})
		for range 2 {
			if _, err := w.Node("greenhouse").Send(t.Context(), Message{FPort: 1}); err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff([]Rule{RuleFCnt}, rules(w)); diff != "" || len(w.Received()) != 1 {
			t.Errorf("violations (-want +got):\n%s%v", diff, w.Violations())
		}
	})
}

func TestSendRefuses(t *testing.T) {
	t.Parallel()
	inWorld(t, 0, []Config{abp(t), otaa(t)}, func(t *testing.T, air *fakeAir, w *World) {
		if _, err := w.Node("cellar").Send(t.Context(), Message{}); !errors.Is(err, ErrNotJoined) {
			t.Errorf("before the join: got %v, want %v", err, ErrNotJoined)
		}
		if err := w.Node("greenhouse").Join(t.Context()); !errors.Is(err, ErrNotOTAA) {
			t.Errorf("join of an ABP node: got %v, want %v", err, ErrNotOTAA)
		}
		for name, m := range map[string]Message{
			"payload": {FPort: 1, Payload: make([]byte, 243)},
			"FOpts":   {FPort: 1, FOpts: make([]byte, 16)},
			"both":    {FPort: 1, Payload: make([]byte, 242), FOpts: make([]byte, 1)},
		} {
			if _, err := w.Node("greenhouse").Send(t.Context(), m); err == nil {
				t.Errorf("%s too long: sent", name)
			}
		}
		if n := len(air.packets()); n != 0 {
			t.Errorf("%d packets on the air, want none", n)
		}
	})
}
