package simulator

import (
	"cmp"
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"gatewayd/internal/secret"
	"gatewayd/internal/simulator/lorawan"
	"gatewayd/radio/radiotest"

	gocmp "github.com/google/go-cmp/cmp"
)

func sorted[T cmp.Ordered](in []T) []T { return slices.Sorted(slices.Values(in)) }

// finish waits until every node has sent its frames, an hour of the bubble's
// time at most.
func finish(t *testing.T, w *World) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	if err := w.Wait(ctx); err != nil {
		t.Fatalf("%v after %+v", err, w.Totals())
	}
}

func TestRunSendsEveryFrame(t *testing.T) {
	t.Parallel()
	a, b := abp(t), abp(t)
	a.Interval, a.Frames = 3*time.Second, 5
	b.Name, b.DevAddr, b.Interval, b.Frames, b.Confirmed = "attic", 0x26000001, 4*time.Second, 4, true
	inWorld(t, 0, []Config{a, b}, func(t *testing.T, air *fakeAir, w *World) {
		net := server(t)
		net.addr = b.DevAddr
		air.answer(func(n int, p radiotest.Packet) ([]radiotest.Emission, error) {
			if p.Payload[0] != lorawan.ConfirmedUp.MHDR() {
				return nil, nil
			}
			return []radiotest.Emission{rx1(p, time.Second, ack(net, uint32(n)))}, nil
		})
		finish(t, w)
		want := Totals{Sent: 9, Acked: 4, Received: 4}
		if diff := gocmp.Diff(want, w.Totals()); diff != "" {
			t.Errorf("totals (-want +got):\n%s%v", diff, w.Violations())
		}
		next := map[string]uint32{}
		for _, s := range w.Sent() {
			if s.FCnt != next[s.Node] || !slices.Equal(s.Payload, Climate(s.FCnt)) || s.FPort != 1 {
				t.Errorf("got %+v, want FCnt %d", s, next[s.Node])
			}
			next[s.Node]++
		}
	})
}

// A node whose joins stay without answer goes on trying.
func TestRunJoinsAgain(t *testing.T) {
	t.Parallel()
	cfg := otaa(t)
	cfg.Interval, cfg.Frames = 10*time.Second, 1
	inWorld(t, 0, []Config{cfg}, func(t *testing.T, air *fakeAir, w *World) {
		air.answer(func(n int, p radiotest.Packet) ([]radiotest.Emission, error) {
			if n != 3 {
				return nil, nil
			}
			return []radiotest.Emission{rx1(p, 5*time.Second, sealJoinAccept(t, cfg.AppKey, granted()))}, nil
		})
		finish(t, w)
		if got := w.Totals(); got != (Totals{Sent: 1, Joins: 4, Joined: 1}) {
			t.Errorf("totals: %+v", got)
		}
	})
}

func TestDrain(t *testing.T) {
	t.Parallel()
	cfg := abp(t)
	cfg.Interval, cfg.Confirmed = time.Second, true
	inWorld(t, 0, []Config{cfg}, func(t *testing.T, air *fakeAir, w *World) {
		net, first := server(t), make(chan struct{})
		air.answer(func(n int, p radiotest.Packet) ([]radiotest.Emission, error) {
			if n == 0 {
				close(first)
			}
			return []radiotest.Emission{rx1(p, time.Second, ack(net, uint32(n)))}, nil
		})
		<-first
		if err := w.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := w.Totals(); got != (Totals{Sent: 1, Acked: 1, Received: 1}) {
			t.Errorf("after Drain: %+v", got)
		}
		if err := sleep(t.Context(), time.Minute); err != nil {
			t.Fatal(err)
		}
		if got := w.Totals().Sent; got != 1 {
			t.Errorf("%d uplinks after Drain, want 1", got)
		}
	})
}

// Run ends at once with its context, whatever the nodes are doing.
func TestRunStops(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a, b := abp(t), otaa(t)
		a.Interval, a.Confirmed, b.Interval = time.Second, true, time.Second
		w, err := New(newFakeAir(0), []Config{a, b}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		begin := time.Now()
		if err := w.Run(ctx); err != nil {
			t.Error(err)
		}
		if d := time.Since(begin); d != 10*time.Second {
			t.Errorf("Run took %s", d)
		}
	})
}

// The same seed gives the same air, so that a failure can be repeated.
func TestSameSeedSameAir(t *testing.T) {
	t.Parallel()
	run := func() (out []radiotest.Packet) {
		cfg := abp(t)
		cfg.Interval, cfg.Frames = time.Second, 5
		inWorld(t, 7, []Config{cfg}, func(t *testing.T, air *fakeAir, w *World) {
			finish(t, w)
			out = air.packets()
		})
		return out
	}
	if diff := gocmp.Diff(run(), run()); diff != "" {
		t.Errorf("two runs differ:\n%s", diff)
	}
}

// Who is blamed for, or gets, an emission nobody asked for.
func TestDispatch(t *testing.T) {
	t.Parallel()
	other := abp(t)
	other.Name, other.NwkSKey = "namesake", key(t, "000000000000000000000000000000ff")
	nodes := []Config{abp(t), other, otaa(t)}
	foreign := server(t)
	foreign.addr++
	stranger := server(t)
	stranger.keys.SNwkSInt = secret.NewAES128([16]byte{9})
	for _, tt := range []struct {
		name string
		phy  []byte
		want []Violation
	}{
		{"before any uplink", ack(server(t), 0), []Violation{{Node: "greenhouse", Rule: RuleWindow}}},
		{"unknown DevAddr", ack(foreign, 0), []Violation{{Rule: RuleAddress}}},
		{"no namesake's MIC", ack(stranger, 0), []Violation{{Node: "greenhouse", Rule: RuleMIC}, {Node: "namesake", Rule: RuleMIC}}},
		{"empty", nil, []Violation{{Rule: RuleMalformed}}},
		{"major", []byte{0x61}, []Violation{{Rule: RuleMalformed}}},
		{"uplink", server(t).seal(lorawan.Data{MType: lorawan.UnconfirmedUp}, 0), []Violation{{Rule: RuleMalformed}}},
		{"short", []byte{0x60, 1, 2, 3}, []Violation{{Rule: RuleMalformed}}},
		{"unknown join accept", sealJoinAccept(t, key(t, testAppKey), granted()), []Violation{{Rule: RuleMIC}}},
		{"join accept without request", sealJoinAccept(t, otaa(t).AppKey, granted()), []Violation{{Node: "cellar", Rule: RuleWindow}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			inWorld(t, 0, nodes, func(t *testing.T, air *fakeAir, w *World) {
				air.emissions <- radiotest.Emission{Count: 12345, Payload: tt.phy}
				synctest.Wait()
				got := w.Violations()
				for i := range got {
					if !strings.Contains(got[i].String(), "12345") || got[i].Detail == "" {
						t.Errorf("no numbers in %q", got[i])
					}
					got[i].Detail, got[i].Count = "", 0
				}
				if diff := gocmp.Diff(tt.want, got); diff != "" {
					t.Errorf("violations (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// A node stops listening once it was answered, and an ACK needs something to
// acknowledge.
func TestSecondAnswerAndStrayACK(t *testing.T) {
	t.Parallel()
	inWorld(t, 0, []Config{abp(t)}, func(t *testing.T, air *fakeAir, w *World) {
		net := server(t)
		air.answer(func(_ int, p radiotest.Packet) ([]radiotest.Emission, error) {
			return []radiotest.Emission{rx1(p, time.Second, ack(net, 0)), rx2(p, time.Second, ack(net, 1))}, nil
		})
		if _, err := w.Node("greenhouse").Send(t.Context(), Message{FPort: 1}); err != nil {
			t.Fatal(err)
		}
		if err := sleep(t.Context(), 2*time.Second); err != nil {
			t.Fatal(err)
		}
		if diff := gocmp.Diff([]Rule{RuleACK, RuleWindow}, rules(w)); diff != "" {
			t.Errorf("violations (-want +got):\n%s%v", diff, w.Violations())
		}
	})
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	changed := func(c Config, change func(*Config)) []Config {
		change(&c)
		return []Config{c}
	}
	for name, nodes := range map[string][]Config{
		"no name":     changed(abp(t), func(c *Config) { c.Name = "" }),
		"no key":      changed(abp(t), func(c *Config) { c.AppSKey = secret.AES128{} }),
		"both":        changed(abp(t), func(c *Config) { c.AppKey = c.NwkSKey }),
		"no DevEUI":   changed(otaa(t), func(c *Config) { c.DevEUI = [8]byte{} }),
		"no region":   changed(abp(t), func(c *Config) { c.Region = Region{} }),
		"data rate":   changed(abp(t), func(c *Config) { c.DataRate = 6 }),
		"negative":    changed(abp(t), func(c *Config) { c.Interval = -1 }),
		"same name":   {abp(t), abp(t)},
		"same AppKey": append(changed(otaa(t), func(c *Config) { c.Name = "twin" }), otaa(t)),
	} {
		if _, err := New(nil, nodes, Options{}); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestRingKeepsTheNewest(t *testing.T) {
	t.Parallel()
	r := ring[int]{limit: 3}
	for i := range 5 {
		r.add(i)
	}
	if diff := gocmp.Diff([]int{2, 3, 4}, r.all()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestHostile(t *testing.T) {
	t.Parallel()
	inWorld(t, 0, []Config{abp(t)}, func(t *testing.T, air *fakeAir, w *World) {
		n, net := w.Node("greenhouse"), server(t)
		s, err := n.Send(t.Context(), Message{FPort: 1, Payload: []byte("genuine")})
		if err != nil {
			t.Fatal(err)
		}
		frames := Hostile(s.PHYPayload, rand.NewPCG(1, 2))
		major, err := n.WrongMajor()
		if err != nil {
			t.Fatal(err)
		}
		frames = append(frames, HostileFrame{"wrong_major", major})
		for _, h := range frames {
			if err := n.Inject(t.Context(), h.PHYPayload); err != nil {
				t.Errorf("%s: %v", h.Name, err)
			}
			// None but the replay is an uplink that the session verifies.
			f, _, err := lorawan.ParseData(h.PHYPayload)
			genuine := err == nil && f.DevAddr == testAddr && f.Direction() == lorawan.Up &&
				(net.made(f, 0, h.PHYPayload) || net.made(f, 1, h.PHYPayload))
			if genuine != (h.Name == "replay") {
				t.Errorf("%s: %x verifies: %v", h.Name, h.PHYPayload, genuine)
			}
		}
		if got := len(air.packets()); got != 1+len(frames) {
			t.Errorf("%d packets on the air, want %d", got, 1+len(frames))
		}
		if n.Inject(t.Context(), nil) == nil || n.Inject(t.Context(), make([]byte, 256)) == nil {
			t.Error("injected what no packet can carry")
		}
	})
}

func TestClimate(t *testing.T) {
	t.Parallel()
	for fCnt, want := range map[uint32]string{0: "\x07\x3a\x18\x38", 24: "\x09\x92\x10\xb8", 48: "\x07\x3a\x18\x38"} {
		if got := string(Climate(fCnt)); got != want {
			t.Errorf("frame %d: got %x, want %x", fCnt, got, want)
		}
	}
}
