package mac

import (
	"testing"

	"github.com/brocaar/lorawan"
	"github.com/google/go-cmp/cmp"
)

// TestForceRejoin: it has no answer, and is asked for until somebody is
// satisfied, ever more rarely.
func TestForceRejoin(t *testing.T) {
	t.Parallel()
	want := eu868(t)
	want.ForceRejoin = &ForceRejoin{Period: 3, MaxRetries: 5, Type: 2, DR: 4}
	s := session(t, &want, V1_1_0, true)
	sent := 0
	for range 200 {
		if got := requests(&s, &want); got == "0e241d" {
			sent++
		} else if got != "" {
			t.Fatalf("asks %s", got)
		}
		s.Uplink(&want, up(&want, ""))
	}
	if sent < 5 || sent > 12 {
		t.Errorf("asked %d times in 200 uplinks", sent)
	}
	want.ForceRejoin = nil
	if got := requests(&s, &want); got != "" {
		t.Errorf("asks %s", got)
	}
	abp := session(t, &want, V1_1_0, false)
	want.ForceRejoin = &ForceRejoin{}
	if got := requests(&abp, &want); got != "" {
		t.Errorf("an ABP node is asked %s", got)
	}
}

// TestRefused: a refused setting is asked for three times with pauses, then
// reported once and left; another value is tried at once.
func TestRefused(t *testing.T) {
	t.Parallel()
	want := eu868(t)
	want.RX2DataRate = 5
	s := session(t, &want, V1_0_4, true)
	var asked int
	var events []Event
	for range 60 {
		in := up(&want, "")
		if requests(&s, &want) != "" {
			asked++
			in = up(&want, "0505") // RX2 data rate refused
		}
		events = append(events, s.Uplink(&want, in).Events...)
	}
	if asked != maxRefusals {
		t.Errorf("asked %d times", asked)
	}
	event := Event{Kind: Refused, CID: lorawan.RXParamSetupReq, Detail: "RX2 data rate 5"}
	if diff := cmp.Diff([]Event{event}, events); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	if s.RX2DataRate != 0 {
		t.Errorf("RX2 is thought to be at DR%d", s.RX2DataRate)
	}
	want.RX2DataRate = 4
	if got := requests(&s, &want); got != "0504d2ad84" {
		t.Errorf("another value is asked for with %q", got)
	}
}

func TestRefusedDetails(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		slot   slot
		b      string
		bits   byte
		detail string
	}{
		{slotRXParam, "23d2ad84", 7, "RX2 frequency 869525000 Hz, RX2 data rate 3, RX1 data rate offset 2"},
		{slotRXParam, "23d2ad84", 4, "RX1 data rate offset 2"},
		{slotNewChannel + 3, "03184f8450", 1, "frequency 867100000 Hz of channel 3"},
		{slotNewChannel + 3, "03184f8450", 2, "data rates 0 to 5 of channel 3"},
		{slotDLChannel + 1, "01d2ad84", 1, "downlink frequency 869525000 Hz of channel 1"},
		{slotDLChannel + 1, "01d2ad84", 2, "channel 1, which it does not have"},
	} {
		var payload [maxPayload]byte
		copy(payload[:], fromHex(tt.b))
		if got := details(tt.slot, payload, tt.bits); got != tt.detail {
			t.Errorf("%q, want %q", got, tt.detail)
		}
	}
}

// TestRejoinWithoutClock: the time limit is refused, the rest in force.
func TestRejoinWithoutClock(t *testing.T) {
	t.Parallel()
	want := eu868(t)
	want.Rejoin = &Rejoin{TimeN: 4, CountN: 2}
	s := session(t, &want, V1_1_0, true)
	requests(&s, &want)
	out := s.Uplink(&want, up(&want, "0F00"))
	if len(out.Events) != 1 || out.Events[0].Kind != Refused || s.Rejoin != *want.Rejoin {
		t.Errorf("events %v, rejoin %v", out.Events, s.Rejoin)
	}
	if got := requests(&s, &want); got != "" {
		t.Errorf("asks %s again", got)
	}
}

// TestUnanswered: a node that never answers is asked ever more rarely, and
// that is reported once.
func TestUnanswered(t *testing.T) {
	t.Parallel()
	want := eu868(t)
	want.DutyCycle = 3
	s := session(t, &want, V1_0_4, true)
	var at []int
	var events []Event
	for i := range 400 {
		if requests(&s, &want) != "" {
			at = append(at, i)
		}
		events = append(events, s.Uplink(&want, up(&want, "")).Events...)
	}
	if diff := cmp.Diff([]int{0, 1, 2, 5, 10, 19, 36, 69, 134, 199, 264, 329, 394}, at); diff != "" {
		t.Errorf("asked in uplinks (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]Event{{Kind: Unanswered, CID: lorawan.DutyCycleReq}}, events); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

// TestLateAnswer: a class C node may be sending while it is asked, so that the
// answer comes one uplink later.
func TestLateAnswer(t *testing.T) {
	t.Parallel()
	want := eu868(t)
	want.RXDelay = 3
	s := session(t, &want, V1_0_4, true)
	requests(&s, &want)
	s.Uplink(&want, up(&want, ""))
	s.Uplink(&want, up(&want, "08"))
	if s.RXDelay != 3 {
		t.Errorf("RXDelay is %d", s.RXDelay)
	}
}

// TestStickyAnswer: a repeated answer to an old request is not taken for the
// answer to a new one.
func TestStickyAnswer(t *testing.T) {
	t.Parallel()
	want := eu868(t)
	want.RXDelay = 3
	s := session(t, &want, V1_0_4, true)
	requests(&s, &want)
	s.Uplink(&want, up(&want, "08"))
	want.RXDelay = 7
	for range 3 {
		if got := requests(&s, &want); got != "" {
			t.Fatalf("asks %s while the node repeats its answer", got)
		}
		if out := s.Uplink(&want, up(&want, "08")); !out.Reply {
			t.Fatal("no downlink would stop the node")
		}
	}
	s.Uplink(&want, up(&want, ""))
	if got := requests(&s, &want); got != "0807" || s.RXDelay != 3 {
		t.Errorf("asks %q with RXDelay %d", got, s.RXDelay)
	}
}

// TestAnswerToTheLast: an answer belongs to what the last downlink asked, not
// to what has been waiting for longer.
func TestAnswerToTheLast(t *testing.T) {
	t.Parallel()
	want := eu868(t)
	want.Downlinks[0] = 869_525_000
	s := session(t, &want, V1_0_4, true)
	for range 3 {
		if got := requests(&s, &want); got != "0a00d2ad84" {
			t.Fatalf("asks %q", got)
		}
		s.Uplink(&want, up(&want, ""))
	}
	want.Downlinks[2] = 869_525_000
	if got := requests(&s, &want); got != "0a02d2ad84" {
		t.Fatalf("asks %q while the first request waits for its next turn", got)
	}
	s.Uplink(&want, up(&want, "0A03"))
	if s.Downlinks[0] != 0 || s.Downlinks[2] != 869_525_000 {
		t.Errorf("RX1 is thought to be at %v", s.Downlinks)
	}
	if s.Uplink(&want, up(&want, "0A03")); s.Downlinks[0] != 0 {
		t.Error("a repeated answer is taken for another")
	}
	s.Uplink(&want, up(&want, ""))
	s.Uplink(&want, up(&want, "0A03"))
	if s.Downlinks[0] != 869_525_000 {
		t.Errorf("after a late answer RX1 is thought to be at %v", s.Downlinks)
	}
}
