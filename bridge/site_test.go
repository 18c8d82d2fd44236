package bridge_test

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"

	"gatewayd/bridge"
	"gatewayd/bridge/region"
	"gatewayd/internal/simulator"
	"gatewayd/radio"
	"gatewayd/radio/radiotest"
)

// site is a concentrator in memory: to simulated nodes an Air, to the bridge
// a Transmitter. It is made in a synctest bubble, whose time it keeps.
type site struct {
	name      string
	start     time.Time
	base      uint32
	up        chan<- radio.Uplink
	tx        chan<- radio.TxResult
	emissions chan radiotest.Emission

	mu      sync.Mutex
	refuse  func(radio.Downlink) radio.TxReason // "" accepts; nil accepts all
	lose    func(phy []byte) bool               // uplinks that are not heard
	late    func(radio.Downlink) radio.TxReason // what goes wrong after it was accepted; "" nothing
	swallow func(radio.Downlink) bool           // emitted, and no node hears it
	sending []radio.Downlink
}

// change sets what goes wrong.
func (s *site) change(f func(s *site)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(s)
}

// sent is what was accepted since the first n.
func (s *site) sent(n int) []radio.Downlink {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.sending[n:])
}

// fate is what becomes of d when its time has come.
func (s *site) fate(d radio.Downlink) (heard bool, err error) {
	s.mu.Lock()
	late, swallow := s.late, s.swallow
	s.mu.Unlock()
	if late != nil {
		if reason := late(d); reason != "" {
			return false, &radio.TxError{Reason: reason}
		}
	}
	return swallow == nil || !swallow(d), nil
}

func newSite(name string, base uint32, up chan<- radio.Uplink, tx chan<- radio.TxResult) *site {
	return &site{name: name, start: time.Now(), base: base, up: up, tx: tx, emissions: make(chan radiotest.Emission, 64)}
}

func (s *site) ticks() radio.Ticks {
	return radio.Ticks(s.base) + radio.Ticks(time.Since(s.start).Microseconds())
}

func (s *site) Count() uint32 { return s.ticks().Count() }

func (s *site) Emissions() <-chan radiotest.Emission { return s.emissions }

// Hear hands a packet that ends now to the bridge.
func (s *site) Hear(p radiotest.Packet) error {
	s.mu.Lock()
	lost := s.lose != nil && s.lose(p.Payload)
	s.mu.Unlock()
	if lost {
		return nil
	}
	at := s.ticks()
	if p.Count != 0 {
		at = at.Add(time.Duration(int32(p.Count-s.Count())) * time.Microsecond)
	}
	s.up <- radio.Uplink{
		Concentrator: s.name, Payload: slices.Clone(p.Payload), Ticks: at, Received: time.Now().Add(at.Sub(s.ticks())),
		Frequency: p.Frequency, DataRate: p.DataRate, CodingRate: "4/5", RSSI: p.RSSI, SNR: p.SNR,
	}
	return nil
}

// Transmit is bridge.Transmitter's.
func (s *site) Transmit(d radio.Downlink) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refuse != nil {
		if reason := s.refuse(d); reason != "" {
			return &radio.TxError{Reason: reason}
		}
	}
	wait := d.At.Sub(s.ticks())
	if d.Immediate {
		wait = 5 * time.Millisecond
	} else if wait < 0 {
		return &radio.TxError{Reason: radio.TxTooLate}
	}
	s.sending = append(s.sending, d)
	time.AfterFunc(wait, func() {
		heard, err := s.fate(d)
		if heard {
			s.emissions <- radiotest.Emission{
				Count: s.Count(), Frequency: d.Frequency, DataRate: d.DataRate, CodingRate: "4/5", Power: d.Power,
				InvertIQ: true, Preamble: 8, Payload: d.Payload, Airtime: d.DataRate.LoRaAirtime(len(d.Payload), 8, false),
			}
		}
		s.tx <- radio.TxResult{Concentrator: s.name, ID: d.ID, Err: err}
	})
	return nil
}

// network is a bridge in a bubble with simulated nodes on the air.
type network struct {
	t      *testing.T
	bridge *bridge.Bridge
	store  *memory
	world  *simulator.World
	site   *site
	far    *site // a second concentrator, nil without
}

// scene says what a network is made of.
type scene struct {
	region region.Options
	nodes  []bridge.Node
	sim    []simulator.Config
	twoOf  bool // concentrators
}

// in runs play in a bubble with the network of s, and checks that nothing was
// emitted that a node could not receive.
func (s scene) in(t *testing.T, play func(ctx context.Context, n *network)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r, err := region.New(s.region)
		if err != nil {
			t.Fatal(err)
		}
		up, tx := make(chan radio.Uplink, 64), make(chan radio.TxResult, 64)
		n := &network{t: t, store: newMemory(), site: newSite("near", 1<<31, up, tx)}
		gateways := map[string]bridge.Transmitter{"near": n.site}
		o := simulator.Options{Source: rand.NewPCG(7, 7)}
		if s.twoOf {
			n.far = newSite("far", 12345, up, tx)
			gateways["far"] = n.far
			o.Sites = []simulator.Site{{Air: n.far, RSSI: -20, SNR: -8}}
		}
		if n.bridge, err = bridge.New(bridge.Options{
			Store: n.store, Clock: bubbleClock{}, Log: zap.NewNop(), Dedup: 200 * time.Millisecond,
			Network: bridge.Network{NetID: [3]byte{0, 0, 0x13}, Region: r, Nodes: s.nodes, Gateways: gateways},
		}); err != nil {
			t.Fatal(err)
		}
		if n.world, err = simulator.New(n.site, s.sim, o); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 2)
		go func() { done <- n.bridge.Run(ctx, up, tx) }()
		go func() { done <- n.world.Run(ctx) }()
		play(ctx, n)
		<-time.After(time.Minute)
		cancel()
		for range 2 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		for _, v := range n.world.Violations() {
			t.Error(v)
		}
	})
}

// send has a node send m, and waits a while.
func (n *network) send(ctx context.Context, name string, m simulator.Message) simulator.Sent {
	n.t.Helper()
	s, err := n.world.Node(name).Send(ctx, m)
	if err != nil {
		n.t.Fatal(err)
	}
	<-time.After(20 * time.Second)
	return s
}

// downlinks are the application payloads that a node has received.
func (n *network) downlinks(name string) (payloads []string) {
	for _, r := range n.world.Received() {
		if r.Node == name && r.HasFPort && r.FPort != 0 {
			payloads = append(payloads, string(r.Payload))
		}
	}
	return payloads
}

// decode reads a message body.
func decode[T any](t *testing.T, body []byte) (v T) {
	t.Helper()
	if err := json.Unmarshal(body, &v); err != nil {
		t.Fatal(err)
	}
	return v
}
