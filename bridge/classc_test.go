package bridge_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gatewayd/bridge"
	"gatewayd/bridge/mac"
	"gatewayd/internal/simulator"
	"gatewayd/radio"
)

// A class C node is sent its downlinks at once, in order, one at a time.
func TestClassCAtOnce(t *testing.T) {
	t.Parallel()
	p := plans(t)["EU868"]
	for _, v := range []mac.Version{mac.V1_0_3, mac.V1_1_0} {
		t.Run(v.String(), func(t *testing.T) {
			t.Parallel()
			n, c := p.pair(t, v, true, bridge.ClassC)
			s := scene{region: p.options, nodes: []bridge.Node{n}, sim: []simulator.Config{c}}
			s.in(t, func(ctx context.Context, net *network) {
				if err := net.world.Node("node").Join(ctx); err != nil {
					t.Fatal(err)
				}
				net.send(ctx, "node", simulator.Message{FPort: 1, Payload: []byte("up")})
				net.send(ctx, "node", simulator.Message{FPort: 1, Payload: []byte("up")})
				var want []string
				for i := range 5 {
					want = append(want, fmt.Sprint("down ", i))
					net.enqueue(ctx, bridge.Downlink{ID: want[i], FPort: 3, Payload: []byte(want[i]), Confirmed: i%2 == 1})
				}
				<-time.After(2 * time.Minute)
				if diff := cmp.Diff(want, net.downlinks("node")); diff != "" {
					t.Errorf("downlinks (-want +got):\n%s", diff)
				}
				if got := net.bridge.Stats().Acked; got != 2 {
					t.Errorf("%d acknowledged, want 2", got)
				}
			})
		})
	}
}

// What the concentrator refuses is tried again, with pauses, and given up
// when it is too late.
func TestClassCWaitsForTheConcentrator(t *testing.T) {
	t.Parallel()
	p := plans(t)["EU868"]
	n, c := p.pair(t, mac.V1_0_3, false, bridge.ClassC)
	s := scene{region: p.options, nodes: []bridge.Node{n}, sim: []simulator.Config{c}}
	s.in(t, func(ctx context.Context, net *network) {
		net.send(ctx, "node", simulator.Message{FPort: 1, Payload: []byte("up")})
		net.send(ctx, "node", simulator.Message{FPort: 1, Payload: []byte("up")})
		tries := 0
		net.site.mu.Lock()
		net.site.refuse = func(radio.Downlink) radio.TxReason { tries++; return radio.TxNotRunning }
		net.site.mu.Unlock()
		net.enqueue(ctx, bridge.Downlink{ID: "late", FPort: 3, TTL: 10 * time.Minute})
		<-time.After(5 * time.Minute)
		net.site.mu.Lock()
		if tries < 8 || tries > 20 {
			t.Errorf("%d tries in five minutes", tries)
		}
		net.site.mu.Unlock()
		net.enqueue(ctx, bridge.Downlink{ID: "later", FPort: 4, Payload: []byte("x")})
		<-time.After(6 * time.Minute)
		net.site.mu.Lock()
		net.site.refuse = nil
		net.site.mu.Unlock()
		<-time.After(2 * time.Minute)
		if diff := cmp.Diff([]string{"x"}, net.downlinks("node")); diff != "" {
			t.Errorf("downlinks (-want +got):\n%s", diff)
		}
	})
}

// A downlink to a multicast group goes out once, and its members all get it.
func TestMulticast(t *testing.T) {
	t.Parallel()
	p := plans(t)["EU868"]
	var nodes []bridge.Node
	var sims []simulator.Config
	group := simulator.Multicast{DevAddr: 0x26FFFF01, NwkSKey: key(40), AppSKey: key(41), FCntDown: 100, Frequency: 869_525_000, DataRate: 3}
	for i := range 3 {
		n, c := p.pair(t, mac.V1_0_3, true, bridge.ClassC)
		id := fmt.Sprint("node", i)
		n.Name, n.DeviceID, n.DevEUI[7], n.AppKey = id, id, byte(i), key(byte(50+i))
		c.Name, c.DevEUI, c.AppKey, c.Multicast = id, n.DevEUI, n.AppKey, []simulator.Multicast{group}
		nodes, sims = append(nodes, n), append(sims, c)
	}
	g := bridge.Node{
		Name: "group", DeviceID: "group", Version: mac.V1_0_3, Multicast: true, MAC: nodes[0].MAC,
		DevAddr: [4]byte{0x26, 0xFF, 0xFF, 0x01}, NwkSKey: key(40), AppSKey: key(41),
		Group: bridge.Group{Frequency: 869_525_000, DataRate: 3, FCnt: 100},
	}
	s := scene{region: p.options, nodes: append(nodes, g), sim: sims}
	s.in(t, func(ctx context.Context, net *network) {
		for i := range 3 {
			if err := net.world.Node(sims[i].Name).Join(ctx); err != nil {
				t.Fatal(err)
			}
			net.send(ctx, sims[i].Name, simulator.Message{FPort: 1, Payload: []byte("up")})
		}
		before := len(net.site.sending)
		for _, payload := range []string{"all", "of you"} {
			if err := net.bridge.Enqueue(ctx, "group", bridge.Downlink{ID: payload, FPort: 9, Payload: []byte(payload)}); err != nil {
				t.Fatal(err)
			}
		}
		<-time.After(time.Minute)
		if sent := len(net.site.sending) - before; sent != 2 {
			t.Errorf("%d emissions, want 2", sent)
		}
		for i := range 3 {
			if diff := cmp.Diff([]string{"all", "of you"}, net.downlinks(sims[i].Name)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", sims[i].Name, diff)
			}
		}
	})
}

// Two concentrators hear the same frames: one message names both, and the
// better one answers, the other when that cannot.
func TestTwoConcentrators(t *testing.T) {
	t.Parallel()
	p := plans(t)["EU868"]
	n, c := p.pair(t, mac.V1_0_4, true, bridge.ClassA)
	s := scene{region: p.options, nodes: []bridge.Node{n}, sim: []simulator.Config{c}, twoOf: true}
	s.in(t, func(ctx context.Context, net *network) {
		if err := net.world.Node("node").Join(ctx); err != nil {
			t.Fatal(err)
		}
		up := simulator.Message{FPort: 1, Payload: []byte("up"), Confirmed: true}
		for range 5 {
			if sent := net.send(ctx, "node", up); !sent.Acked || sent.Transmissions != 1 {
				t.Errorf("acknowledged: %v, after %d transmissions", sent.Acked, sent.Transmissions)
			}
		}
		if len(net.far.sending) != 0 {
			t.Errorf("the far concentrator answered %d times", len(net.far.sending))
		}
		net.site.mu.Lock()
		net.site.refuse = func(radio.Downlink) radio.TxReason { return radio.TxRxOnly }
		net.site.mu.Unlock()
		if sent := net.send(ctx, "node", up); !sent.Acked || len(net.far.sending) != 1 {
			t.Errorf("acknowledged: %v, by the far concentrator %d times", sent.Acked, len(net.far.sending))
		}
		if got := net.bridge.Stats(); got.Accepted != 6 {
			t.Errorf("accepted %d, want 6; dropped %v", got.Accepted, got.Dropped)
		}
		messages, err := net.bridge.Feed(n).Pending(0, 100)
		if err != nil || len(messages) != 7 { // with the join
			t.Fatalf("%d messages, %v", len(messages), err)
		}
		type receiver struct {
			Concentrator string  `json:"concentrator"`
			SNR          float32 `json:"snr"`
		}
		got := decode[struct {
			Concentrator string     `json:"concentrator"`
			Receivers    []receiver `json:"receivers"`
		}](t, messages[6].Body)
		want := []receiver{{"near", 9}, {"far", 1}}
		if diff := cmp.Diff(want, got.Receivers); diff != "" || got.Concentrator != "near" {
			t.Errorf("received by %s (-want +got):\n%s", got.Concentrator, diff)
		}
	})
}
