package bridge_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gatewayd/bridge"
	"gatewayd/bridge/mac"
	"gatewayd/hub"
	"gatewayd/internal/simulator"
	"gatewayd/radio"
)

// up is an uplink of no interest.
func up() simulator.Message { return simulator.Message{FPort: 1, Payload: []byte("up")} }

// fCntOf is the FCntDown on the air.
func fCntOf(d radio.Downlink) int { return int(d.Payload[6]) | int(d.Payload[7])<<8 }

// A node throws away what has a lower counter than the last it heard: what is
// sent to a class C node at once must not overtake an answer that is
// scheduled.
func TestClassCDoesNotOvertakeAnAnswer(t *testing.T) {
	t.Parallel()
	p := plans(t)["EU868"]
	n, c := p.pair(t, mac.V1_0_3, false, bridge.ClassC)
	s := scene{region: p.options, nodes: []bridge.Node{n}, sim: []simulator.Config{c}}
	s.in(t, func(ctx context.Context, net *network) {
		net.send(ctx, "node", up())
		net.send(ctx, "node", up())
		before := len(net.site.sent(0))
		go func() {
			<-time.After(700 * time.Millisecond) // the uplink has ended, RX1 has not begun
			net.enqueue(ctx, bridge.Downlink{ID: "a", FPort: 3, Payload: []byte("x")})
		}()
		sent := net.send(ctx, "node", simulator.Message{FPort: 1, Payload: []byte("up"), Confirmed: true})
		if sent.Transmissions > 1 || !sent.Acked {
			t.Errorf("acknowledged: %v, after %d transmissions", sent.Acked, sent.Transmissions)
		}
		var order []bool
		for i, d := range net.site.sent(before) {
			order = append(order, d.Immediate)
			if want := fCntOf(net.site.sent(before)[0]) + i; fCntOf(d) != want {
				t.Errorf("emission %d has FCntDown %d, want %d", i, fCntOf(d), want)
			}
		}
		if diff := cmp.Diff([]bool{false, true}, order); diff != "" {
			t.Errorf("sent at once (-want +got):\n%s", diff)
		}
	})
}

// crowded is a class C node that has joined and not shown it yet, with a
// downlink that SF12 carries alone, but not beside a MAC command. It is heard
// for the first time.
func crowded(t *testing.T, refuse ...radio.TxReason) (*bench, bridge.Node) {
	t.Helper()
	n := otaa("lora1", 1)
	n.Class = bridge.ClassC
	b := newBench(t, n)
	b.hear(joinRequest(t, n, 1))
	j := takeAccept(t, n, 1, b.tx.sent[0])
	b.report(nil)
	b.enqueue(n, bridge.Downlink{ID: "a", FPort: 3, Payload: make([]byte, 51)})
	b.tx.sent, b.tx.refuse = nil, refuse
	b.ticks = b.ticks.Add(time.Minute)
	b.clock.pass(time.Minute)
	f := j.frame(0, "up")
	f.confirmed, f.fOpts = true, []byte{0x02} // LinkCheckReq
	u := b.uplink(f.bytes(t))
	u.DataRate = radio.LoRaDataRate(12, 125_000)
	b.hearUplinks(u)
	b.queue(n) // Run looks at its agenda
	n.NwkSKey, n.AppSKey = j.nwk, j.app
	return b, n
}

// The same where both would leave with one commit.
func TestClassCDoesNotOvertakeAnAnswerOfItsBatch(t *testing.T) {
	t.Parallel()
	b, n := crowded(t)
	if len(b.tx.sent) != 1 || b.tx.sent[0].Immediate {
		t.Fatalf("%d downlinks, want the answer alone: %+v", len(b.tx.sent), b.tx.sent)
	}
	b.report(nil)
	b.queue(n)
	if got := b.take(n); len(got.payload) != 51 || !b.tx.sent[1].Immediate {
		t.Errorf("after the answer: %+v", got)
	}
}

// An answer that nobody sends does not hold up what waits behind it.
func TestClassCAfterAnAnswerThatWasNotSent(t *testing.T) {
	t.Parallel()
	b, n := crowded(t, radio.TxCollision, radio.TxCollision)
	if len(b.tx.sent) != 1 || !b.tx.sent[0].Immediate {
		t.Fatalf("%d downlinks, want the one that waited: %+v", len(b.tx.sent), b.tx.sent)
	}
	if got := b.take(n); len(got.payload) != 51 {
		t.Errorf("sent %+v", got)
	}
}

// A class C node that joins anew is not sent anything before it has shown
// which session it has.
func TestClassCWaitsForTheSession(t *testing.T) {
	t.Parallel()
	p := plans(t)["EU868"]
	n, c := p.pair(t, mac.V1_0_3, true, bridge.ClassC)
	s := scene{region: p.options, nodes: []bridge.Node{n}, sim: []simulator.Config{c}}
	s.in(t, func(ctx context.Context, net *network) {
		node := net.world.Node("node")
		if err := node.Join(ctx); err != nil {
			t.Fatal(err)
		}
		net.send(ctx, "node", up())
		net.send(ctx, "node", up())
		if err := node.Join(ctx); err != nil {
			t.Fatal(err)
		}
		<-time.After(20 * time.Second)
		before := len(net.site.sent(0))
		net.enqueue(ctx, bridge.Downlink{ID: "a", FPort: 3, Payload: []byte("x")})
		<-time.After(20 * time.Second)
		if early := net.site.sent(before); len(early) != 0 {
			t.Errorf("%d emissions before the node used its new session", len(early))
		}
		net.send(ctx, "node", up())
		if diff := cmp.Diff([]string{"x"}, net.downlinks("node")); diff != "" {
			t.Errorf("downlinks (-want +got):\n%s", diff)
		}
	})
}

// In LoRaWAN 1.1 an acknowledgement covers the counter of the copy that the
// node has heard, which need not be the last that was sent.
func TestAckOfAnEarlierCopy(t *testing.T) {
	t.Parallel()
	p := plans(t)["EU868"]
	n, c := p.pair(t, mac.V1_1_0, true, bridge.ClassC)
	n.Downlink.AckTimeout, n.Downlink.Attempts = 400*time.Millisecond, 8
	s := scene{region: p.options, nodes: []bridge.Node{n}, sim: []simulator.Config{c}}
	s.in(t, func(ctx context.Context, net *network) {
		if err := net.world.Node("node").Join(ctx); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			net.send(ctx, "node", up())
		}
		before, emitted := net.bridge.Stats().Accepted, len(net.site.sent(0))
		net.enqueue(ctx, bridge.Downlink{ID: "a", FPort: 3, Payload: []byte("x"), Confirmed: true})
		<-time.After(100 * time.Millisecond)
		net.site.change(func(s *site) { s.swallow = func(radio.Downlink) bool { return true } })
		<-time.After(20 * time.Second) // the node acknowledges of its own accord
		if copies := len(net.site.sent(emitted)); copies < 2 {
			t.Fatalf("%d copies sent: the test shows nothing", copies)
		}
		got := net.bridge.Stats()
		if got.Accepted != before+1 || got.Acked != 1 || got.Dropped[bridge.BadMIC] != 0 {
			t.Errorf("accepted %d more, acked %d, dropped %v", got.Accepted-before, got.Acked, got.Dropped)
		}
	})
}

// A node that becomes class C while the acknowledgement of a downlink is
// awaited is sent it again when its time is up.
func TestClassChangesWhileAnAckIsAwaited(t *testing.T) {
	t.Parallel()
	p := plans(t)["EU868"]
	n, c := p.pair(t, mac.V1_0_3, false, bridge.ClassC)
	n.Class, c.Prompt = bridge.ClassA, false
	s := scene{region: p.options, nodes: []bridge.Node{n}, sim: []simulator.Config{c}}
	s.in(t, func(ctx context.Context, net *network) {
		net.send(ctx, "node", up())
		net.send(ctx, "node", up())
		net.site.change(func(s *site) { s.swallow = func(radio.Downlink) bool { return true } })
		net.enqueue(ctx, bridge.Downlink{ID: "a", FPort: 3, Payload: []byte("x"), Confirmed: true})
		if _, err := net.world.Node("node").Send(ctx, up()); err != nil {
			t.Fatal(err)
		}
		<-time.After(100 * time.Millisecond)
		if q, err := net.bridge.Queue(ctx, "node"); err != nil || len(q) != 1 || q[0].State != "awaiting-ack" {
			t.Fatalf("queue %+v, %v", q, err)
		}
		net.site.change(func(s *site) { s.swallow = nil })
		net.bridge.Handler(n).Twin(ctx, hub.Desired{Version: 5, Full: true, JSON: []byte(`{"gatewayd":{"class":"C"}}`)})
		<-time.After(time.Hour)
		if diff := cmp.Diff([]string{"x"}, net.downlinks("node")); diff != "" {
			t.Errorf("downlinks (-want +got):\n%s", diff)
		}
	})
}
