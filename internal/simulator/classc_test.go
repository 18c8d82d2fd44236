package simulator

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"gatewayd/internal/simulator/lorawan"
	"gatewayd/radio/radiotest"

	"github.com/google/go-cmp/cmp"
)

// anytime is an emission that a class C node of EU868 hears, now.
func anytime(air *fakeAir, phy []byte) radiotest.Emission {
	return rx2(radiotest.Packet{Count: air.Count() - 2e6}, time.Second, phy)
}

func classC(t *testing.T) Config {
	t.Helper()
	c := abp(t)
	c.Class = ClassC
	return c
}

// pause lets bubble time pass.
func pause(t *testing.T, d time.Duration) {
	t.Helper()
	if err := sleep(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	synctest.Wait()
}

// A class C node listens whenever it does not speak, and class A does not.
func TestClassC(t *testing.T) {
	t.Parallel()
	for class, want := range map[Class][]Rule{ClassC: nil, ClassA: {RuleWindow}} {
		cfg := classC(t)
		cfg.Class = class
		inWorld(t, 0, []Config{cfg}, func(t *testing.T, air *fakeAir, w *World) {
			n := w.Node("greenhouse")
			send(t, n)
			pause(t, 20*time.Second)
			air.emissions <- anytime(air, server(t).seal(lorawan.Data{MType: lorawan.UnconfirmedDown, HasPort: true, FPort: 2, Payload: []byte("on")}, 0))
			pause(t, time.Second)
			if diff := cmp.Diff(want, firstRules(w, 1)); diff != "" {
				t.Errorf("class %d: violations (-want +got):\n%s%v", class, diff, w.Violations())
			}
			if got := w.Received(); (len(got) == 1 && got[0].Window == "RXC" && string(got[0].Payload) == "on") != (want == nil) {
				t.Errorf("class %d: received %+v", class, got)
			}
		})
	}
}

// firstRules are the first rules broken, n at most.
func firstRules(w *World, n int) []Rule {
	all := rules(w)
	return all[:min(n, len(all))]
}

// What a class C node cannot hear either.
func TestClassCViolations(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(em *radiotest.Emission)
		want   Rule
	}{
		"frequency": {func(em *radiotest.Emission) { em.Frequency = 868_100_000 }, RuleFrequency},
		"data rate": {func(em *radiotest.Emission) { em.DataRate.SpreadingFactor = 9 }, RuleDataRate},
		"preamble":  {func(em *radiotest.Emission) { em.Preamble = 12 }, RulePreamble},
	} {
		inWorld(t, 0, []Config{classC(t)}, func(t *testing.T, air *fakeAir, w *World) {
			send(t, w.Node("greenhouse"))
			pause(t, 20*time.Second)
			em := anytime(air, commands(t, server(t), 0, ""))
			tt.change(&em)
			air.emissions <- em
			pause(t, time.Second)
			if diff := cmp.Diff([]Rule{tt.want}, rules(w)); diff != "" {
				t.Errorf("%s: violations (-want +got):\n%s%v", name, diff, w.Violations())
			}
		})
	}
}

// While it transmits, a class C node is as deaf as any.
func TestClassCTransmitting(t *testing.T) {
	t.Parallel()
	inWorld(t, 0, []Config{classC(t)}, func(t *testing.T, air *fakeAir, w *World) {
		s := send(t, w.Node("greenhouse"))
		em := anytime(air, commands(t, server(t), 0, ""))
		em.Count = s.Count - 10_000
		air.emissions <- em
		pause(t, time.Second)
		if v := w.Violations(); len(v) != 1 || v[0].Rule != RuleWindow || !strings.Contains(v[0].Detail, "transmitting") {
			t.Errorf("violations: %v", v)
		}
	})
}

// A confirmed downlink to class C is acknowledged at once, with an empty
// uplink.
func TestClassCConfirmed(t *testing.T) {
	t.Parallel()
	inWorld(t, 0, []Config{classC(t)}, func(t *testing.T, air *fakeAir, w *World) {
		send(t, w.Node("greenhouse"))
		pause(t, 20*time.Second)
		air.emissions <- anytime(air, server(t).seal(lorawan.Data{MType: lorawan.ConfirmedDown, HasPort: true, FPort: 2}, 0))
		pause(t, 8*time.Second)
		all := w.Sent()
		if len(all) != 2 || !all[1].ACK || len(all[1].Payload) > 0 || len(w.Violations()) > 0 {
			t.Errorf("sent %+v, violations %v", all, w.Violations())
		}
	})
}

// A network waits for the answer to a confirmed downlink before it sends
// another, and keeps MAC commands for class A since 1.0.4.
func TestClassCNetwork(t *testing.T) {
	t.Parallel()
	confirmed := lorawan.Data{MType: lorawan.ConfirmedDown, HasPort: true, FPort: 2}
	for name, tt := range map[string]struct {
		second lorawan.Data
		after  time.Duration
		want   []Rule
	}{
		"second confirmed":       {confirmed, 500 * time.Millisecond, []Rule{RuleConfirmed}},
		"after the answer":       {confirmed, 10 * time.Second, nil},
		"unconfirmed in between": {lorawan.Data{MType: lorawan.UnconfirmedDown, HasPort: true, FPort: 2}, 500 * time.Millisecond, nil},
		"MAC command":            {lorawan.Data{MType: lorawan.UnconfirmedDown, FOpts: []byte{6}}, 10 * time.Second, []Rule{RuleCommand}},
		"MAC command on port 0":  {onPort0([]byte{6}), 10 * time.Second, []Rule{RuleCommand}},
	} {
		cfg := classC(t)
		cfg.Version = lorawan.V104
		inWorld(t, 0, []Config{cfg}, func(t *testing.T, air *fakeAir, w *World) {
			net := server(t)
			air.emissions <- anytime(air, net.seal(confirmed, 0))
			pause(t, tt.after)
			air.emissions <- anytime(air, net.seal(tt.second, 1))
			pause(t, 20*time.Second)
			if diff := cmp.Diff(tt.want, rules(w)); diff != "" {
				t.Errorf("%s: violations (-want +got):\n%s%v", name, diff, w.Violations())
			}
		})
	}
}

// Both RX1 and RXC answer one uplink of a class C node.
func TestClassCWindows(t *testing.T) {
	t.Parallel()
	inWorld(t, 0, []Config{classC(t)}, func(t *testing.T, air *fakeAir, w *World) {
		net := server(t)
		air.answer(func(n int, p radiotest.Packet) ([]radiotest.Emission, error) {
			if n > 0 {
				return nil, nil
			}
			early := rx2(p, -800*time.Millisecond, commands(t, net, 0, ""))
			late := rx2(p, 5*time.Second, commands(t, net, 2, ""))
			return []radiotest.Emission{early, rx1(p, time.Second, ack(net, 1)), late}, nil
		})
		s, err := w.Node("greenhouse").Send(t.Context(), Message{FPort: 1, Confirmed: true})
		if err != nil || !s.Acked {
			t.Errorf("%+v, %v", s, err)
		}
		pause(t, 10*time.Second)
		var got []string
		for _, d := range w.Received() {
			got = append(got, d.Window)
		}
		if diff := cmp.Diff([]string{"RXC", "RX1", "RXC"}, got); diff != "" || len(w.Violations()) > 0 {
			t.Errorf("windows (-want +got):\n%s%v", diff, w.Violations())
		}
	})
}

// A class C node of 1.1 listens all the time once the network has confirmed
// its class.
func TestDeviceMode(t *testing.T) {
	t.Parallel()
	cfg := abp11(t)
	cfg.Class = ClassC
	inWorld(t, 0, []Config{cfg}, func(t *testing.T, air *fakeAir, w *World) {
		n, net := w.Node("greenhouse"), server11(t)
		air.answer(inTurn(nil, commands(t, net, 1, "01012002")))
		if got := said(send(t, n)); got != "01012002" || settingsOf(t, n).Class != ClassA {
			t.Errorf("said %s, class %d", got, settingsOf(t, n).Class)
		}
		pause(t, 20*time.Second)
		air.emissions <- anytime(air, commands(t, net, 0, ""))
		pause(t, time.Second)
		send(t, n)
		if got := said(send(t, n)); got != "" || settingsOf(t, n).Class != ClassC {
			t.Errorf("said %s, class %d", got, settingsOf(t, n).Class)
		}
		pause(t, 20*time.Second)
		air.emissions <- anytime(air, commands(t, net, 2, ""))
		pause(t, time.Second)
		if got := firstRules(w, 1); len(got) != 1 || got[0] != RuleWindow {
			t.Errorf("violations: %v", w.Violations())
		}
		if got := w.Received(); len(got) != 2 || got[1].Window != "RXC" {
			t.Errorf("received %+v", got)
		}
	})
}

func group1(t *testing.T) Multicast {
	t.Helper()
	return Multicast{DevAddr: 0xFF000001, McKey: key(t, "000000000000000000000000000000cc"), FCntDown: 5}
}

// toGroup is a downlink to group1 with change made to it.
func toGroup(t *testing.T, fCnt uint32, change func(f *lorawan.Data)) []byte {
	t.Helper()
	g := group1(t)
	nwk, app := lorawan.MulticastKeys(g.McKey, g.DevAddr)
	f := lorawan.Data{MType: lorawan.UnconfirmedDown, HasPort: true, FPort: 4, Payload: []byte("all")}
	change(&f)
	return (&peer{addr: g.DevAddr, keys: lorawan.Keys10(nwk, app)}).seal(f, fCnt)
}

// One downlink reaches every member of a group, once.
func TestMulticast(t *testing.T) {
	t.Parallel()
	a, b, c := classC(t), classC(t), classC(t)
	b.Name, b.DevAddr = "attic", 0x26000001
	c.Name, c.DevAddr = "no member", 0x26000002
	a.Multicast, b.Multicast = []Multicast{group1(t)}, []Multicast{group1(t)}
	inWorld(t, 0, []Config{a, b, c}, func(t *testing.T, air *fakeAir, w *World) {
		phy := toGroup(t, 7, func(*lorawan.Data) {})
		air.emissions <- anytime(air, phy)
		pause(t, 10*time.Second)
		var got []string
		for _, d := range w.Received() {
			got = append(got, d.Node)
			if !d.Multicast || d.FCnt != 7 || d.FPort != 4 || string(d.Payload) != "all" || d.Window != "RXC" {
				t.Errorf("received %+v", d)
			}
		}
		if diff := cmp.Diff([]string{"greenhouse", "attic"}, got); diff != "" || len(w.Violations()) > 0 {
			t.Errorf("members (-want +got):\n%s%v", diff, w.Violations())
		}
		air.emissions <- anytime(air, phy)
		pause(t, 10*time.Second)
		if diff := cmp.Diff([]Rule{RuleFCnt, RuleFCnt}, rules(w)); diff != "" || len(w.Sent()) > 0 {
			t.Errorf("the second time (-want +got):\n%s%v", diff, w.Violations())
		}
	})
}

func TestMulticastViolations(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		fCnt   uint32
		change func(f *lorawan.Data)
		hz     uint32
		want   []Rule
	}{
		"confirmed":       {5, func(f *lorawan.Data) { f.MType = lorawan.ConfirmedDown }, 0, []Rule{RuleMulticast}},
		"ACK":             {5, func(f *lorawan.Data) { f.FCtrl = lorawan.FCtrlACK }, 0, []Rule{RuleMulticast}},
		"FOpts":           {5, func(f *lorawan.Data) { f.FOpts = []byte{6} }, 0, []Rule{RuleMulticast}},
		"port 0":          {5, func(f *lorawan.Data) { f.FPort = 0 }, 0, []Rule{RuleMulticast}},
		"too low":         {4, func(*lorawan.Data) {}, 0, []Rule{RuleFCnt}},
		"group frequency": {5, func(*lorawan.Data) {}, 868_300_000, []Rule{RuleFrequency, RuleDataRate}},
	} {
		cfg := classC(t)
		cfg.Multicast = []Multicast{group1(t)}
		cfg.Multicast[0].Frequency, cfg.Multicast[0].DataRate = tt.hz, 3
		inWorld(t, 0, []Config{cfg}, func(t *testing.T, air *fakeAir, w *World) {
			air.emissions <- anytime(air, toGroup(t, tt.fCnt, tt.change))
			pause(t, time.Second)
			if diff := cmp.Diff(tt.want, rules(w)); diff != "" || len(w.Received()) > 0 {
				t.Errorf("%s: violations (-want +got):\n%s%v", name, diff, w.Violations())
			}
		})
	}
}
