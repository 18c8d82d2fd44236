package simulator

import (
	"slices"
	"testing"
	"time"

	"gatewayd/internal/simulator/lorawan"
	"gatewayd/radio/radiotest"

	"github.com/google/go-cmp/cmp"
)

// joined11 is a world with a node of 1.1 that has joined; the network's first
// data downlink has the MAC commands down besides RekeyConf, and answers no
// rejoin.
func joined11(t *testing.T, down string, body func(t *testing.T, w *World, n *Node)) {
	t.Helper()
	cfg := otaa11(t)
	inWorld(t, 0, []Config{cfg}, func(t *testing.T, air *fakeAir, w *World) {
		n, j := w.Node("cellar"), &joiner{t: t, cfg: cfg}
		j.after = func(i int, _ radiotest.Packet) []byte {
			if i != 0 {
				return nil
			}
			j.deny = true
			return commands(t, j.peer, 0, "0b01"+down)
		}
		air.answer(j.answer)
		if err := n.Join(t.Context()); err != nil {
			t.Fatal(err)
		}
		send(t, n)
		body(t, w, n)
		if v := w.Violations(); len(v) > 0 {
			t.Errorf("violations: %v", v)
		}
	})
}

// rejoins lists the types of the rejoin requests.
func rejoins(w *World) []lorawan.JoinType {
	var out []lorawan.JoinType
	for _, j := range w.Joins() {
		if j.Type != lorawan.Join {
			out = append(out, j.Type)
		}
	}
	return out
}

// ForceRejoinReq: the type, and as many repetitions as it asks for.
func TestForceRejoin(t *testing.T) {
	t.Parallel()
	for down, want := range map[string][]lorawan.JoinType{
		"0e0500": {lorawan.Rejoin0},                                   // at DR5
		"0e1500": {lorawan.Rejoin0},                                   // type 1 stands for 0
		"0e250a": {lorawan.Rejoin2, lorawan.Rejoin2, lorawan.Rejoin2}, // two retries
	} {
		joined11(t, down, func(t *testing.T, w *World, _ *Node) {
			pause(t, 10*time.Second)
			if got := rejoins(w); len(got) != 1 {
				t.Errorf("%s: %d rejoin requests at once, want 1", down, len(got))
			}
			pause(t, time.Hour)
			if diff := cmp.Diff(want, rejoins(w)); diff != "" {
				t.Errorf("%s: rejoin requests (-want +got):\n%s", down, diff)
			}
			all := w.Joins()
			for i := 2; i < len(all); i++ {
				if d := all[i].At.Sub(all[i-1].At); d < 64*time.Second {
					t.Errorf("%s: repeated after %s, the period is 64 s", down, d)
				}
			}
		})
	}
}

// RejoinParamSetupReq: by the number of uplinks, and by time.
func TestRejoinParamSetup(t *testing.T) {
	t.Parallel()
	joined11(t, "0ff0", func(t *testing.T, w *World, n *Node) {
		for range 15 {
			send(t, n)
		}
		pause(t, 10*time.Second)
		before := len(rejoins(w))
		send(t, n)
		pause(t, 10*time.Second)
		if got := rejoins(w); before != 0 || !slices.Equal(got, []lorawan.JoinType{lorawan.Rejoin0}) {
			t.Errorf("%d rejoin requests after 15 uplinks, %v after 16", before, got)
		}
	})
	joined11(t, "0f0f", func(t *testing.T, w *World, _ *Node) {
		pause(t, 1000*time.Second)
		before := len(rejoins(w))
		pause(t, 60*time.Second)
		if after := len(rejoins(w)); before != 0 || after != 1 {
			t.Errorf("%d rejoin requests after 1000 s, %d after 1060 s", before, after)
		}
	})
}

// A prompt node does not let the network wait.
func TestPrompt(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]lorawan.Data{
		"confirmed": {MType: lorawan.ConfirmedDown, HasPort: true, FPort: 3},
		"pending":   {MType: lorawan.UnconfirmedDown, FCtrl: lorawan.FCtrlFPending},
		"command":   {MType: lorawan.UnconfirmedDown, FOpts: []byte{0x06}},
		"nothing":   {MType: lorawan.UnconfirmedDown, HasPort: true, FPort: 3},
	} {
		for _, prompt := range []bool{true, false} {
			cfg := abp(t)
			cfg.Prompt = prompt
			inWorld(t, 0, []Config{cfg}, func(t *testing.T, air *fakeAir, w *World) {
				air.answer(inTurn(server(t).seal(f, 0)))
				send(t, w.Node("greenhouse"))
				pause(t, 10*time.Second)
				want := 1
				if prompt && name != "nothing" {
					want = 2
				}
				if got := len(w.Sent()); got != want {
					t.Errorf("%s, prompt %v: %d uplinks, want %d", name, prompt, got, want)
				}
			})
		}
	}
}
