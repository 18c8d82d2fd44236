package bridge_test

import (
	"context"
	"encoding/hex"
	"slices"
	"testing"

	"github.com/brocaar/lorawan"

	"gatewayd/bridge"
	"gatewayd/bridge/mac"
	"gatewayd/radio"
)

// explain asks the bridge about a frame of which only the bytes are known.
func (b *bench) explain(raw []byte) (e bridge.Explanation) {
	b.t.Helper()
	b.while(func(ctx context.Context) {
		var err error
		if e, err = b.bridge.Explain(ctx, radio.Uplink{Payload: raw}); err != nil {
			b.t.Error(err)
		}
	})
	return e
}

// What is said of a frame is what then becomes of it, and saying so changes
// nothing.
func TestExplainForetells(t *testing.T) {
	t.Parallel()
	n, o, twin := abp("lora1", 0x26011BDA, 1), otaa("joiner", 5), abp("lora2", 0x26011BDA, 3)
	strange := abp("other", 0x01010101, 9)
	wrongJoin := o
	wrongJoin.JoinEUI = radio.EUI64{8}
	forged := frameOf(n, 71_000, "x").bytes(t)
	forged[len(forged)-1] ^= 1

	for _, tt := range []struct {
		name, verdict, node string
		raw                 []byte
	}{
		{"next", "accepted", "lora1", frameOf(n, 70_001, "hello").bytes(t)},
		{"the other node of the address", "accepted", "lora2", frameOf(twin, 1, "hello").bytes(t)},
		{"last again", "retransmission", "lora1", frameOf(n, 70_000, "x").bytes(t)},
		{"older", "replay", "lora1", frameOf(n, 69_999, "x").bytes(t)},
		{"far ahead", "f_cnt_gap", "lora1", frameOf(n, 70_000+bridge.MaxFCntGap+1, "x").bytes(t)},
		{"forged", "bad_mic", "", forged},
		{"stranger", "unknown_dev_addr", "", frameOf(strange, 1, "x").bytes(t)},
		{"join", "joined", "joiner", joinRequest(t, o, 2)},
		{"join again", "dev_nonce_used", "joiner", joinRequest(t, o, 1)},
		{"join elsewhere", "wrong_join_eui", "joiner", joinRequest(t, wrongJoin, 3)},
		{"join of a stranger", "unknown_dev_eui", "", joinRequest(t, otaa("s", 9), 1)},
		{"noise", "malformed", "", []byte{1, 2, 3}},
		{"proprietary", "not_uplink", "", []byte{0xE0, 1, 2, 3, 4, 5, 6}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := newMemoryBench(t, n, o, twin)
			b.hear(frameOf(n, 70_000, "x").bytes(t), joinRequest(t, o, 1))
			before := b.bridge.Stats()
			for range 2 {
				e := b.explain(tt.raw)
				if e.Verdict != tt.verdict || e.Node != tt.node || e.Meaning == "" || e.Size != len(tt.raw) {
					t.Errorf("%+v, want %s of %q", e, tt.verdict, tt.node)
				}
			}
			if after := b.bridge.Stats(); after.Accepted != before.Accepted || after.Joined != before.Joined || len(b.dropped()) > 0 {
				t.Errorf("asking counted as hearing: %+v", after)
			}
			b.hear(tt.raw)
			after := b.bridge.Stats()
			became := "nothing"
			for r := range b.dropped() {
				became = string(r)
			}
			switch {
			case after.Accepted > before.Accepted:
				became = "accepted"
			case after.Joined > before.Joined:
				became = "joined"
			}
			if became != tt.verdict {
				t.Errorf("foretold %s, became %s", tt.verdict, became)
			}
		})
	}
}

// What a frame says is shown decrypted, with its MAC commands by name.
func TestExplainContents(t *testing.T) {
	t.Parallel()
	n := abp("lora1", 0x26011BDA, 1)
	b := newMemoryBench(t, n)
	f := frameOf(n, 70_000, "hello")
	f.fOpts = []byte{0x06, 0xFF, 0x3F, 0x02, 0x03, 0x07, 0x77, 1} // DevStatusAns, LinkCheckReq, LinkADRAns, what nobody knows
	raw := f.bytes(t)
	e := b.explain(raw)
	if e.Type != "UnconfirmedDataUp" || e.DevAddr != "26011BDA" || *e.FCnt != 70_000&0xffff || e.FullFCnt == nil || *e.FullFCnt != 70_000 || *e.FPort != 1 ||
		e.PayloadHex != hex.EncodeToString([]byte("hello")) || len(e.Tried) != 1 || !e.Tried[0].MICFits || e.Tried[0].Last != nil {
		t.Errorf("%+v", e)
	}
	var names []string
	for _, c := range e.Commands {
		names = append(names, c.Name)
	}
	if want := []string{"DevStatusAns", "LinkCheckReq", "LinkADRAns", "unknown 77"}; !slices.Equal(names, want) || string(e.Commands[0].Fields) != `{"battery":255,"margin":-1}` {
		t.Errorf("commands %q, want %q; %s", names, want, e.Commands[0].Fields)
	}
	b.hear(raw) // LinkCheckReq is answered
	b.report(nil)
	e = b.explain(b.tx.sent[len(b.tx.sent)-1].Payload)
	if e.Verdict != "downlink" || e.Node != "lora1" || *e.FullFCnt != 0 || len(e.Commands) == 0 || e.Commands[0].Name != "LinkCheckAns" {
		t.Errorf("own downlink: %+v", e)
	}
	if e = b.explain(frameOf(n, 70_000, "x").bytes(t)); len(e.Tried) != 1 || e.Tried[0].Last == nil || *e.Tried[0].Last != 70_000 {
		t.Errorf("heard before: %+v", e.Tried)
	}
}

// The MIC of LoRaWAN 1.1 covers data rate and channel, which who asks about a
// frame may not know.
func TestExplainWithoutRadio(t *testing.T) {
	t.Parallel()
	n := abp("lora1", 1, 1)
	n.Version, n.SNwkSIntKey, n.NwkSEncKey = mac.V1_1_0, key(8), key(9)
	port := uint8(1)
	phy := lorawan.PHYPayload{
		MHDR:       lorawan.MHDR{MType: lorawan.UnconfirmedDataUp, Major: lorawan.LoRaWANR1},
		MACPayload: &lorawan.MACPayload{FHDR: lorawan.FHDR{DevAddr: n.DevAddr, FCnt: 3}, FPort: &port},
	}
	if err := phy.SetUplinkDataMIC(lorawan.LoRaWAN1_1, 0, 4, 2, n.NwkSKey.Reveal(), n.SNwkSIntKey.Reveal()); err != nil {
		t.Fatal(err)
	}
	raw, err := phy.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	b := newMemoryBench(t, n)
	if e := b.explain(raw); e.Verdict != "accepted" || e.Node != "lora1" {
		t.Errorf("%+v", e)
	}
	raw[len(raw)-1] ^= 1
	if e := b.explain(raw); e.Verdict != "bad_mic" {
		t.Errorf("forged: %+v", e)
	}
}

// Every verdict that there is has a meaning.
func TestMeanings(t *testing.T) {
	t.Parallel()
	for _, r := range bridge.Reasons() {
		if r.Meaning() == "" {
			t.Errorf("%s has none", r)
		}
	}
	for v, meaning := range bridge.Meanings() {
		if meaning == "" {
			t.Errorf("%s has none", v)
		}
	}
}
