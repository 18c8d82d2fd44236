package bridge

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"gatewayd/internal/secret"
)

func TestStateMarshal(t *testing.T) {
	t.Parallel()
	s1 := session{id: 1, devAddr: [4]byte{1, 2, 3, 4}, nwkSKey: secret.NewAES128([16]byte{1}), appSKey: secret.NewAES128([16]byte{2}), heard: true, fCntUp: 1 << 20, mic: [4]byte{1, 2, 3, 4}, fCntDown: 7}
	s2 := session{id: 2, devAddr: [4]byte{5, 6, 7, 8}, nwkSKey: secret.NewAES128([16]byte{3}), appSKey: secret.NewAES128([16]byte{4})}
	for name, want := range map[string]state{
		"nothing": {},
		"active":  {active: s1, hasActive: true},
		"joining": {joining: s2, hasJoining: true, joinNonce: 5},
		"both":    {active: s1, hasActive: true, joining: s2, hasJoining: true, joinNonce: 1<<24 - 1},
	} {
		got, err := unmarshalState(want.marshal())
		if err != nil || got != want {
			t.Errorf("%s: got another state back, %v", name, err)
		}
	}
}

func FuzzUnmarshalState(f *testing.F) {
	f.Add(state{}.marshal())
	f.Add(state{active: session{fCntUp: 3}, hasActive: true}.marshal())
	f.Add([]byte{2, 0, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := unmarshalState(b)
		if err != nil {
			return
		}
		again, err := unmarshalState(s.marshal())
		if err != nil || again != s {
			t.Errorf("what parses does not encode to the same state: %v", err)
		}
	})
}

func TestCounters(t *testing.T) {
	t.Parallel()
	type answer struct {
		n  uint32
		ok bool
	}
	for _, tt := range []struct {
		last         uint32
		low          uint16
		above, below answer
	}{
		{0, 0, answer{0x10000, true}, answer{0, true}},
		{0, 1, answer{1, true}, answer{0, false}},
		{0xffff, 0, answer{0x10000, true}, answer{0, true}},
		{0x1fffe, 0xffff, answer{0x1ffff, true}, answer{0xffff, true}},
		{0xffffffff, 0, answer{0, false}, answer{0xffff0000, true}},
		{0xfffffffe, 0xffff, answer{0xffffffff, true}, answer{0xfffeffff, true}},
	} {
		var above, below answer
		above.n, above.ok = fCntAbove(tt.last, tt.low)
		below.n, below.ok = fCntBelow(tt.last, tt.low)
		if diff := cmp.Diff([]answer{tt.above, tt.below}, []answer{above, below}, cmp.AllowUnexported(answer{})); diff != "" {
			t.Errorf("last %#x, low %#x (-want +got):\n%s", tt.last, tt.low, diff)
		}
	}
}
