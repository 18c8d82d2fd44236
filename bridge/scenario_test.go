package bridge_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gatewayd/bridge"
	"gatewayd/bridge/mac"
	"gatewayd/bridge/region"
	"gatewayd/internal/simulator"
	"gatewayd/internal/simulator/lorawan"
	"gatewayd/internal/simulator/regional"
	"gatewayd/radio"
)

// plan is a region as the bridge and as the simulated nodes know it.
type plan struct {
	options region.Options
	nodes   simulator.Region
	rate    uint8 // of the first uplink
}

func plans(t *testing.T) map[string]plan {
	t.Helper()
	must := func(r regional.Region, err error) regional.Region {
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	further := []region.Channel{
		{Frequency: 867_100_000, MaxDR: 5},
		{Frequency: 867_300_000, MaxDR: 5},
		{Frequency: 867_500_000, MaxDR: 5},
		{Frequency: 867_700_000, MaxDR: 5},
		{Frequency: 867_900_000, MaxDR: 5},
	}
	return map[string]plan{
		"EU868":   {region.Options{Name: "EU868", Channels: further}, regional.EU868(), 2},
		"US915":   {region.Options{Name: "US915", SubBand: 2}, must(regional.US915(2)), 1},
		"AU915":   {region.Options{Name: "AU915", SubBand: 2}, must(regional.AU915(2)), 2},
		"AS923-1": {region.Options{Name: "AS923-1"}, must(regional.AS923(1)), 3},
		"AS923-2": {region.Options{Name: "AS923-2"}, must(regional.AS923(2)), 3},
		"CN470":   {region.Options{Name: "CN470", SubBand: 11}, must(regional.CN470(11)), 2},
		"CN779":   {region.Options{Name: "CN779"}, regional.CN779(), 2},
		"EU433":   {region.Options{Name: "EU433"}, regional.EU433(), 2},
		"IN865":   {region.Options{Name: "IN865"}, regional.IN865(), 2},
		"KR920":   {region.Options{Name: "KR920"}, regional.KR920(), 2},
		"RU864":   {region.Options{Name: "RU864"}, regional.RU864(), 2},
	}
}

// versions pairs the bridge's with the simulator's.
func versions() map[mac.Version]lorawan.Version {
	return map[mac.Version]lorawan.Version{
		mac.V1_0_0: lorawan.V100, mac.V1_0_1: lorawan.V101, mac.V1_0_2: lorawan.V102,
		mac.V1_0_3: lorawan.V103, mac.V1_0_4: lorawan.V104, mac.V1_1_0: lorawan.V110,
	}
}

// pair is one node on both sides.
func (p plan) pair(t *testing.T, v mac.Version, joins bool, class bridge.Class) (bridge.Node, simulator.Config) {
	t.Helper()
	r, err := region.New(p.options)
	if err != nil {
		t.Fatal(err)
	}
	n := bridge.Node{Name: "node", DeviceID: "node", Version: v, Class: class, OTAA: joins, MAC: mac.DefaultDesired(r)}
	c := simulator.Config{
		Name: "node", Version: versions()[v], Region: p.nodes, DataRate: p.rate, ADR: true, Battery: 200, Margin: 7, Prompt: true,
		SNR: 9, RSSI: -60,
	}
	if class == bridge.ClassC {
		c.Class = simulator.ClassC
	}
	switch {
	case joins:
		n.DevEUI, n.JoinEUI, n.AppKey = radio.EUI64{1, 2, 3, 4, 5, 6, 7, 8}, radio.EUI64{9}, key(1)
		c.DevEUI, c.JoinEUI, c.AppKey = n.DevEUI, n.JoinEUI, n.AppKey
		if v == mac.V1_1_0 {
			n.NwkKey, c.NwkKey = key(2), key(2)
		}
	case v == mac.V1_1_0:
		n.DevAddr, n.NwkSKey, n.SNwkSIntKey, n.NwkSEncKey, n.AppSKey = [4]byte{0x26, 1, 2, 3}, key(3), key(4), key(5), key(6)
		c.DevAddr, c.FNwkSIntKey, c.SNwkSIntKey, c.NwkSEncKey, c.AppSKey = 0x26010203, key(3), key(4), key(5), key(6)
	default:
		n.DevAddr, n.NwkSKey, n.AppSKey = [4]byte{0x26, 1, 2, 3}, key(3), key(6)
		c.DevAddr, c.NwkSKey, c.AppSKey = 0x26010203, key(3), key(6)
	}
	return n, c
}

// A node of every version, activation and class lives a day with the network:
// it joins, sends, is answered, adapts, is asked for its battery, is sent
// downlinks, and never hears anything it could not have received.
func TestLifeOfANode(t *testing.T) {
	t.Parallel()
	for name, p := range plans(t) {
		for v := range versions() {
			if name != "EU868" && name != "US915" && v != mac.V1_0_3 && v != mac.V1_1_0 {
				continue
			}
			for _, joins := range []bool{false, true} {
				for _, class := range []bridge.Class{bridge.ClassA, bridge.ClassC} {
					t.Run(fmt.Sprintf("%s %v otaa=%v class %c", name, v, joins, class), func(t *testing.T) {
						t.Parallel()
						p.live(t, v, joins, class)
					})
				}
			}
		}
	}
}

func (p plan) live(t *testing.T, v mac.Version, joins bool, class bridge.Class) {
	n, c := p.pair(t, v, joins, class)
	n.MAC.StatusInterval = time.Hour
	n.MAC.RXDelay, n.MAC.RX1DROffset = 2, 1
	s := scene{region: p.options, nodes: []bridge.Node{n}, sim: []simulator.Config{c}}
	s.in(t, func(ctx context.Context, net *network) {
		node := net.world.Node("node")
		if joins {
			if err := node.Join(ctx); err != nil {
				t.Fatal(err)
			}
		}
		for i := range 30 {
			switch i {
			case 3:
				node.Request(lorawan.Command{CID: lorawan.LinkCheck})
				if v >= mac.V1_0_3 {
					node.Request(lorawan.Command{CID: lorawan.DeviceTime})
				}
			case 5, 6:
				net.enqueue(ctx, bridge.Downlink{ID: fmt.Sprint(i), FPort: 7, Payload: fmt.Appendf(nil, "down %d", i)})
			case 8:
				net.enqueue(ctx, bridge.Downlink{ID: "8", FPort: 7, Payload: []byte("down 8"), Confirmed: true})
			}
			sent := net.send(ctx, "node", simulator.Message{FPort: 1, Payload: []byte("up"), ADR: true, Confirmed: i%4 == 0})
			if sent.Confirmed && !sent.Acked {
				t.Errorf("uplink %d was not acknowledged", i)
			}
		}
		net.judge(p, v)
	})
}

// enqueue queues a downlink.
func (n *network) enqueue(ctx context.Context, d bridge.Downlink) {
	n.t.Helper()
	if err := n.bridge.Enqueue(ctx, "node", d); err != nil {
		n.t.Error(err)
	}
}

// judge looks at what thirty uplinks have led to.
func (n *network) judge(p plan, v mac.Version) {
	n.t.Helper()
	if got := n.bridge.Stats(); got.Accepted < 30 || got.Unsent > 0 || got.Regulated > 0 {
		n.t.Errorf("accepted %d, unsent %d, regulated %d; dropped %v", got.Accepted, got.Unsent, got.Regulated, got.Dropped)
	}
	// A confirmed downlink may come twice: the answer to an uplink that was
	// under way makes a node forget that it owes an acknowledgement.
	if diff := cmp.Diff([]string{"down 5", "down 6", "down 8"}, slices.Compact(n.downlinks("node"))); diff != "" {
		n.t.Errorf("downlinks (-want +got):\n%s", diff)
	}
	set, ok := n.world.Node("node").Settings()
	if !ok {
		n.t.Fatal("the node has no session")
	}
	if set.RXDelay != 2*time.Second || set.RX1DROffset != 1 {
		n.t.Errorf("RXDelay %v, RX1DROffset %d, want 2 s and 1", set.RXDelay, set.RX1DROffset)
	}
	if set.DataRate <= p.rate {
		n.t.Errorf("data rate %d: a node with 9 dB of SNR was not told to use a faster one than %d", set.DataRate, p.rate)
	}
	answered := map[lorawan.CID]bool{}
	for _, r := range n.world.Received() {
		for _, c := range r.Commands {
			answered[c.CID] = true
		}
	}
	if !answered[lorawan.LinkCheck] || v >= mac.V1_0_3 && !answered[lorawan.DeviceTime] || !answered[lorawan.DevStatus] {
		n.t.Errorf("commands received: %v", answered)
	}
	kinds := n.kinds()
	for _, want := range []string{"up", "txack", "ack", "status"} {
		if !slices.Contains(kinds, want) {
			n.t.Errorf("no message of kind %s: %v", want, kinds)
		}
	}
	info, err := n.bridge.Session(n.t.Context(), "node")
	if err != nil || info.Battery == nil || *info.Battery != 200 || *info.Margin != 7 {
		n.t.Errorf("battery %v, margin %v, %v", info.Battery, info.Margin, err)
	}
}

// kinds are the event types of all messages.
func (n *network) kinds() (kinds []string) {
	feed := n.bridge.Feed(bridge.Node{DeviceID: "node"})
	messages, err := feed.Pending(0, 10_000)
	if err != nil {
		n.t.Fatal(err)
	}
	for _, m := range messages {
		for _, p := range m.Properties {
			if p.Key == "event" {
				kinds = append(kinds, p.Value)
			}
		}
	}
	slices.Sort(kinds)
	return slices.Compact(kinds)
}
