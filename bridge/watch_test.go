package bridge_test

import (
	"slices"
	"testing"

	"gatewayd/bridge"
	"gatewayd/radio"
)

// Whoever watches is told of every frame once: what was accepted, why not, and
// what became of the answers, with the way they took.
func TestWatch(t *testing.T) {
	t.Parallel()
	n := abp("lora1", 0x26011BDA, 1)
	var heard []bridge.Heard
	b := newMemoryBenchWith(t, func(o *bridge.Options) { o.Watch = func(h bridge.Heard) { heard = append(heard, h) } }, n)
	f := frameOf(n, 7, "x")
	f.confirmed = true
	b.hear(f.bytes(t), frameOf(abp("other", 0x01010101, 9), 1, "y").bytes(t))
	b.report(nil)
	verdicts := func() (all []string) {
		for _, h := range heard {
			all = append(all, h.Direction+" "+h.Verdict+" "+h.Device)
		}
		return all
	}
	want := []string{"up accepted lora1", "up unknown_dev_addr ", "down sent lora1"}
	got := verdicts()
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Fatalf("told %q, want %q", got, want)
	}
	for _, h := range heard {
		switch {
		case h.Verdict == "accepted" && (h.FCnt == nil || *h.FCnt != 7 || h.DevAddr != "26011BDA" || h.DataRate != "SF7BW125" || len(h.PHYPayload) != h.Size):
			t.Errorf("accepted: %+v", h)
		case h.Direction == "down" && (h.Delay != 1 || h.Frequency == 0 || h.DataRate == "" || h.Concentrator == ""):
			t.Errorf("sent: %+v", h)
		}
	}
	heard = nil
	b.tx.refuse = []radio.TxReason{radio.TxTooLate, radio.TxTooLate}
	f = frameOf(n, 8, "x")
	f.confirmed = true
	b.hear(f.bytes(t))
	if !slices.Contains(verdicts(), "down not_sent lora1") {
		t.Errorf("nobody would send: told %q", verdicts())
	}
}
