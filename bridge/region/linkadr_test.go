package region_test

import (
	"encoding/hex"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/brocaar/lorawan"
	"github.com/google/go-cmp/cmp"

	"gatewayd/bridge/region"
)

// wire is a block as it is sent, without the CIDs.
func wire(t *testing.T, block []lorawan.LinkADRReqPayload) [][]byte {
	t.Helper()
	var list [][]byte
	for _, c := range block {
		b, err := c.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, b)
	}
	return list
}

func TestLinkADR(t *testing.T) {
	t.Parallel()
	all := region.Mask{0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF, 0x00FF}
	for _, tt := range []struct {
		name          string
		region        string
		current, want region.Mask
		block         string // DataRate and TXPower, ChMask, Redundancy
	}{
		{"EU868", "EU868", region.Mask{7}, region.Mask{5}, "53050002"},
		{"EU868, mask unchanged", "EU868", region.Mask{7}, region.Mask{7}, "53070002"},
		// The pairs that MultiTech publishes for devices of 1.0.2 and before.
		{"US915, first sub-band", "US915", all, region.Mask{0xFF, 0, 0, 0, 1}, "53010072 53ff0002"},
		{"US915, eighth sub-band", "US915", all, region.Mask{0, 0, 0, 0xFF00, 0x80}, "53800072 5300ff32"},
		{"US915, mask unchanged", "US915", region.Mask{0, 0xFF, 0, 0, 2}, region.Mask{0, 0xFF, 0, 0, 2}, "53ff0012"},
		{"US915, one group", "US915", all, region.Mask{0xFFFF, 0xFFFF, 0xFFFF, 0x7FFF, 0xFF}, "53ff7f32"},
		{"US915, back to all", "US915", region.Mask{0xFF, 0, 0, 0, 1}, all, "53ff0062"},
		{"US915, all but one", "US915", region.Mask{0xFF, 0, 0, 0, 1}, region.Mask{0xFFFF, 0xFFFE, 0xFFFF, 0xFFFF, 3}, "53030062 53feff12"},
		{"AU915, only 500 kHz", "AU915", all, region.Mask{0, 0, 0, 0, 0xF0}, "53f00072"},
		{
			"CN470, first sub-band", "CN470",
			region.Mask{0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF},
			region.Mask{0xFF},
			"53ff0002 53000012 53000022 53000032 53000042 53000052",
		},
		{"CN470, all", "CN470", region.Mask{0xFF}, region.Mask{0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF}, "53ffff62"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, b := range wire(t, newRegion(t, region.Options{Name: tt.region}).LinkADR(tt.current, tt.want, 5, 3, 2)) {
				got = append(got, hex.EncodeToString(b))
			}
			if diff := cmp.Diff(tt.block, strings.Join(got, " ")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// receiver is the channel mask of a node, written from the ChMaskCntl tables of
// the Regional Parameters alone.
type receiver struct {
	channels int  // 16 at most: dynamic
	us       bool // US915, AU915
	on       [96]bool
}

// apply takes one LinkADRReq off the wire and reports whether it is accepted.
func (n *receiver) apply(b []byte) bool {
	cntl := int(b[3] >> 4 & 7)
	first, count := 16*cntl, 16
	switch {
	case n.us && (cntl == 6 || cntl == 7):
		for i := range 64 {
			n.on[i] = cntl == 6
		}
		first = 64
	case cntl == 6:
		for i := range n.channels {
			n.on[i] = true
		}
		return true
	case cntl == 7 || first >= n.channels:
		return false
	}
	for i := range count {
		bit := b[1+i/8]>>(i%8)&1 == 1
		if first+i >= n.channels {
			if bit {
				return false
			}
			continue
		}
		n.on[first+i] = bit
	}
	return true
}

func (n *receiver) mask() region.Mask {
	var m region.Mask
	for i, on := range n.on {
		m.Set(i, on)
	}
	return m
}

func (n *receiver) set(m region.Mask) {
	for i := range n.on {
		n.on[i] = m.Has(i)
	}
}

// randomMask favours what is in use: all, none and sub-bands among noise.
func randomMask(rng *rand.Rand, channels int) region.Mask {
	var m region.Mask
	for g := range m {
		switch rng.IntN(4) {
		case 0:
			m[g] = 0xFFFF
		case 1:
			m[g] = uint16(rng.Uint32())
		case 2:
			m[g] = 0xFF << (8 * rng.IntN(2))
		}
	}
	for i := channels; i < 96; i++ {
		m.Set(i, false)
	}
	if m.Count() == 0 {
		m.Set(rng.IntN(channels), true)
	}
	return m
}

func TestLinkADRReaches(t *testing.T) {
	t.Parallel()
	eu := region.Options{Name: "EU868", Channels: ladder(867_100_000, 200_000, 5, 0, 5)}
	for _, o := range []region.Options{eu, {Name: "US915"}, {Name: "AU915"}, {Name: "CN470"}, {Name: "AS923"}} {
		t.Run(o.Name, func(t *testing.T) {
			t.Parallel()
			r := newRegion(t, o)
			channels := len(r.UplinkChannels())
			rng := rand.New(rand.NewPCG(3, 5))
			for i := range 300 {
				current, want := randomMask(rng, channels), randomMask(rng, channels)
				block := r.LinkADR(current, want, 4, 1, 3)
				n := &receiver{channels: channels, us: channels == 72}
				n.set(current)
				for _, b := range wire(t, block) {
					if b[0] != 0x41 || b[3]&0x8F != 3 {
						t.Fatalf("%x: want DR4, TXPower 1, NbTrans 3", b)
					}
					if !n.apply(b) {
						t.Fatalf("from %04x to %04x: %x is refused", current, want, b)
					}
				}
				if n.mask() != want {
					t.Fatalf("from %04x to %04x: %x leads to %04x", current, want, wire(t, block), n.mask())
				}
				got, err := r.ApplyLinkADR(current, block)
				if err != nil || got != want {
					t.Fatalf("from %04x to %04x: applied %04x, %v", current, want, got, err)
				}
				// Trying everything takes long; a tenth tells.
				if i%10 == 0 && len(block) < 5 && shorter(n, current, want, len(block)-1) {
					t.Fatalf("from %04x to %04x: %x, and there is a shorter way", current, want, wire(t, block))
				}
			}
		})
	}
}

// shorter reports whether at most steps commands, of at least one, lead from
// current to want. A command that sets a group can only help if it sets what is
// wanted there.
func shorter(n *receiver, current, want region.Mask, steps int) bool {
	if steps < 1 {
		return false
	}
	for cntl := range byte(8) {
		group := int(cntl)
		if n.us && cntl > 5 {
			group = 4
		}
		var mask uint16
		if group < len(want) {
			mask = want[group]
		}
		next := *n
		next.set(current)
		if !next.apply([]byte{0, byte(mask), byte(mask >> 8), cntl << 4}) {
			continue
		}
		if m := next.mask(); m == want || shorter(n, m, want, steps-1) {
			return true
		}
	}
	return false
}

func TestApplyLinkADRErrors(t *testing.T) {
	t.Parallel()
	command := func(cntl uint8, bits ...int) lorawan.LinkADRReqPayload {
		c := lorawan.LinkADRReqPayload{Redundancy: lorawan.Redundancy{ChMaskCntl: cntl}}
		for _, i := range bits {
			c.ChMask[i] = true
		}
		return c
	}
	current := region.Mask{3}
	for _, tt := range []struct {
		name, region string
		block        []lorawan.LinkADRReqPayload
		want         string
	}{
		{"reserved", "EU868", []lorawan.LinkADRReqPayload{command(1, 0)}, "ChMaskCntl 1 is reserved in EU868"},
		{"reserved in CN470", "CN470", []lorawan.LinkADRReqPayload{command(7, 0)}, "ChMaskCntl 7 is reserved in CN470"},
		{"not in 1.0.2", "US915", []lorawan.LinkADRReqPayload{command(5, 0)}, "ChMaskCntl 5 is reserved in US915"},
		{"no such channel", "EU868", []lorawan.LinkADRReqPayload{command(0, 0, 3)}, "ChMaskCntl 0, ChMask 0009: channels that EU868 does not have"},
		{"no such wide channel", "US915", []lorawan.LinkADRReqPayload{command(7, 8)}, "ChMaskCntl 7, ChMask 0100: channels that US915 does not have"},
		{"nothing left", "US915", []lorawan.LinkADRReqPayload{command(7)}, "the LinkADRReq block leaves no channel"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := newRegion(t, region.Options{Name: tt.region}).ApplyLinkADR(current, tt.block)
			if err == nil || err.Error() != tt.want {
				t.Errorf("got %v, want %s", err, tt.want)
			}
			if got != current {
				t.Errorf("the mask has become %04x", got)
			}
		})
	}
	got, err := newRegion(t, region.Options{Name: "EU868"}).ApplyLinkADR(current, []lorawan.LinkADRReqPayload{command(6)})
	if err != nil || got != (region.Mask{7}) {
		t.Errorf("all on gives %04x, %v; want the three default channels", got, err)
	}
}
