package bridge

import (
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gatewayd/bridge/crypt"
	"gatewayd/bridge/mac"
	"gatewayd/bridge/region"
	"gatewayd/internal/secret"
)

func TestStateMarshal(t *testing.T) {
	t.Parallel()
	r, err := region.New(region.Options{Name: "EU868"})
	if err != nil {
		t.Fatal(err)
	}
	params := mac.NewState(r, mac.V1_0_3, mac.RegionStart(r))
	k := func(b byte) secret.AES128 { return secret.NewAES128([16]byte{b}) }
	s1 := session{
		id: 1, devAddr: [4]byte{1, 2, 3, 4}, keys: keys10(k(1), k(2)), heard: true, fCntUp: 1 << 20, mic: [4]byte{1, 2, 3, 4},
		nFCntDown: 7, confs: [maxConfs]uint16{6, 7}, confCount: 2, region: "EU868", mac: params,
	}
	s2 := session{
		id: 2, devAddr: [4]byte{5, 6, 7, 8}, v11: true, mac: params, aFCntDown: 9, rejoined: true, rjCount0: 5,
		keys: crypt.Session{FNwkSInt: k(3), SNwkSInt: k(4), NwkSEnc: k(5), App: k(6)},
	}
	for name, want := range map[string]state{
		"nothing": {devNonce: -1, rjCount1: -1, nonceEpoch: 3},
		"active":  {active: s1, hasActive: true},
		"joining": {joining: s2, hasJoining: true, joinNonce: 5},
		"both":    {active: s1, hasActive: true, joining: s2, hasJoining: true, joinNonce: 1<<24 - 1},
	} {
		got, err := unmarshalState(want.marshal())
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got another state back, %v", name, err)
		}
	}
}

func FuzzUnmarshalState(f *testing.F) {
	f.Add(state{}.marshal())
	f.Add([]byte{1, 0, 0, 0, 0, 0})
	f.Add([]byte{3, 0, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := unmarshalState(b)
		if err != nil {
			return
		}
		again, err := unmarshalState(s.marshal())
		if err != nil || !reflect.DeepEqual(again, s) {
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
