package bridge_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gatewayd/bridge"
	"gatewayd/bridge/mac"
	"gatewayd/internal/simulator"
)

// told is what log events say of n.
func (b *bench) told(n bridge.Node) (what []string) {
	b.t.Helper()
	for _, m := range b.messages(n) {
		if e := decode[struct{ Event, What, Detail string }](b.t, m.Body); e.Event == "log" {
			what = append(what, e.What+": "+e.Detail)
		}
	}
	return what
}

// A counter that goes back is dropped or accepted as the policy says. What is
// accepted is told, because whoever recorded such frames can replay them.
func TestCounterPolicy(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		policy bridge.CounterPolicy
		fCnts  []uint32
		want   []string // told
		drops  map[bridge.Reason]uint64
	}{
		"strict":           {bridge.CountersStrict, []uint32{7, 0}, nil, map[bridge.Reason]uint64{bridge.Replay: 1}},
		"relaxed, 0":       {bridge.CountersRelaxed, []uint32{7, 0}, []string{"counter_restarted: FCntUp 0 after 7"}, nil},
		"relaxed, 1":       {bridge.CountersRelaxed, []uint32{7, 1}, []string{"counter_restarted: FCntUp 1 after 7"}, nil},
		"relaxed, 2":       {bridge.CountersRelaxed, []uint32{7, 2}, nil, map[bridge.Reason]uint64{bridge.Replay: 1}},
		"relaxed, 2 round": {bridge.CountersRelaxed, []uint32{70_000, 0}, []string{"counter_restarted: FCntUp 0 after 70000"}, nil},
		"off, any":         {bridge.CountersOff, []uint32{7, 5}, []string{"counter_restarted: FCntUp 5 after 7"}, nil},
		"off, gap":         {bridge.CountersOff, []uint32{7, 40_000}, nil, nil},
		"relaxed, gap":     {bridge.CountersRelaxed, []uint32{7, 40_000}, nil, map[bridge.Reason]uint64{bridge.FCntGap: 1}},
		"off, same again":  {bridge.CountersOff, []uint32{7, 7}, nil, map[bridge.Reason]uint64{bridge.Retransmission: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := abp("lora1", 1, 1)
			n.Counters = tt.policy
			b := newBench(t, n)
			for _, fCnt := range tt.fCnts {
				b.hear(frameOf(n, fCnt, "x").bytes(t))
			}
			if diff := cmp.Diff(tt.want, b.told(n)); diff != "" {
				t.Errorf("told (-want +got):\n%s", diff)
			}
			if tt.drops == nil {
				tt.drops = map[bridge.Reason]uint64{}
			}
			if diff := cmp.Diff(tt.drops, b.dropped()); diff != "" {
				t.Errorf("dropped (-want +got):\n%s", diff)
			}
		})
	}
}

// A node that never counts fills neither the log nor the outbox.
func TestRestartsAreToldAtABoundedRate(t *testing.T) {
	t.Parallel()
	n := abp("lora1", 1, 1)
	n.Counters = bridge.CountersOff
	b := newBench(t, n)
	for i := range uint32(181) { // half an hour
		b.hear(frameOf(n, i%2, "x").bytes(t))
	}
	if lines, events := b.logs.FilterMessageSnippet("counter went back").Len(), len(b.told(n)); lines > 31 || events > 31 || events < 25 {
		t.Errorf("%d log lines and %d events in half an hour, want one a minute", lines, events)
	}
	if got := b.bridge.Stats().Accepted; got != 181 {
		t.Errorf("%d accepted, want all", got)
	}
}

// An ABP node that was reset is as it was made, and so is what the network
// knows of its receive windows.
func TestRestartForgetsTheMACState(t *testing.T) {
	t.Parallel()
	p := plans(t)["EU868"]
	n, c := p.pair(t, mac.V1_0_3, false, bridge.ClassA)
	n.Counters, n.MAC.RXDelay = bridge.CountersRelaxed, 5
	s := scene{region: p.options, nodes: []bridge.Node{n}, sim: []simulator.Config{c}}
	s.in(t, func(ctx context.Context, net *network) {
		for range 6 {
			net.send(ctx, "node", simulator.Message{FPort: 1, Payload: []byte("up"), ADR: true})
		}
		if set, _ := net.world.Node("node").Settings(); set.RXDelay != 5*time.Second {
			t.Fatalf("RXDelay %v: the test shows nothing", set.RXDelay)
		}
		if err := net.world.Node("node").FactoryReset(ctx); err != nil {
			t.Fatal(err)
		}
		for i := range 4 {
			m := simulator.Message{FPort: 1, Payload: []byte("up"), Confirmed: true}
			if sent := net.send(ctx, "node", m); !sent.Acked || sent.Transmissions != 1 {
				t.Errorf("uplink %d after the reset: acknowledged %v, after %d transmissions", i, sent.Acked, sent.Transmissions)
			}
		}
	})
}
