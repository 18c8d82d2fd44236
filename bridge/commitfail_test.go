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
	"gatewayd/hub"
	"gatewayd/internal/simulator"
	"gatewayd/radio"
)

// nthFails refuses count commits from the nth on.
func nthFails(n, count int) func() error {
	seen := 0
	return func() error {
		if seen++; seen > n && seen <= n+count {
			return errDisk
		}
		return nil
	}
}

// Whichever commit fails, and the next ones with it, everything is there in
// the end: each uplink once, each downlink, and nothing hangs in the queue.
func TestEveryCommitFails(t *testing.T) {
	t.Parallel()
	p := plans(t)["EU868"]
	for _, v := range []mac.Version{mac.V1_0_3, mac.V1_1_0} {
		for _, class := range []bridge.Class{bridge.ClassA, bridge.ClassC} {
			t.Run(fmt.Sprintf("%v class %c", v, class), func(t *testing.T) {
				t.Parallel()
				for first := range 24 {
					for _, count := range []int{1, 3} {
						n, c := p.pair(t, v, true, class)
						s := scene{region: p.options, nodes: []bridge.Node{n}, sim: []simulator.Config{c}}
						s.in(t, func(ctx context.Context, net *network) { net.endure(ctx, first, count) })
					}
				}
			})
		}
	}
}

// endure plays a life of joins, uplinks and downlinks in which commits fail.
func (n *network) endure(ctx context.Context, first, count int) {
	n.t.Helper()
	n.store.refuse(nthFails(first, count))
	if err := n.world.Node("node").Join(ctx); err != nil {
		n.t.Fatal(err)
	}
	var want []string
	for i := range 8 {
		if i == 2 || i == 4 {
			want = append(want, fmt.Sprint("down ", i))
			n.insist(ctx, bridge.Downlink{ID: fmt.Sprint(i), FPort: 3, Payload: fmt.Append(nil, "down ", i), Confirmed: i == 4})
		}
		n.send(ctx, "node", simulator.Message{FPort: 1, Payload: fmt.Append(nil, "up ", i), Confirmed: i%2 == 1})
	}
	<-time.After(time.Minute)
	for range 4 {
		n.send(ctx, "node", up())
	}
	if diff := cmp.Diff(want, slices.Compact(n.downlinks("node"))); diff != "" {
		n.t.Errorf("downlinks (-want +got):\n%s", diff)
	}
	if q, err := n.bridge.Queue(ctx, "node"); err != nil || len(q) != 0 {
		n.t.Errorf("queue %+v, %v", q, err)
	}
	n.publishedOnce()
	if n.t.Failed() {
		n.t.Logf("commits %d to %d failed: %+v", first, first+count-1, n.bridge.Stats())
	}
}

// insist queues d until that is durable, as the hub does.
func (n *network) insist(ctx context.Context, d bridge.Downlink) {
	n.t.Helper()
	d.Once = true
	for range 10 {
		if n.bridge.Enqueue(ctx, "node", d) == nil {
			return
		}
		<-time.After(time.Second)
	}
	n.t.Error("never queued")
}

// publishedOnce checks that the first eight uplinks are in the outbox, once
// each and in order.
func (n *network) publishedOnce() {
	n.t.Helper()
	messages, err := n.bridge.Feed(bridge.Node{DeviceID: "node"}).Pending(0, 1000)
	if err != nil {
		n.t.Fatal(err)
	}
	got := slices.DeleteFunc(bodies(n.t, messages), func(s string) bool { return s == "up" || s == "" })
	var want []string
	for i := range 8 {
		want = append(want, fmt.Sprint("up ", i))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		n.t.Errorf("uplinks (-want +got):\n%s", diff)
	}
}

// full says whether the disk is.
func (n *network) full(full bool) {
	if full {
		n.store.refuse(diskFull)
	} else {
		n.store.refuse(nil)
	}
}

// A downlink that a class C node waits for goes out when the disk works
// again, although its last retry came while it did not.
func TestClassCRetryWhileTheDiskIsFull(t *testing.T) {
	t.Parallel()
	p := plans(t)["EU868"]
	n, c := p.pair(t, mac.V1_0_3, false, bridge.ClassC)
	s := scene{region: p.options, nodes: []bridge.Node{n}, sim: []simulator.Config{c}}
	s.in(t, func(ctx context.Context, net *network) {
		net.send(ctx, "node", up())
		net.send(ctx, "node", up())
		net.site.change(func(s *site) { s.refuse = func(radio.Downlink) radio.TxReason { return radio.TxNotRunning } })
		net.enqueue(ctx, bridge.Downlink{ID: "a", FPort: 3, Payload: []byte("x")})
		<-time.After(10 * time.Second)
		net.site.change(func(s *site) { s.refuse = nil })
		net.full(true)
		<-time.After(70 * time.Second)
		net.full(false)
		<-time.After(time.Minute)
		if diff := cmp.Diff([]string{"x"}, net.downlinks("node")); diff != "" {
			t.Errorf("downlinks (-want +got):\n%s", diff)
		}
	})
}

// A downlink whose flight fails in both windows while the disk is full is
// sent with a later uplink.
func TestFlightFailsWhileTheDiskIsFull(t *testing.T) {
	t.Parallel()
	p := plans(t)["EU868"]
	n, c := p.pair(t, mac.V1_0_3, false, bridge.ClassA)
	s := scene{region: p.options, nodes: []bridge.Node{n}, sim: []simulator.Config{c}}
	s.in(t, func(ctx context.Context, net *network) {
		net.send(ctx, "node", up())
		net.send(ctx, "node", up())
		net.enqueue(ctx, bridge.Downlink{ID: "a", FPort: 3, Payload: []byte("x")})
		net.site.change(func(s *site) {
			s.late = func(radio.Downlink) radio.TxReason {
				net.full(true)
				net.site.change(func(s *site) { s.refuse = func(radio.Downlink) radio.TxReason { return radio.TxTooLate } })
				return radio.TxHardware
			}
		})
		net.send(ctx, "node", up())
		net.site.change(func(s *site) { s.late, s.refuse = nil, nil })
		net.full(false)
		<-time.After(5 * time.Second)
		if q, err := net.bridge.Queue(ctx, "node"); err != nil || len(q) != 1 || q[0].State != "waiting" {
			t.Errorf("queue %+v, %v", q, err)
		}
		net.send(ctx, "node", up())
		if diff := cmp.Diff([]string{"x"}, net.downlinks("node")); diff != "" {
			t.Errorf("downlinks (-want +got):\n%s", diff)
		}
	})
}

// One emission is counted once, however often its commit is tried.
func TestEmissionIsCountedOnce(t *testing.T) {
	t.Parallel()
	p := plans(t)["EU868"]
	n, c := p.pair(t, mac.V1_0_3, false, bridge.ClassA)
	s := scene{region: p.options, nodes: []bridge.Node{n}, sim: []simulator.Config{c}}
	s.in(t, func(ctx context.Context, net *network) {
		net.send(ctx, "node", up())
		net.send(ctx, "node", up())
		net.enqueue(ctx, bridge.Downlink{ID: "a", FPort: 3, Payload: []byte("x")})
		before, emitted := net.bridge.Stats().Sent, len(net.site.sent(0))
		net.site.change(func(s *site) {
			s.late = func(radio.Downlink) radio.TxReason { net.full(true); return "" }
		})
		net.send(ctx, "node", up())
		<-time.After(2 * time.Minute)
		net.full(false)
		<-time.After(10 * time.Second)
		if got, want := net.bridge.Stats(), len(net.site.sent(emitted)); got.Sent-before != 1 || want != 1 || got.Unsent != 0 {
			t.Errorf("%d emissions counted as %d sent, %d unsent", want, got.Sent-before, got.Unsent)
		}
		messages, err := net.bridge.Feed(n).Pending(0, 100)
		if err != nil {
			t.Fatal(err)
		}
		states := 0
		for _, m := range messages {
			if slices.Contains(m.Properties, hub.Property{Key: "state", Value: "transmitted"}) {
				states++
			}
		}
		if states != 1 {
			t.Errorf("told %d times that it was transmitted", states)
		}
	})
}

// What cannot be made durable is not acknowledged: neither a downlink that is
// rejected, nor a method, nor desired properties.
func TestNothingIsAcknowledgedOnAFullDisk(t *testing.T) {
	t.Parallel()
	n := abp("lora1", 1, 1)
	b := newBench(t, n)
	b.store.fail = errDisk
	b.while(func(ctx context.Context) {
		h := b.bridge.Handler(n)
		for name, body := range map[string]string{
			"good": `{"fPort":1}`, "malformed": `{`, "rejected": `{"fPort":0,"payloadHex":"00"}`,
		} {
			m := hub.CloudMessage{ID: name, ContentType: "application/json", Body: []byte(body)}
			if err := h.CloudMessage(ctx, m); err == nil {
				t.Errorf("%s: acknowledged to the hub", name)
			}
		}
		for _, call := range []hub.MethodCall{
			{Name: "downlink", Payload: []byte(`{"fPort":1}`)}, {Name: "flush-queue"}, {Name: "reset-nonces"},
		} {
			if r := h.Method(ctx, call); call.Name != "flush-queue" && r.Status != 503 {
				t.Errorf("%s: status %d, %s", call.Name, r.Status, r.Payload)
			}
		}
		h.Twin(ctx, hub.Desired{Version: 5, Full: true, JSON: []byte(`{"gatewayd":{"class":"C"}}`)})
		if patch, _ := b.bridge.Reports(n).Patch(); len(patch) > 0 {
			t.Errorf("the twin is told %s", patch)
		}
		if info, err := b.bridge.Session(ctx, "lora1"); err != nil || info.Class != "A" || info.Queued != 0 {
			t.Errorf("class %s, %d queued, %v", info.Class, info.Queued, err)
		}
	})
}
