package simulator

import (
	"errors"
	"slices"
	"testing"
	"time"

	"gatewayd/internal/simulator/lorawan"
	"gatewayd/radio/radiotest"

	"github.com/google/go-cmp/cmp"
)

// joiner answers the joins and rejoins of one node of 1.1, and then what
// after says to its data uplinks.
type joiner struct {
	t     *testing.T
	cfg   Config
	nonce uint32 // JoinNonce of the last accept
	addr  DevAddr
	peer  *peer
	deny  bool // no accepts
	after func(i int, p radiotest.Packet) []byte
	data  int // uplinks since the last accept
}

func (j *joiner) answer(_ int, p radiotest.Packet) ([]radiotest.Emission, error) {
	typ, nonce := lorawan.Join, uint16(0)
	switch p.Payload[0] {
	case lorawan.JoinRequest.MHDR(), lorawan.RejoinRequest.MHDR():
		if p.Payload[0] == lorawan.RejoinRequest.MHDR() {
			typ = lorawan.JoinType(p.Payload[1])
		}
		b := p.Payload[:len(p.Payload)-lorawan.MICSize]
		nonce = uint16(b[len(b)-2]) | uint16(b[len(b)-1])<<8
	default:
		j.data++
		if j.after == nil || j.after(j.data-1, p) == nil {
			return nil, nil
		}
		return []radiotest.Emission{rx1(p, time.Second, j.after(j.data-1, p))}, nil
	}
	if j.deny {
		return nil, nil
	}
	j.nonce++
	j.addr++
	j.data = 0
	a := lorawan.Accept{JoinNonce: j.nonce, NetID: 0x13, DevAddr: j.addr, RXDelay: time.Second}
	j.peer = &peer{addr: j.addr, v11: true, keys: lorawan.DeriveKeys11(j.cfg.NwkKey, j.cfg.AppKey, j.nonce, j.cfg.JoinEUI, nonce)}
	return []radiotest.Emission{rx1(p, 5*time.Second, sealJoinAccept11(j.t, j.cfg, a, typ, nonce))}, nil
}

func TestJoin11(t *testing.T) {
	t.Parallel()
	cfg := otaa11(t)
	inWorld(t, 0, []Config{cfg}, func(t *testing.T, air *fakeAir, w *World) {
		n, j := w.Node("cellar"), &joiner{t: t, cfg: cfg, addr: 0x26000000}
		j.after = func(i int, _ radiotest.Packet) []byte {
			if i != 1 {
				return nil
			}
			return commands(t, j.peer, 0, "0b01")
		}
		air.answer(j.answer)
		if err := n.Join(t.Context()); err != nil {
			t.Fatal(err, w.Violations())
		}
		var got []string
		for i := range uint32(3) {
			got = append(got, said(send(t, n)))
			p := air.packets()[1+i]
			j.peer.uplink(t, p.Payload, i, lorawan.Transmission{DataRate: 5, Channel: channelOf(t, p)})
		}
		if diff := cmp.Diff([]string{"0b01", "0b01", ""}, got); diff != "" {
			t.Errorf("RekeyInd (-want +got):\n%s", diff)
		}
		if s := settingsOf(t, n); s.Version != lorawan.V110 {
			t.Errorf("agreed on %s", s.Version)
		}
		if v := w.Violations(); len(v) > 0 {
			t.Errorf("violations: %v", v)
		}
	})
}

// A network of 1.0 answers without OptNeg: the node takes it as one.
func TestJoin11With10(t *testing.T) {
	t.Parallel()
	cfg := otaa11(t)
	inWorld(t, 0, []Config{cfg}, func(t *testing.T, air *fakeAir, w *World) {
		a, net := granted(), (*peer)(nil)
		air.answer(func(i int, p radiotest.Packet) ([]radiotest.Emission, error) {
			if i == 0 {
				net = &peer{addr: a.DevAddr, keys: lorawan.DeriveKeys10(cfg.NwkKey, a.JoinNonce, a.NetID, 0)}
				return []radiotest.Emission{rx1(p, 5*time.Second, sealJoinAccept(t, cfg.NwkKey, a))}, nil
			}
			return []radiotest.Emission{rx1(p, time.Second, commands(t, net, 0, "06"))}, nil
		})
		n := w.Node("cellar")
		if err := n.Join(t.Context()); err != nil {
			t.Fatal(err, w.Violations())
		}
		s := send(t, n)
		net.uplink(t, s.PHYPayload, 0, lorawan.Transmission{})
		if got := settingsOf(t, n); said(s) != "" || got.Version >= lorawan.V110 || len(w.Received()) != 1 {
			t.Errorf("uplink %+v, settings %+v, violations %v", s, got, w.Violations())
		}
		if _, err := n.Rejoin(t.Context(), lorawan.Rejoin0); !errors.Is(err, ErrNotRejoin) {
			t.Errorf("rejoin in a 1.0 network: %v", err)
		}
	})
}

// DevNonce counts from 1.0.4 on, through power cycles; owners reset it.
func TestDevNonceCounts(t *testing.T) {
	t.Parallel()
	for _, cfg := range []Config{otaa11(t), otaa(t)} {
		if cfg.Version == 0 {
			cfg.Version = lorawan.V104
		}
		cfg.JoinAttempts = 1
		inWorld(t, 0, []Config{cfg}, func(t *testing.T, air *fakeAir, w *World) {
			n := w.Node("cellar")
			for _, before := range []func() error{
				func() error { return nil },
				func() error { return n.PowerCycle(t.Context()) },
				func() error { return n.FactoryReset(t.Context()) },
			} {
				if err := before(); err != nil {
					t.Fatal(err)
				}
				for range 2 {
					if err := n.Join(t.Context()); !errors.Is(err, ErrNoJoinAccept) {
						t.Fatal(err)
					}
				}
			}
			var got []uint16
			for _, j := range w.Joins() {
				got = append(got, j.DevNonce)
			}
			if diff := cmp.Diff([]uint16{0, 1, 2, 3, 0, 1}, got); diff != "" {
				t.Errorf("%s: DevNonce (-want +got):\n%s", cfg.Version, diff)
			}
		})
	}
}

func TestDevNonceSpent(t *testing.T) {
	t.Parallel()
	inWorld(t, 0, []Config{otaa11(t)}, func(t *testing.T, air *fakeAir, w *World) {
		n := w.Node("cellar")
		n.memory.devNonce = 0xFFFF
		if err := n.Join(t.Context()); !errors.Is(err, ErrNonceSpent) {
			t.Errorf("second join: %v, want %v", err, ErrNonceSpent)
		}
		if j := w.Joins(); len(j) != 1 || j[0].DevNonce != 0xFFFF {
			t.Errorf("requests %+v", j)
		}
	})
}

// Devices since 1.0.4 refuse a JoinNonce that does not grow, 0 included,
// whatever they have lost since.
func TestJoinNonceGrows(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		nonce uint32 // of the network, before it counts
		want  []Rule
	}{
		{4, nil},
		{3, []Rule{RuleJoinNonce}},
		{0, []Rule{RuleJoinNonce}},
		{0xFFFFFE, nil},
	} {
		cfg := otaa11(t)
		cfg.JoinAttempts = 1
		inWorld(t, 0, []Config{cfg}, func(t *testing.T, air *fakeAir, w *World) {
			n, j := w.Node("cellar"), &joiner{t: t, cfg: cfg, nonce: 3}
			air.answer(j.answer)
			if err := n.Join(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := n.PowerCycle(t.Context()); err != nil {
				t.Fatal(err)
			}
			j.nonce = tt.nonce
			if err := n.Join(t.Context()); (err == nil) != (tt.want == nil) {
				t.Errorf("JoinNonce %X after 4: %v", tt.nonce+1, err)
			}
			if diff := cmp.Diff(tt.want, rules(w)); diff != "" {
				t.Errorf("violations (-want +got):\n%s%v", diff, w.Violations())
			}
		})
	}
	cfg := otaa(t)
	cfg.Version = lorawan.V104
	inWorld(t, 0, []Config{cfg}, func(t *testing.T, air *fakeAir, w *World) {
		a := granted()
		a.JoinNonce = 0
		air.answer(func(_ int, p radiotest.Packet) ([]radiotest.Emission, error) {
			return []radiotest.Emission{rx1(p, 5*time.Second, sealJoinAccept(t, cfg.AppKey, a))}, nil
		})
		if err := w.Node("cellar").Join(t.Context()); err == nil || !slices.Contains(rules(w), RuleJoinNonce) {
			t.Errorf("JoinNonce 0 taken: %v", w.Violations())
		}
	})
}

// A node whose RekeyInd nobody confirms joins again.
func TestRekeyInVain(t *testing.T) {
	t.Parallel()
	cfg := otaa11(t)
	cfg.ADRAckLimit = 3
	inWorld(t, 0, []Config{cfg}, func(t *testing.T, air *fakeAir, w *World) {
		n, j := w.Node("cellar"), &joiner{t: t, cfg: cfg}
		air.answer(j.answer)
		if err := n.Join(t.Context()); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			send(t, n)
		}
		if _, err := n.Send(t.Context(), Message{FPort: 1}); !errors.Is(err, ErrNotJoined) {
			t.Errorf("got %v, want %v", err, ErrNotJoined)
		}
		if a, ok := n.DevAddr(); ok {
			t.Errorf("still has %s", a)
		}
	})
}

// An accept for another request, or with the wrong key, is not taken.
func TestAccept11Refused(t *testing.T) {
	t.Parallel()
	cfg := otaa11(t)
	cfg.JoinAttempts = 1
	a := granted()
	for name, phy := range map[string][]byte{
		"another DevNonce": sealJoinAccept11(t, cfg, a, lorawan.Join, 1),
		"as to a rejoin":   sealJoinAccept11(t, cfg, a, lorawan.Rejoin1, 0),
		"AppKey":           sealJoinAccept(t, cfg.AppKey, a),
	} {
		inWorld(t, 0, []Config{cfg}, func(t *testing.T, air *fakeAir, w *World) {
			air.answer(func(_ int, p radiotest.Packet) ([]radiotest.Emission, error) {
				return []radiotest.Emission{rx1(p, 5*time.Second, phy)}, nil
			})
			if err := w.Node("cellar").Join(t.Context()); !errors.Is(err, ErrNoJoinAccept) {
				t.Errorf("%s: %v", name, err)
			}
			if diff := cmp.Diff([]Rule{RuleMIC}, rules(w)); diff != "" {
				t.Errorf("%s: violations (-want +got):\n%s%v", name, diff, w.Violations())
			}
		})
	}
	// And a device of 1.0 does not know OptNeg.
	old := otaa(t)
	old.JoinAttempts = 1
	inWorld(t, 0, []Config{old}, func(t *testing.T, air *fakeAir, w *World) {
		a.OptNeg = true
		air.answer(func(_ int, p radiotest.Packet) ([]radiotest.Emission, error) {
			return []radiotest.Emission{rx1(p, 5*time.Second, sealJoinAccept(t, old.AppKey, a))}, nil
		})
		if err := w.Node("cellar").Join(t.Context()); err == nil || !slices.Equal(rules(w), []Rule{RuleJoinAccept}) {
			t.Errorf("OptNeg under 1.0: %v, %v", err, w.Violations())
		}
	})
}
