package simulator

import (
	"testing"
	"time"

	"gatewayd/internal/simulator/lorawan"
	"gatewayd/radio/radiotest"

	"github.com/google/go-cmp/cmp"
)

// All three rejoins, answered and not: which MIC, which counter, what is
// kept.
func TestRejoin(t *testing.T) {
	t.Parallel()
	for typ := lorawan.Rejoin0; typ <= lorawan.Rejoin2; typ++ {
		cfg := otaa11(t)
		inWorld(t, 0, []Config{cfg}, func(t *testing.T, air *fakeAir, w *World) {
			n, j := w.Node("cellar"), &joiner{t: t, cfg: cfg, addr: 0x26000000}
			j.after = func(i int, _ radiotest.Packet) []byte {
				if i != 0 {
					return nil
				}
				return commands(t, j.peer, 0, "0b01"+"0803") // RekeyConf, RXTimingSetupReq
			}
			air.answer(j.answer)
			if err := n.Join(t.Context()); err != nil {
				t.Fatal(err)
			}
			send(t, n)
			old := j.peer
			j.deny = true
			if ok, err := n.Rejoin(t.Context(), typ); ok || err != nil {
				t.Errorf("%s without answer: %v, %v", typ, ok, err)
			}
			if a, _ := n.DevAddr(); a != old.addr {
				t.Errorf("%s without answer changed the session", typ)
			}
			j.deny, j.after = false, nil
			if ok, err := n.Rejoin(t.Context(), typ); !ok || err != nil {
				t.Fatalf("%s: %v, %v, %v", typ, ok, err, w.Violations())
			}
			checkRejoins(t, typ, cfg, old, air.packets()[2:])
			s := send(t, n)
			if a, _ := n.DevAddr(); a != j.addr || s.FCnt != 0 || said(s) != "0b01" {
				t.Errorf("%s: node is at %s, sent %+v", typ, a, s)
			}
			kept := typ == lorawan.Rejoin2
			if got := settingsOf(t, n).RXDelay; (got == 3*time.Second) != kept {
				t.Errorf("%s: RXDelay %s", typ, got)
			}
			if v := w.Violations(); len(v) > 0 {
				t.Errorf("%s: violations: %v", typ, v)
			}
		})
	}
}

// checkRejoins compares two requests with what they must be; net is the
// session they were made in.
func checkRejoins(t *testing.T, typ lorawan.JoinType, cfg Config, net *peer, packets []radiotest.Packet) {
	t.Helper()
	for i := range uint16(2) {
		want := lorawan.SealRejoin02(net.keys.SNwkSInt, typ, 0x13, cfg.DevEUI, i)
		if typ == lorawan.Rejoin1 {
			want = lorawan.SealRejoin1(lorawan.JSIntKey(cfg.NwkKey, cfg.DevEUI), cfg.JoinEUI, cfg.DevEUI, i)
		}
		if diff := cmp.Diff(want, packets[i].Payload); diff != "" {
			t.Errorf("%s, request %d (-want +got):\n%s", typ, i, diff)
		}
	}
}

// A rejoin may be answered with data, after the delay of a join accept.
func TestRejoinAnsweredWithData(t *testing.T) {
	t.Parallel()
	cfg := otaa11(t)
	inWorld(t, 0, []Config{cfg}, func(t *testing.T, air *fakeAir, w *World) {
		n, j := w.Node("cellar"), &joiner{t: t, cfg: cfg}
		air.answer(func(i int, p radiotest.Packet) ([]radiotest.Emission, error) {
			if i == 0 {
				return j.answer(i, p)
			}
			return []radiotest.Emission{rx1(p, 5*time.Second, commands(t, j.peer, 0, "06"))}, nil
		})
		if err := n.Join(t.Context()); err != nil {
			t.Fatal(err)
		}
		if ok, err := n.Rejoin(t.Context(), lorawan.Rejoin0); ok || err != nil || len(w.Received()) != 1 {
			t.Errorf("%v, %v, received %v, violations %v", ok, err, w.Received(), w.Violations())
		}
		if _, err := n.Rejoin(t.Context(), lorawan.Join); err == nil {
			t.Error("a join is no rejoin")
		}
	})
}
