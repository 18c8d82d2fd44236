package conformance_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gatewayd/radio"
	"gatewayd/radio/radiotest"
)

// What a concentrator may send on, in Hz: RX2 of EU868 only, or nothing that a
// node listens on.
func onlyRX2() [2]uint32 { return [2]uint32{869_400_000, 869_650_000} }

func nowhere() [2]uint32 { return [2]uint32{863_000_000, 863_100_000} }

// scenario is one entry of the table.
type scenario struct {
	name string
	setup
	node node
	// told says that the driver must learn what was refused.
	told bool
	play func(s *site)
}

func scenarios() []scenario {
	return []scenario{
		{name: "join 1.0", node: node{joins: true}, play: join},
		{name: "join 1.1", node: node{joins: true, v11: true}, play: join},
		{name: "uplink", play: uplink},
		{name: "bad CRC", play: badCRC},
		{name: "confirmed uplink", play: confirmedUplink},
		{name: "class A in RX1", play: classAInRX1},
		{name: "class A in RX2", node: node{rx2First: true}, play: classAInRX2},
		{name: "class A with RX1 refused", setup: setup{reach: onlyRX2()}, told: true, play: classAInRX2},
		{name: "class C", node: node{classC: true}, play: classC},
		{name: "unplug", play: unplug},
		{name: "restart", play: restart},
		{name: "clock wrap", setup: setup{wraps: true}, play: clockWrap},
		{name: "TX refusal", setup: setup{reach: nowhere()}, told: true, play: refusal},
	}
}

// TestDrivers runs the table over every driver.
func TestDrivers(t *testing.T) {
	t.Parallel()
	for _, sc := range scenarios() {
		for _, d := range drivers() {
			t.Run(sc.name+"/"+d.name, func(t *testing.T) {
				if sc.told && d.uninformed {
					t.Skip("the protocol has no word for a refusal")
				}
				t.Parallel()
				near := sc.setup
				near.name = "near"
				try(t, func(t testing.TB) { sc.play(newSite(t, sc.node, d.rig(t, near))) })
			})
		}
	}
}

func join(s *site) {
	if err := s.world.Node("node").Join(s.ctx); err != nil {
		s.t.Fatal(err)
	}
	joins := s.world.Joins()
	if last := joins[len(joins)-1]; len(joins) != 1 || last.Window != "RX1" || last.Offset != 0 {
		s.t.Errorf("accepted after %d requests in %s, %v off", len(joins), last.Window, last.Offset)
	}
	s.acknowledged("joined")
	if diff := cmp.Diff([]string{"joined"}, s.payloads()); diff != "" {
		s.t.Errorf("published (-want +got):\n%s", diff)
	}
}

func uplink(s *site) {
	sent := s.uplink("hello", false)
	s.until("the message", func() bool { return len(s.messages("up")) == 1 })
	want := message{
		Event: "up", Payload: []byte("hello"), Frequency: sent.Frequency, DataRate: "SF7BW125", CodingRate: "4/5", RSSI: -60, SNR: 9,
		GatewayEUI: s.rigs[0].gateway, Concentrator: "near",
	}
	if s.rigs[0].kind.untold {
		want.CodingRate = ""
	}
	if diff := cmp.Diff(want, s.messages("up")[0]); diff != "" {
		s.t.Errorf("message (-want +got):\n%s", diff)
	}
}

// badCRC wants a frame with a bad CRC, and one without, to end in the driver:
// whatever is in it.
func badCRC(s *site) {
	sent := s.uplink("first", false)
	for _, crc := range []radiotest.CRCStatus{radiotest.CRCBad, radiotest.CRCNone} {
		p := radiotest.Packet{
			Frequency: 868_100_000, DataRate: radio.LoRaDataRate(7, 125_000), RSSI: -60, SNR: 9, Payload: sent.PHYPayload, CRC: crc,
		}
		if err := s.rigs[0].Hear(p); err != nil {
			s.t.Fatal(err)
		}
	}
	s.acknowledged("second")
	var dropped uint64
	for _, n := range s.bridge.Stats().Dropped {
		dropped += n
	}
	if got := s.bridge.Stats(); got.Accepted != 2 || dropped != 0 {
		s.t.Errorf("accepted %d, dropped %v", got.Accepted, got.Dropped)
	}
}

func confirmedUplink(s *site) {
	for _, text := range []string{"one", "two"} {
		s.acknowledged(text)
	}
	for _, r := range s.world.Received() {
		if r.Window != "RX1" || r.Offset != 0 || !r.ACK {
			s.t.Errorf("answered in %s, %v off, ACK %v", r.Window, r.Offset, r.ACK)
		}
	}
	if diff := cmp.Diff([]string{"one", "two"}, s.payloads()); diff != "" {
		s.t.Errorf("published (-want +got):\n%s", diff)
	}
}

func classAInRX1(s *site) {
	s.enqueue("down")
	s.uplink("up", false)
	s.delivered("RX1 down")
}

func classAInRX2(s *site) {
	s.enqueue("down")
	s.uplink("up", false)
	s.delivered("RX2 down")
}

// delivered wants the downlinks to have arrived, and their sender to be told.
func (s *site) delivered(want ...string) {
	s.t.Helper()
	if diff := cmp.Diff(want, s.downlinks()); diff != "" {
		s.t.Errorf("downlinks (-want +got):\n%s", diff)
	}
	s.until("word of the emission", func() bool { return len(s.states("transmitted")) == len(want) })
}

// states are the events of downlinks that say that.
func (s *site) states(state string) (found []message) {
	s.t.Helper()
	for _, m := range s.messages("txack") {
		if m.State == state {
			found = append(found, m)
		}
	}
	return found
}

func classC(s *site) {
	s.uplink("up", false)
	asked := time.Now()
	s.enqueue("down")
	s.until("the downlink", func() bool { return len(s.downlinks()) == 1 })
	if took := time.Since(asked); took > 2*time.Second {
		s.t.Errorf("sent after %v", took)
	}
	s.delivered("RXC down")
}

func unplug(s *site) {
	s.acknowledged("before")
	r := s.rigs[0]
	r.Unplug()
	if sent := s.uplink("lost", false); sent.NotHeard == "" {
		s.t.Error("the concentrator has heard without a cable")
	}
	s.again(r, r.replug)
}

func restart(s *site) {
	s.acknowledged("before")
	r := s.rigs[0]
	then, before := time.Now(), r.Count()
	s.again(r, r.restart)
	ran := time.Duration(r.Count()-before) * time.Microsecond
	if off := ran - time.Since(then); off.Abs() < time.Second {
		s.t.Errorf("the counter runs on, %v off: it did not begin anew", off)
	}
}

// again brings the concentrator back, which must then work as before.
func (s *site) again(r *rig, how func() error) {
	s.t.Helper()
	if err := how(); err != nil {
		s.t.Fatal(err)
	}
	s.wait(r.Ready(), "the concentrator to come back")
	s.enqueue("down")
	s.acknowledged("after")
	s.delivered("RX1 down")
	if diff := cmp.Diff([]string{"before", "after"}, s.payloads()); diff != "" {
		s.t.Errorf("published (-want +got):\n%s", diff)
	}
}

// clockWrap has the counter wrap between an uplink and its receive window.
func clockWrap(s *site) {
	const ahead = 700_000 // µs
	r := s.rigs[0]
	s.until("the counter to come near its end", func() bool { return r.Count() > math.MaxUint32-ahead })
	s.enqueue("down")
	sent := s.uplink("up", false)
	if sent.Count < math.MaxUint32-ahead {
		s.t.Fatalf("sent at %d, after the wrap", sent.Count)
	}
	s.delivered("RX1 down")
	for _, d := range s.world.Received() {
		if d.Count >= sent.Count {
			s.t.Errorf("uplink at %d, downlink at %d: no wrap in between", sent.Count, d.Count)
		}
	}
	s.acknowledged("after")
}

// refusal wants a downlink that the concentrator refuses to wait on, and the
// reason to be said.
func refusal(s *site) {
	s.enqueue("down")
	s.uplink("up", false)
	s.refused(s.rigs[0].kind.refusal)
}

// refused wants the one downlink to wait on, and that reason to be said.
func (s *site) refused(reason radio.TxReason) {
	s.t.Helper()
	s.until("word of the refusal", func() bool { return s.bridge.Stats().Unsent > 0 })
	said := s.logs.FilterMessageSnippet("downlink not sent").All()
	if len(said) == 0 || !strings.Contains(said[0].ContextMap()["error"].(string), string(reason)) {
		s.t.Errorf("said %v", said)
	}
	info, err := s.bridge.Session(s.ctx, "node")
	if err != nil || info.Queued != 1 || len(s.downlinks()) != 0 || len(s.states("transmitted")) != 0 {
		s.t.Errorf("%d downlinks wait, received %q, %v", info.Queued, s.downlinks(), err)
	}
}
