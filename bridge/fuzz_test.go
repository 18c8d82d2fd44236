package bridge_test

import (
	"context"
	"testing"

	"gatewayd/bridge"
	"gatewayd/radio"
)

// Whatever is on the air, a frame that no node sent is counted once under
// one reason, answered never and published never.
func FuzzUplink(f *testing.F) {
	n, o := abp("lora1", 0x01020304, 1), otaa("lora2", 9)
	good := frameOf(n, 1, "x").bytes(new(testing.T))
	f.Add(good)
	f.Add(joinRequest(new(testing.T), o, 1))
	f.Add([]byte{0xC0, 1})
	f.Add([]byte{0x40, 4, 3, 2, 1, 0x0f, 0, 0, 1, 2, 3, 4})
	f.Add([]byte{0x40, 4, 3, 2, 1, 0x81, 0, 0, 2, 0, 1, 2, 3, 4})
	f.Fuzz(func(t *testing.T, frame []byte) {
		b := newMemoryBench(t, n, o)
		up := make(chan radio.Uplink, 1)
		up <- b.uplink(frame)
		close(up)
		if err := b.bridge.Run(context.Background(), up, nil); err != nil {
			t.Fatal(err)
		}
		s := b.bridge.Stats()
		var dropped uint64
		for _, c := range s.Dropped {
			dropped += c
		}
		if dropped+s.Accepted+s.Joined != 1 {
			t.Errorf("counted %d times", dropped+s.Accepted+s.Joined)
		}
		if dropped == 1 && (len(b.tx.sent) != 0 || len(b.messages(n)) != 0) {
			t.Error("a dropped frame had consequences")
		}
	})
}

func TestReasonsAreDistinctWords(t *testing.T) {
	t.Parallel()
	seen := map[bridge.Reason]bool{}
	for _, r := range bridge.Reasons() {
		if seen[r] {
			t.Errorf("%s stands twice", r)
		}
		seen[r] = true
		for _, c := range r {
			if (c < 'a' || c > 'z') && c != '_' {
				t.Errorf("%q is not one lower-case word", r)
			}
		}
	}
}
