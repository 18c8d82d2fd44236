package conformance_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestMixed has two concentrators of different kinds in one bridge.
func TestMixed(t *testing.T) {
	t.Parallel()
	kinds := map[string]driver{}
	for _, d := range drivers() {
		kinds[d.name] = d
	}
	for _, pair := range [][2]string{
		{"picocell", "semtech-udp"}, {"semtech-udp", "picocell"}, {"semtech-udp", "concentratord"}, {"concentratord", "picocell"}, {"semtech-udp", "basicstation"},
	} {
		near, far := kinds[pair[0]], kinds[pair[1]]
		for name, tt := range map[string]struct {
			reach [2]uint32 // of the near one
			play  func(s *site)
		}{
			"dedup":    {play: dedup},
			"fallback": {nowhere(), fallback},
			"unplug":   {play: carryOn},
		} {
			t.Run(near.name+" and "+far.name+"/"+name, func(t *testing.T) {
				t.Parallel()
				try(t, func(t testing.TB) {
					tt.play(newSite(t, node{}, near.rig(t, setup{name: "near", reach: tt.reach}), far.rig(t, setup{name: "far"})))
				})
			})
		}
	}
}

// dedup wants one message of what both have heard, and the nearer one to
// answer.
func dedup(s *site) {
	s.uplink("one", false) // nobody knows yet that there are two to hear it
	s.acknowledged("two")
	if diff := cmp.Diff([]string{"one", "two"}, s.payloads()); diff != "" {
		s.t.Errorf("published (-want +got):\n%s", diff)
	}
	up := s.messages("up")[1]
	if len(up.Receivers) != 2 || up.Concentrator != "near" || up.GatewayEUI != s.rigs[0].gateway {
		s.t.Errorf("%d receivers, the best is %s of %s", len(up.Receivers), up.Concentrator, up.GatewayEUI)
	}
	for _, r := range s.world.Received() {
		if r.Site != 0 {
			s.t.Errorf("downlink %d came from the far concentrator", r.FCnt)
		}
	}
}

// fallback wants the far concentrator to send what the near one refuses.
func fallback(s *site) {
	s.uplink("one", false) // makes both known
	s.enqueue("down")
	s.acknowledged("two")
	s.until("the sender to be told", func() bool { return len(s.states("transmitted")) == 1 })
	got := s.world.Received()
	if len(got) == 0 || got[len(got)-1].Site != 1 || string(got[len(got)-1].Payload) != "down" {
		s.t.Errorf("received %+v", got)
	}
}

// carryOn wants the far concentrator to do what the near one did, as long as
// that is unplugged.
func carryOn(s *site) {
	s.acknowledged("one")
	s.rigs[0].Unplug()
	s.acknowledged("two")
	if err := s.rigs[0].replug(); err != nil {
		s.t.Fatal(err)
	}
	s.wait(s.rigs[0].Ready(), "the near concentrator to come back")
	s.acknowledged("three")
	if diff := cmp.Diff([]string{"one", "two", "three"}, s.payloads()); diff != "" {
		s.t.Errorf("published (-want +got):\n%s", diff)
	}
	last := s.messages("up")[2]
	if len(last.Receivers) != 2 || last.Concentrator != "near" {
		s.t.Errorf("%d receivers, the best is %s", len(last.Receivers), last.Concentrator)
	}
}
