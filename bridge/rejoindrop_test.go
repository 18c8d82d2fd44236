package bridge_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gatewayd/bridge"
	"gatewayd/bridge/mac"
	"gatewayd/bridge/region"
	"gatewayd/internal/simulator"
	"gatewayd/internal/simulator/lorawan"
	"gatewayd/radio"
	"gatewayd/radio/radiotest"
)

// tapped is the last rejoin request on the air.
type tapped struct{ phy []byte }

// tap listens for rejoin requests.
func (p *tapped) tap(s *site) {
	s.lose = func(phy []byte) bool {
		if phy[0]>>5 == 6 {
			p.phy = slices.Clone(phy)
		}
		return false
	}
}

// A rejoin request is dropped when it is not the node's own, or not the newest,
// or for another network.
func TestRejoinDropped(t *testing.T) {
	t.Parallel()
	p := plans(t)["EU868"]
	r, err := region.New(p.options)
	if err != nil {
		t.Fatal(err)
	}
	again := func(phy []byte) []byte { return phy }
	altered := func(phy []byte) []byte { phy[len(phy)-1] ^= 1; return phy }
	for name, tt := range map[string]struct {
		kind   lorawan.JoinType
		change func(*bridge.Network) // the configuration, before the request
		replay func([]byte) []byte   // the request, after it
		want   bridge.Reason
	}{
		"type 0 replayed":        {lorawan.Rejoin0, nil, again, bridge.RejoinCountUsed},
		"type 1 replayed":        {lorawan.Rejoin1, nil, again, bridge.RejoinCountUsed},
		"type 2 replayed":        {lorawan.Rejoin2, nil, again, bridge.RejoinCountUsed},
		"type 0 altered":         {lorawan.Rejoin0, nil, altered, bridge.BadMIC},
		"type 1 altered":         {lorawan.Rejoin1, nil, altered, bridge.BadMIC},
		"type 0, other network":  {lorawan.Rejoin0, func(n *bridge.Network) { n.NetID = [3]byte{0, 0, 0x14} }, nil, bridge.WrongNetID},
		"type 1, other JoinEUI":  {lorawan.Rejoin1, func(n *bridge.Network) { n.Nodes[0].JoinEUI[0]++ }, nil, bridge.WrongJoinEUI},
		"type 0, unknown":        {lorawan.Rejoin0, func(n *bridge.Network) { n.Nodes = nil }, nil, bridge.UnknownDevEUI},
		"type 1, unknown":        {lorawan.Rejoin1, func(n *bridge.Network) { n.Nodes = nil }, nil, bridge.UnknownDevEUI},
		"type 1, another NwkKey": {lorawan.Rejoin1, func(n *bridge.Network) { n.Nodes[0].NwkKey = key(99) }, nil, bridge.BadMIC},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n, c := p.pair(t, mac.V1_1_0, true, bridge.ClassA)
			c.JoinAttempts = 1
			s := scene{region: p.options, nodes: []bridge.Node{n}, sim: []simulator.Config{c}}
			s.in(t, func(ctx context.Context, net *network) {
				if err := net.world.Node("node").Join(ctx); err != nil {
					t.Fatal(err)
				}
				net.send(ctx, "node", up())
				network := bridge.Network{
					NetID: [3]byte{0, 0, 0x13}, Region: r, Nodes: []bridge.Node{n}, Gateways: map[string]bridge.Transmitter{"near": net.site},
				}
				if tt.change != nil {
					tt.change(&network)
				}
				if err := net.bridge.Apply(ctx, network); err != nil {
					t.Fatal(err)
				}
				var heard tapped
				net.site.change(heard.tap)
				accepted, err := net.world.Node("node").Rejoin(ctx, tt.kind)
				if err != nil || accepted != (tt.replay != nil) {
					t.Fatalf("accepted %v, %v", accepted, err)
				}
				if tt.replay != nil {
					<-time.After(time.Minute)
					packet := radiotest.Packet{Payload: tt.replay(heard.phy), Frequency: 868_100_000, DataRate: radio.LoRaDataRate(7, 125_000)}
					if err := net.site.Hear(packet); err != nil {
						t.Fatal(err)
					}
					<-time.After(time.Second)
				}
				got := net.bridge.Stats().Dropped
				for reason, count := range got {
					if count == 0 {
						delete(got, reason)
					}
				}
				if diff := cmp.Diff(map[bridge.Reason]uint64{tt.want: 1}, got); diff != "" {
					t.Errorf("dropped (-want +got):\n%s", diff)
				}
			})
		})
	}
}
