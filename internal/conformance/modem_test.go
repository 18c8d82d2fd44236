package conformance_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gatewayd/radio"
	"gatewayd/radio/modem"
	"gatewayd/radio/radiotest"
	"gatewayd/radio/radiotest/module"
)

// modulePeer is a simulated LoRa module. It has no counter of its own: its
// time is that of the host.
type modulePeer struct {
	*module.Module
	on time.Time
}

// Count is simulator.Air's.
func (p modulePeer) Count() uint32 { return uint32(time.Since(p.on).Microseconds()) }

// Hear is simulator.Air's. It waits for the moment that some modules need to be
// started again after each frame.
func (p modulePeer) Hear(packet radiotest.Packet) error {
	select {
	case <-p.Ready():
	case <-time.After(time.Second):
	}
	return p.Module.Hear(packet)
}

// Violations is the peer's: a module knows only commands that are right or
// wrong, and answers the latter.
func (modulePeer) Violations() []string { return nil }

// stick is a driver with a simulated module that listens to frequency.
func stick(t testing.TB, kind modem.Kind, frequency uint32, name string) *rig {
	t.Helper()
	m, err := module.New(module.Options{Kind: module.Kind(kind)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.Close() })
	c, err := modem.New(modem.Options{
		Name: name, Kind: kind, Port: m.Path(), Frequency: frequency, DataRate: radio.LoRaDataRate(7, 125_000),
	})
	if err != nil {
		t.Fatal(err)
	}
	return &rig{peer: modulePeer{m, time.Now()}, driver: c, replug: m.Replug}
}

// TestSticks has three single-channel receivers of different kinds, which
// share the node's three channels, beside a packet forwarder out of whose reach
// the node's uplinks are not: each frame is published once, and the forwarder
// answers what the sticks cannot.
func TestSticks(t *testing.T) {
	t.Parallel()
	for _, kinds := range [][3]modem.Kind{
		{modem.RUI3, modem.RAK811, modem.RUI3}, {modem.RAK811, modem.RUI3, modem.RAK811},
	} {
		t.Run(string(kinds[0]+" "+kinds[1]+" "+kinds[2]), func(t *testing.T) {
			t.Parallel()
			try(t, func(t testing.TB) {
				s := newSite(t, node{},
					stick(t, kinds[0], 868_100_000, "stick 1"), stick(t, kinds[1], 868_300_000, "stick 2"),
					stick(t, kinds[2], 868_500_000, "stick 3"),
					packetForwarder(2)(t, setup{name: "forwarder"}))
				s.uplink("one", false)
				texts := []string{"one", "two", "three", "four"}
				for _, text := range texts[1:] {
					s.acknowledged(text)
				}
				if diff := cmp.Diff(texts, s.payloads()); diff != "" {
					t.Errorf("published (-want +got):\n%s", diff)
				}
				for _, m := range s.messages("up")[1:] {
					if len(m.Receivers) != 2 {
						t.Errorf("%q has %d receivers", m.Payload, len(m.Receivers))
					}
				}
			})
		})
	}
}

// TestStickAlone has one module of each kind, which hears a third of what the
// node sends, is unplugged and comes back. One that cannot send says so.
func TestStickAlone(t *testing.T) {
	t.Parallel()
	for kind, rxOnly := range map[modem.Kind]bool{modem.RN2483: false, modem.RUI3: true, modem.RAK811: true, modem.LoRaE5: false} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			try(t, func(t testing.TB) {
				s := newSite(t, node{}, stick(t, kind, 868_300_000, "near"))
				s.heard("before")
				r := s.rigs[0]
				r.Unplug()
				if err := r.replug(); err != nil {
					t.Fatal(err)
				}
				s.wait(r.Ready(), "the module to come back")
				s.heard("after")
				if diff := cmp.Diff([]string{"before", "after"}, s.payloads()); diff != "" {
					t.Errorf("published (-want +got):\n%s", diff)
				}
				if rxOnly {
					s.enqueue("down")
					s.heard("last")
					s.refused(radio.TxRxOnly)
				}
			})
		})
	}
}

// heard has the node send until it has chosen the one channel that somebody
// listens to.
func (s *site) heard(text string) {
	s.t.Helper()
	for range 20 {
		if sent := s.uplink(text, false); sent.Heard > 0 {
			s.until("the message", func() bool { return len(s.payloads()) > 0 && s.payloads()[len(s.payloads())-1] == text })
			return
		}
	}
	s.t.Fatal("the node never chose the channel")
}
