package bridge_test

import (
	"context"
	"testing"
	"time"

	"gatewayd/bridge"
	"gatewayd/bridge/mac"
	"gatewayd/internal/simulator"
	"gatewayd/internal/simulator/lorawan"
)

// A node of LoRaWAN 1.1 rejoins in every way, again and again, and sends with
// the keys it was given.
func TestRejoin(t *testing.T) {
	t.Parallel()
	p := plans(t)["EU868"]
	for _, kind := range []lorawan.JoinType{lorawan.Rejoin0, lorawan.Rejoin1, lorawan.Rejoin2} {
		t.Run(kind.String(), func(t *testing.T) {
			t.Parallel()
			n, c := p.pair(t, mac.V1_1_0, true, bridge.ClassA)
			n.MAC.RXDelay = 3
			s := scene{region: p.options, nodes: []bridge.Node{n}, sim: []simulator.Config{c}}
			s.in(t, func(ctx context.Context, net *network) {
				node := net.world.Node("node")
				if err := node.Join(ctx); err != nil {
					t.Fatal(err)
				}
				up := simulator.Message{FPort: 1, Payload: []byte("up"), ADR: true, Confirmed: true}
				for i := range 4 {
					before, _ := node.DevAddr()
					if sent := net.send(ctx, "node", up); !sent.Acked {
						t.Errorf("round %d: the uplink after it was not acknowledged", i)
					}
					accepted, err := node.Rejoin(ctx, kind)
					if err != nil || !accepted {
						t.Fatalf("round %d: rejoin accepted: %v, %v; dropped %v", i, accepted, err, net.bridge.Stats().Dropped)
					}
					if after, _ := node.DevAddr(); after == before {
						t.Errorf("round %d: the rejoin changed nothing", i)
					}
				}
				net.send(ctx, "node", up)
				if set, _ := node.Settings(); set.Version != lorawan.V110 || set.RXDelay != 3*time.Second {
					t.Errorf("settings %+v", set)
				}
			})
		})
	}
}

func TestForceRejoin(t *testing.T) {
	t.Parallel()
	p := plans(t)["EU868"]
	n, c := p.pair(t, mac.V1_1_0, true, bridge.ClassA)
	s := scene{region: p.options, nodes: []bridge.Node{n}, sim: []simulator.Config{c}}
	s.in(t, func(ctx context.Context, net *network) {
		node := net.world.Node("node")
		if err := node.Join(ctx); err != nil {
			t.Fatal(err)
		}
		up := simulator.Message{FPort: 1, Payload: []byte("up"), ADR: true}
		net.send(ctx, "node", up)
		before, _ := node.DevAddr()
		if err := net.bridge.ForceRejoin(ctx, "node"); err != nil {
			t.Fatal(err)
		}
		net.send(ctx, "node", up)
		<-time.After(5 * time.Minute)
		if after, _ := node.DevAddr(); after == before {
			t.Error("the node did not rejoin")
		}
		joins := len(net.world.Joins())
		net.send(ctx, "node", up)
		net.send(ctx, "node", up)
		<-time.After(5 * time.Minute)
		if again := len(net.world.Joins()); again != joins {
			t.Errorf("%d more rejoins: it is asked for once", again-joins)
		}
	})
}

// A node that forgets its session joins again, and one that forgets its
// DevNonce is let in when an operator says so.
func TestNodeThatForgets(t *testing.T) {
	t.Parallel()
	p := plans(t)["EU868"]
	for v := range versions() {
		t.Run(v.String(), func(t *testing.T) {
			t.Parallel()
			n, c := p.pair(t, v, true, bridge.ClassA)
			c.JoinAttempts = 2
			s := scene{region: p.options, nodes: []bridge.Node{n}, sim: []simulator.Config{c}}
			s.in(t, func(ctx context.Context, net *network) {
				node := net.world.Node("node")
				join := func() {
					t.Helper()
					if err := node.Join(ctx); err != nil {
						t.Fatalf("%v; dropped %v", err, net.bridge.Stats().Dropped)
					}
					net.send(ctx, "node", simulator.Message{FPort: 1, Payload: []byte("up"), Confirmed: true})
				}
				join()
				if err := node.PowerCycle(ctx); err != nil {
					t.Fatal(err)
				}
				join()
				if v < mac.V1_0_4 {
					return // DevNonces are random: a node has nothing to forget
				}
				if err := node.FactoryReset(ctx); err != nil {
					t.Fatal(err)
				}
				if err := node.Join(ctx); err == nil {
					t.Error("a DevNonce used before was accepted")
				}
				if err := node.FactoryReset(ctx); err != nil {
					t.Fatal(err)
				}
				if err := net.bridge.ResetNonces(ctx, "node"); err != nil {
					t.Fatal(err)
				}
				join()
			})
		})
	}
}

// An ABP node that loses its counters is heard again where the policy allows
// it, and a LoRaWAN 1.1 one tells that it was reset.
func TestABPNodeThatForgets(t *testing.T) {
	t.Parallel()
	p := plans(t)["EU868"]
	for name, tt := range map[string]struct {
		policy bridge.CounterPolicy
		want   uint64 // accepted uplinks
	}{
		"strict":  {bridge.CountersStrict, 3},
		"relaxed": {bridge.CountersRelaxed, 5},
		"off":     {bridge.CountersOff, 5},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n, c := p.pair(t, mac.V1_0_3, false, bridge.ClassA)
			n.Counters = tt.policy
			c.Prompt = false
			s := scene{region: p.options, nodes: []bridge.Node{n}, sim: []simulator.Config{c}}
			s.in(t, func(ctx context.Context, net *network) {
				up := simulator.Message{FPort: 1, Payload: []byte("up")}
				for range 3 {
					net.send(ctx, "node", up)
				}
				if err := net.world.Node("node").FactoryReset(ctx); err != nil {
					t.Fatal(err)
				}
				for range 2 {
					net.send(ctx, "node", up)
				}
				if got := net.bridge.Stats().Accepted; got != tt.want {
					t.Errorf("accepted %d, want %d; dropped %v", got, tt.want, net.bridge.Stats().Dropped)
				}
				ids := map[string]bool{}
				messages, _ := net.bridge.Feed(n).Pending(0, 100)
				for _, m := range messages {
					if ids[m.ID] {
						t.Errorf("message id %s twice", m.ID)
					}
					ids[m.ID] = true
				}
			})
		})
	}
}
