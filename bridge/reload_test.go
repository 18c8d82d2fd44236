package bridge_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gatewayd/bridge"
	"gatewayd/bridge/mac"
	"gatewayd/bridge/region"
	"gatewayd/internal/simulator"
	"gatewayd/radio"
)

// reload gives the bridge of n another region and other nodes.
func (n *network) reload(ctx context.Context, o region.Options, nodes ...bridge.Node) {
	n.t.Helper()
	r, err := region.New(o)
	if err != nil {
		n.t.Fatal(err)
	}
	if err := n.bridge.Apply(ctx, bridge.Network{
		NetID: [3]byte{0, 0, 0x13}, Region: r, Nodes: nodes, Gateways: map[string]bridge.Transmitter{"near": n.site},
	}); err != nil {
		n.t.Fatal(err)
	}
}

// A gateway is moved to another region without a restart: what was booked in
// the old one does not stand in the way of the new one's nodes.
func TestReloadOfTheRegion(t *testing.T) {
	t.Parallel()
	eu, us := plans(t)["EU868"], plans(t)["US915"]
	n, c := eu.pair(t, mac.V1_0_3, true, bridge.ClassA)
	n2, c2 := us.pair(t, mac.V1_0_3, true, bridge.ClassA)
	n2.DevEUI[7], n2.DeviceID, n2.Name, n2.AppKey = 99, "us", "us", key(77)
	c2.DevEUI[7], c2.Name, c2.AppKey = 99, "us", key(77)
	s := scene{region: eu.options, nodes: []bridge.Node{n}, sim: []simulator.Config{c, c2}}
	s.in(t, func(ctx context.Context, net *network) {
		if err := net.world.Node("node").Join(ctx); err != nil {
			t.Fatal(err)
		}
		net.reload(ctx, us.options, n2)
		if err := net.world.Node("us").Join(ctx); err != nil {
			t.Fatalf("after the region was changed: %v; %+v", err, net.bridge.Stats())
		}
		all, err := net.bridge.Airtime(ctx)
		if err != nil || len(all) != 1 || all[0].Concentrator != "near" {
			t.Fatalf("airtime %+v, %v", all, err)
		}
		r, err := region.New(us.options)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := len(all[0].Usage), len(r.SubBands()); got != want {
			t.Errorf("the ledger has %d sub-bands, those of the region are %d", got, want)
		}
	})
}

// In LoRaWAN 1.1 the MIC covers the number of the channel, as the node counts
// them: it goes on to do so after the plan was reordered, until it is told.
func TestReloadOfTheChannelPlan(t *testing.T) {
	t.Parallel()
	p := plans(t)["EU868"]
	o := p.options
	o.Channels = slices.Clone(o.Channels)
	slices.Reverse(o.Channels)
	r, err := region.New(o)
	if err != nil {
		t.Fatal(err)
	}
	for before := range 8 { // the next uplink is on another channel each time
		n, c := p.pair(t, mac.V1_1_0, true, bridge.ClassA)
		s := scene{region: p.options, nodes: []bridge.Node{n}, sim: []simulator.Config{c}}
		s.in(t, func(ctx context.Context, net *network) {
			if err := net.world.Node("node").Join(ctx); err != nil {
				t.Fatal(err)
			}
			for range before {
				net.send(ctx, "node", up())
			}
			moved := n
			moved.MAC = mac.DefaultDesired(r)
			net.reload(ctx, o, moved)
			for range 20 {
				net.send(ctx, "node", up())
			}
			if got := net.bridge.Stats(); got.Dropped[bridge.BadMIC] > 0 {
				t.Errorf("reload after %d uplinks: accepted %d, bad MIC %d", before, got.Accepted, got.Dropped[bridge.BadMIC])
			}
		})
	}
}

// What is configured as another version is served as that version, with the
// counters it has.
func TestReloadOfTheVersion(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		to   mac.Version
		want map[bridge.Reason]uint64 // of a gap of 40,000
	}{
		"up":   {mac.V1_0_4, map[bridge.Reason]uint64{}},
		"down": {mac.V1_0_0, map[bridge.Reason]uint64{bridge.FCntGap: 1}},
	} {
		for how, change := range map[string]func(*bench, bridge.Node){
			"reload":  func(b *bench, n bridge.Node) { b.apply(n) },
			"restart": func(b *bench, n bridge.Node) { b.nodes = []bridge.Node{n}; b.restart() },
		} {
			t.Run(name+" by "+how, func(t *testing.T) {
				t.Parallel()
				n := abp("lora1", 1, 1)
				n.Version = mac.V1_0_2
				b := newBench(t, n)
				b.hear(frameOf(n, 1, "a").bytes(t))
				n.Version = tt.to
				change(b, n)
				b.hear(frameOf(n, 40_001, "b").bytes(t))
				if diff := cmp.Diff(tt.want, b.dropped()); diff != "" {
					t.Errorf("dropped (-want +got):\n%s", diff)
				}
			})
		}
	}
}

// A reload while a downlink is in the air does not lose track of it.
func TestReloadDuringAFlight(t *testing.T) {
	t.Parallel()
	n := abp("lora1", 1, 1)
	b := newBench(t, n)
	b.enqueue(n, bridge.Downlink{ID: "d", FPort: 10, Payload: []byte("x")})
	b.hear(frameOf(n, 1, "up").bytes(t))
	renamed := n
	renamed.Name = "greenhouse"
	b.apply(renamed)
	b.report(nil)
	if diff := cmp.Diff([]string{"queued", "transmitted"}, b.events(n, "d")); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	b.enqueue(n, bridge.Downlink{ID: "e", FPort: 10, Payload: []byte("y")})
	b.hear(frameOf(n, 2, "up").bytes(t))
	b.apply() // the node is gone
	b.report(nil)
	if s := b.bridge.Stats(); s.Sent != 2 {
		t.Errorf("%d sent, want 2", s.Sent)
	}
}

// What waits ends with the context of whoever asked.
func TestApplyWithoutRun(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := b.bridge.Apply(ctx, b.network(nil)); !errors.Is(err, context.Canceled) {
		t.Errorf("Apply: %v", err)
	}
	if _, err := b.bridge.Sessions(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Sessions: %v", err)
	}
}

// An answer is not tried again on a concentrator that has left the
// configuration.
func TestReloadWithoutTheConcentrator(t *testing.T) {
	t.Parallel()
	n := abp("lora1", 1, 1)
	b := newBench(t, n)
	b.hear(confirmed(n, 1).bytes(t))
	network := b.network([]bridge.Node{n})
	delete(network.Gateways, "c0")
	b.while(func(ctx context.Context) {
		if err := b.bridge.Apply(ctx, network); err != nil {
			t.Error(err)
		}
	})
	b.report(&radio.TxError{Reason: radio.TxTooLate})
	if s := b.bridge.Stats(); len(b.tx.sent) != 1 || s.Unsent != 1 {
		t.Errorf("%d downlinks, %d unsent: RX2 was tried on a concentrator that is gone", len(b.tx.sent), s.Unsent)
	}
}
