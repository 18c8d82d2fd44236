package conformance_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"gatewayd/bridge"
	"gatewayd/bridge/region"
	"gatewayd/internal/simulator"
	"gatewayd/radio"
)

// patience is how long a test waits for what must come.
const patience = 30 * time.Second

// site is a bridge with its concentrators, and one node in their reach.
type site struct {
	t      testing.TB
	ctx    context.Context
	bridge *bridge.Bridge
	world  *simulator.World
	rigs   []*rig
	log    *zap.Logger
	logs   *observer.ObservedLogs
}

// newSite puts the node n on the air and the bridge on the rigs; the first
// one is nearest to the node. It returns once all of them receive.
func newSite(t testing.TB, n node, rigs ...*rig) *site {
	t.Helper()
	plan, err := region.New(region.Options{Name: "EU868"})
	if err != nil {
		t.Fatal(err)
	}
	core, logs := observer.New(zap.DebugLevel)
	s := &site{t: t, rigs: rigs, log: zap.New(core), logs: logs}
	network := bridge.Network{
		NetID: [3]byte{0, 0, 0x13}, Region: plan, Nodes: []bridge.Node{n.known(plan)}, Gateways: map[string]bridge.Transmitter{},
	}
	for _, r := range rigs {
		network.Gateways[r.driver.String()] = tap{r.driver, s.log}
	}
	if s.bridge, err = bridge.New(bridge.Options{
		Store: newMemory(), Clock: systemClock{}, Log: s.log, Dedup: 200 * time.Millisecond, Network: network,
	}); err != nil {
		t.Fatal(err)
	}
	o := simulator.Options{Source: rand.NewPCG(6, 6)}
	for _, r := range rigs[1:] {
		o.Sites = append(o.Sites, simulator.Site{Air: r.peer, RSSI: -20, SNR: -8})
	}
	if s.world, err = simulator.New(rigs[0].peer, []simulator.Config{n.onAir()}, o); err != nil {
		t.Fatal(err)
	}
	s.run()
	for _, r := range rigs {
		s.wait(r.Ready(), r.driver.String()+" to receive")
	}
	return s
}

// run starts all parts, and lets the test's end stop them in the order that
// loses nothing.
func (s *site) run() {
	up, said, tx := make(chan radio.Uplink, 64), make(chan radio.TxResult, 64), make(chan radio.TxResult, 64)
	ctx, cancel := context.WithCancel(context.Background())
	var drivers, others sync.WaitGroup
	for _, r := range s.rigs {
		drivers.Go(func() { s.ended(r.driver, r.driver.Run(ctx, up, said)) })
	}
	others.Go(func() { s.ended(s.world, s.world.Run(ctx)) })
	others.Go(func() { s.ended(stringer("bridge"), s.bridge.Run(context.Background(), up, tx)) })
	others.Go(func() { results(said, tx, s.log) })
	s.ctx = ctx
	s.t.Cleanup(func() {
		cancel()
		drivers.Wait()
		close(said)
		close(up)
		others.Wait()
		s.judge()
	})
}

type stringer string

func (s stringer) String() string { return string(s) }

func (s *site) ended(part fmt.Stringer, err error) {
	if err != nil {
		s.t.Errorf("%s ended with %v", part, err)
	}
}

// judge says what a node could not have received, and what a driver did
// against its protocol.
func (s *site) judge() {
	for _, v := range s.world.Violations() {
		s.t.Error(v)
	}
	for _, r := range s.rigs {
		for _, v := range r.Violations() {
			s.t.Errorf("%s: %s", r.driver, v)
		}
	}
	if s.t.Failed() {
		for _, l := range s.logs.All() {
			s.t.Log(l.Level, l.Message, l.ContextMap())
		}
	}
}

func (s *site) wait(ch <-chan struct{}, what string) {
	s.t.Helper()
	select {
	case <-ch:
	case <-time.After(patience):
		s.t.Fatalf("waited in vain for %s", what)
	}
}

// until waits until ok.
func (s *site) until(what string, ok func() bool) {
	s.t.Helper()
	give := time.After(patience)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-give:
			s.t.Fatalf("waited in vain for %s; bridge: %+v", what, s.bridge.Stats())
		case <-tick.C:
		}
	}
}

// breath is how long a node waits before it speaks again: the downlink that it
// was sent is to end first, for a concentrator that sends is deaf.
const breath = 150 * time.Millisecond

// uplink has the node send an uplink and wait for its receive windows.
func (s *site) uplink(text string, confirmed bool) simulator.Sent {
	s.t.Helper()
	<-time.After(breath)
	sent, err := s.world.Node("node").Send(s.ctx, simulator.Message{FPort: 7, Payload: []byte(text), Confirmed: confirmed})
	if err != nil {
		s.t.Fatal(err)
	}
	return sent
}

// acknowledged has the node send a confirmed uplink, which must be answered
// at once.
func (s *site) acknowledged(text string) {
	s.t.Helper()
	if sent := s.uplink(text, true); !sent.Acked || sent.Transmissions != 1 {
		s.t.Errorf("%s: acknowledged: %v, after %d transmissions (%s)", text, sent.Acked, sent.Transmissions, sent.NotHeard)
	}
}

// enqueue queues a downlink for the node.
func (s *site) enqueue(text string) {
	s.t.Helper()
	if err := s.bridge.Enqueue(s.ctx, "node", bridge.Downlink{ID: text, FPort: 9, Payload: []byte(text)}); err != nil {
		s.t.Fatal(err)
	}
}

// downlinks are the application payloads that the node has received, with the
// window.
func (s *site) downlinks() (got []string) {
	for _, r := range s.world.Received() {
		if r.HasFPort && r.FPort != 0 {
			got = append(got, r.Window+" "+string(r.Payload))
		}
	}
	return got
}

// message is what consumers get of the node.
type message struct {
	Event        string      `json:"event"`
	Payload      []byte      `json:"payload"`
	Frequency    uint32      `json:"frequency"`
	DataRate     string      `json:"dataRate"`
	CodingRate   string      `json:"codingRate"`
	RSSI         float32     `json:"rssi"`
	SNR          float32     `json:"snr"`
	GatewayEUI   radio.EUI64 `json:"gatewayEui"`
	Concentrator string      `json:"concentrator"`
	Receivers    []struct {
		Concentrator string `json:"concentrator"`
	} `json:"receivers"`
	State  string `json:"state"`
	Reason string `json:"reason"`
}

// messages are those of one event type.
func (s *site) messages(event string) (found []message) {
	s.t.Helper()
	all, err := s.bridge.Feed(bridge.Node{DeviceID: "node"}).Pending(0, 1000)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, raw := range all {
		var m message
		if err := json.Unmarshal(raw.Body, &m); err != nil {
			s.t.Fatal(err)
		}
		if m.Event == event {
			found = append(found, m)
		}
	}
	return found
}

// payloads are those of the uplinks that were published.
func (s *site) payloads() (texts []string) {
	s.t.Helper()
	for _, m := range s.messages("up") {
		texts = append(texts, string(m.Payload))
	}
	return texts
}

// systemClock is the machine's, which is believed.
type systemClock struct{}

func (systemClock) Now() time.Time                    { return time.Now() }
func (systemClock) Trusted() (bool, string)           { return true, "" }
func (systemClock) BootTime() (string, time.Duration) { return "", 0 }

func (systemClock) WallTime(string, time.Duration) (time.Time, bool) { return time.Time{}, false }
