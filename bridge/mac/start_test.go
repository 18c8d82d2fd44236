package mac

import (
	"testing"

	"github.com/brocaar/lorawan"
	"github.com/google/go-cmp/cmp"

	"gatewayd/bridge/region"
)

// TestStart: what a node uses right after it was activated, and that nothing
// of it is asked for again.
func TestStart(t *testing.T) {
	t.Parallel()
	dynamic := region.Options{Name: "EU868", Channels: fiveMore()}
	fixed := region.Options{Name: "US915", SubBand: 2}
	for _, tt := range []struct {
		name   string
		region region.Options
		start  func(*Start, *region.Region)
		mask   region.Mask
		asked  string
	}{
		{
			name: "CFList of frequencies", region: dynamic,
			start: func(s *Start, r *region.Region) { s.CFList = r.CFList(false) },
			mask:  region.Mask{0: 0xff},
		},
		{
			name: "CFList of masks", region: fixed,
			start: func(s *Start, r *region.Region) { s.CFList = r.CFList(true) },
			mask:  region.Mask{0: 0xff00, 4: 2},
		},
		{
			name: "channels of an ABP node", region: dynamic,
			start: func(s *Start, _ *region.Region) { s.Channels = fiveMore() },
			mask:  region.Mask{0: 0xff},
		},
		{
			name: "some of them", region: dynamic,
			start: func(s *Start, _ *region.Region) { s.Channels = fiveMore()[:4] },
			// Channel 7, 867.9 MHz = 8679000 = 0x846E58.
			mask: region.Mask{0: 0x7f}, asked: "0707586e8450",
		},
		{
			// DLSettings 0x23, RxDelay 0.
			name: "windows that are not wanted", region: region.Options{Name: "EU868"},
			start: func(s *Start, _ *region.Region) { s.RX1DROffset, s.RX2DataRate, s.RXDelay = 2, 3, 0 },
			mask:  region.Mask{0: 7}, asked: "0500d2ad84",
		},
		{
			name: "a mask that is not wanted", region: fixed, start: func(*Start, *region.Region) {},
			mask: region.Mask{0xffff, 0xffff, 0xffff, 0xffff, 0xff}, asked: "0300020071" + "030000ff01",
		},
	} {
		want := DefaultDesired(newRegion(t, tt.region))
		start := RegionStart(want.Region)
		tt.start(&start, want.Region)
		s := NewState(want.Region, V1_0_3, start)
		if diff := cmp.Diff(tt.mask, s.Link.Mask); diff != "" {
			t.Errorf("%s: mask (-want +got):\n%s", tt.name, diff)
		}
		s.Uplink(&want, up(&want, ""))
		if got := requests(&s, &want); got != tt.asked {
			t.Errorf("%s: asked %q, want %q", tt.name, got, tt.asked)
		}
	}
}

// TestCFListGaps: frequency 0 leaves out a channel number, and what is beyond
// the node's 16 channels is not there.
func TestCFListGaps(t *testing.T) {
	t.Parallel()
	want := eu868(t)
	start := RegionStart(want.Region)
	start.CFList = &lorawan.CFList{Payload: &lorawan.CFListChannelPayload{Channels: [5]uint32{867_100_000, 0, 867_500_000}}}
	s := NewState(want.Region, V1_0_3, start)
	if s.Channels[3].Frequency != 867_100_000 || s.Channels[4].Frequency != 0 || s.Channels[5].Frequency != 867_500_000 {
		t.Errorf("channels %v", s.Channels)
	}
	if s.Channels[3].MaxDR != 5 || s.Link.Mask != (region.Mask{0: 0b101111}) {
		t.Errorf("channel 3 is %v, the mask %04x", s.Channels[3], s.Link.Mask)
	}
	start.CFList = nil
	start.Channels = make([]region.Channel, 20)
	for i := range start.Channels {
		start.Channels[i].Frequency = 867_100_000
	}
	if s = NewState(want.Region, V1_0_3, start); s.Link.Mask != (region.Mask{0: 0xffff}) {
		t.Errorf("the mask is %04x", s.Link.Mask)
	}
}

// TestChannelRemoved: NewChannelReq with frequency 0 takes a channel away, and
// what was known of its downlinks.
func TestChannelRemoved(t *testing.T) {
	t.Parallel()
	want := DefaultDesired(newRegion(t, region.Options{Name: "EU868", Channels: fiveMore()}))
	s := session(t, &want, V1_0_4, true)
	s.setChannel(4, region.Channel{Frequency: 867_300_000, MaxDR: 5})
	s.Downlinks[4] = 868_100_000
	s.setChannel(4, region.Channel{MaxDR: 5})
	if s.Channels[4] != (region.Channel{}) || s.Downlinks[4] != 0 || s.Link.Mask.Has(4) {
		t.Errorf("channel 4 is %v, mask %04x", s.Channels[4], s.Link.Mask)
	}
}

// TestNoSharing: a copy of a State has nothing in common with it.
func TestNoSharing(t *testing.T) {
	t.Parallel()
	want := us915(t)
	s := session(t, &want, V1_1_0, true)
	before, twin := s, session(t, &want, V1_1_0, true)
	next := s
	next.Uplink(&want, adrUp(&want, 2, "2002 06FF03"))
	next.Requests(&want, now(), 242)
	if s != before || s != twin || next == s {
		t.Error("work on a copy changed the State")
	}
}
