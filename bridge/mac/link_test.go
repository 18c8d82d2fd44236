package mac

import (
	"testing"

	"github.com/brocaar/lorawan"
	"github.com/google/go-cmp/cmp"

	"gatewayd/bridge/region"
)

// adrUp is an uplink of a node with its ADR bit on.
func adrUp(want *Desired, dr uint8, commands string) Uplink {
	in := up(want, commands)
	in.ADR, in.DR = true, dr
	in.DataRate, _ = want.Region.DataRate(dr)
	return in
}

func static(t testing.TB, dr, power, nbTrans uint8) Desired {
	t.Helper()
	want := eu868(t)
	want.ADR.Mode, want.ADR.Static = ADRStatic, LinkSetting{DR: dr, TXPower: power, NbTrans: nbTrans}
	return want
}

// TestLinkADRAns: what a node is thought to use after each answer.
func TestLinkADRAns(t *testing.T) {
	t.Parallel()
	mask := region.Mask{0: 7}
	before := Link{DR: 0, NbTrans: 1, Mask: mask}
	asked := Link{DR: 3, TXPower: 2, NbTrans: 2, Mask: mask}
	kept := asked
	kept.DR, kept.TXPower = 0, 0
	for _, tt := range []struct {
		name string
		v    Version
		in   string
		dr   uint8
		adr  bool
		want Link
	}{
		{"accepted", V1_0_0, "0307", 3, true, asked},
		{"accepted, answered twice", V1_0_3, "0307 0307", 3, true, asked},
		{"accepted, and a further block refused", V1_1_0, "0307 0300", 3, true, asked},
		{"one of two refused", V1_0_1, "0307 0306", 0, true, before},
		{"mask refused", V1_0_4, "0306", 0, true, before},
		{"data rate refused", V1_0_4, "0305", 0, true, before},
		{"power refused", V1_0_4, "0303", 0, true, before},
		{"only the mask, by a node with ADR off", V1_0_4, "0301", 0, false, kept},
		{"only the mask, by a node with ADR on", V1_0_4, "0301", 0, true, before},
		{"nothing, by a node with ADR off", V1_1_0, "0300", 0, false, before},
		{"lost", V1_1_0, "", 0, true, before},
	} {
		want := static(t, 3, 2, 2)
		s := session(t, &want, tt.v, true)
		s.Uplink(&want, adrUp(&want, 0, ""))
		if got := requests(&s, &want); got != "0332070002" {
			t.Fatalf("%s: asks %s", tt.name, got)
		}
		in := adrUp(&want, tt.dr, tt.in)
		in.ADR = tt.adr
		s.Uplink(&want, in)
		if diff := cmp.Diff(tt.want, s.Link); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

// TestStaticRefused: a static setting that the node refuses is given up.
func TestStaticRefused(t *testing.T) {
	t.Parallel()
	want := static(t, 6, 1, 1)
	s := session(t, &want, V1_0_4, true)
	var events []Event
	asked := 0
	for range 60 {
		answer := ""
		if s.Uplink(&want, adrUp(&want, 2, "")); requests(&s, &want) != "" {
			asked++
			answer = "0305"
		}
		events = append(events, s.Uplink(&want, adrUp(&want, 2, answer)).Events...)
	}
	if asked != maxRefusals {
		t.Errorf("asked %d times", asked)
	}
	if diff := cmp.Diff([]Event{{Kind: Refused, CID: lorawan.LinkADRReq, Detail: "data rate 6"}}, events); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

// TestMaskRefused: a mask that the node refuses is given up, its data rate is
// not.
func TestMaskRefused(t *testing.T) {
	t.Parallel()
	want := us915(t)
	want.ADR.Mode, want.ADR.Static = ADRStatic, LinkSetting{DR: 1, NbTrans: 1}
	s := session(t, &want, V1_0_4, true)
	var events []Event
	for range 40 {
		in := adrUp(&want, s.Link.DR, "")
		if got := requests(&s, &want); len(got) == 2*10 { // the block with the mask
			in = adrUp(&want, s.Link.DR, "0306 0306")
		} else if got != "" {
			in = adrUp(&want, 1, "0307")
		}
		events = append(events, s.Uplink(&want, in).Events...)
	}
	if s.Link.DR != 1 || s.Link.Mask != want.Region.DefaultMask() {
		t.Errorf("the link is %v", s.Link)
	}
	event := Event{Kind: Refused, CID: lorawan.LinkADRReq, Detail: "channel mask [ff00 0000 0000 0000 0002 0000]"}
	if diff := cmp.Diff([]Event{event}, events); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

// TestFallBack: a node that has heard nothing for long lowers its data rate
// and in the end forgets its channel mask. What is heard counts, and it is
// told anew.
func TestFallBack(t *testing.T) {
	t.Parallel()
	want := us915(t)
	want.ADR.Mode, want.ADR.Static = ADRStatic, LinkSetting{DR: 3, TXPower: 4, NbTrans: 1}
	s := session(t, &want, V1_0_4, true)
	s.Uplink(&want, adrUp(&want, 0, ""))
	requests(&s, &want)
	s.Uplink(&want, adrUp(&want, 3, "0307 0307"))
	if got := requests(&s, &want); got != "" || s.Link.TXPower != 4 {
		t.Fatalf("asks %q when all is well; link %v", got, s.Link)
	}
	in := adrUp(&want, 2, "")
	in.ADRACKReq = true
	if out := s.Uplink(&want, in); !out.Reply {
		t.Error("the node is left without a sign")
	}
	if s.Link.DR != 2 || s.Link.TXPower != 0 || s.linkDoubt {
		t.Errorf("the link is %v", s.Link)
	}
	// Channels 0 to 15 lie in the first group: any of the others will do.
	if got := requests(&s, &want); got != "033400ff01" {
		t.Errorf("asks %s for the data rate", got)
	}
	in.DR, in.Channel = 0, 40
	s.Uplink(&want, in)
	if !s.linkDoubt || s.Link.Mask != want.Region.DefaultMask() {
		t.Errorf("the mask is %04x", s.Link.Mask)
	}
	if got := requests(&s, &want); got != "0334020071"+"033400ff01" {
		t.Errorf("asks %s for the mask", got)
	}
	s.Uplink(&want, adrUp(&want, 3, "0307 0307"))
	if s.linkDoubt || s.Link.Mask != want.Region.Mask() {
		t.Errorf("the mask is %04x after the answer", s.Link.Mask)
	}
}

// TestDoubtWithoutDifference: a node on a channel beyond its mask is told its
// mask again even if that is the default one.
func TestDoubtWithoutDifference(t *testing.T) {
	t.Parallel()
	want := eu868(t)
	s := session(t, &want, V1_0_4, true)
	in := up(&want, "")
	in.Channel = 5
	s.Uplink(&want, in)
	if got := requests(&s, &want); got != "0300070001" {
		t.Errorf("asks %q", got)
	}
	s.Uplink(&want, up(&want, "0301"))
	if got := requests(&s, &want); got != "" || s.Link.Mask != (region.Mask{0: 7}) {
		t.Errorf("asks %q with mask %04x", got, s.Link.Mask)
	}
	in.Channel = -1
	s.Uplink(&want, in)
	if got := requests(&s, &want); got != "" {
		t.Errorf("asks %q after an uplink on an unknown channel", got)
	}
}

// TestDisobedient: a node that says yes and does as it likes is not told in
// every downlink for ever.
func TestDisobedient(t *testing.T) {
	t.Parallel()
	want := static(t, 5, 0, 1)
	s := session(t, &want, V1_0_2, true)
	asked, answer := 0, ""
	for range 500 {
		s.Uplink(&want, adrUp(&want, 2, answer))
		if answer = ""; requests(&s, &want) != "" {
			asked++
			answer = "0307"
		}
	}
	if asked > 16 {
		t.Errorf("told %d times in 500 uplinks", asked)
	}
}

// TestADROff: the node's own data rate is left alone, its mask is not.
func TestADROff(t *testing.T) {
	t.Parallel()
	want := us915(t)
	want.ADR.Mode = ADROff
	s := session(t, &want, V1_0_3, true)
	s.Uplink(&want, adrUp(&want, 2, ""))
	if got := requests(&s, &want); got != "0320020071"+"032000ff01" {
		t.Errorf("asks %s", got)
	}
}

// TestNotHeard: nothing is asked of the link before its data rate is known.
func TestNotHeard(t *testing.T) {
	t.Parallel()
	want := us915(t)
	s := NewState(want.Region, V1_0_4, RegionStart(want.Region))
	if got := requests(&s, &want); got != "" {
		t.Errorf("asks %s", got)
	}
}

// TestChannelsFirst: new channels change the mask themselves, so that they are
// not mixed with a LinkADRReq, which would switch them off again.
func TestChannelsFirst(t *testing.T) {
	t.Parallel()
	want := DefaultDesired(newRegion(t, region.Options{Name: "EU868", Channels: fiveMore()[:1]}))
	want.ADR.Mode, want.ADR.Static = ADRStatic, LinkSetting{DR: 4, NbTrans: 1}
	s := session(t, &want, V1_0_4, true)
	s.Uplink(&want, adrUp(&want, 0, ""))
	const newChannel = "0703184f8450"
	if got := requests(&s, &want); got != newChannel {
		t.Fatalf("asks %q", got)
	}
	if got := requests(&s, &want); got != "" {
		t.Fatalf("asks %q before the answer", got)
	}
	s.Uplink(&want, adrUp(&want, 0, "0703"))
	if got := requests(&s, &want); got != "03400f0001" {
		t.Errorf("asks %q with all channels there", got)
	}
}
