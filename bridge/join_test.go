package bridge_test

import (
	"crypto/aes"
	"testing"
	"time"

	"github.com/brocaar/lorawan"
	"github.com/google/go-cmp/cmp"

	"gatewayd/bridge"
	"gatewayd/internal/secret"
	"gatewayd/radio"
)

// joined is a node that has taken a join accept.
type joined struct {
	accept   *lorawan.JoinAcceptPayload
	nwk, app secret.AES128
}

// takeAccept does what a LoRaWAN 1.0.x node does with a join accept.
func takeAccept(t *testing.T, n bridge.Node, nonce uint16, d radio.Downlink) joined {
	t.Helper()
	var phy lorawan.PHYPayload
	if err := phy.UnmarshalBinary(d.Payload); err != nil {
		t.Fatal(err)
	}
	appKey := lorawan.AES128Key(n.AppKey.Reveal())
	if err := phy.DecryptJoinAcceptPayload(appKey); err != nil {
		t.Fatal(err)
	}
	ok, err := phy.ValidateDownlinkJoinMIC(lorawan.JoinRequestType, lorawan.EUI64(n.JoinEUI), lorawan.DevNonce(nonce), appKey)
	if err != nil || !ok {
		t.Fatalf("MIC of the join accept: %v, %v", ok, err)
	}
	j := joined{accept: phy.MACPayload.(*lorawan.JoinAcceptPayload)}
	derive := func(typ byte) secret.AES128 {
		jn, _ := j.accept.JoinNonce.MarshalBinary()
		netID, _ := j.accept.HomeNetID.MarshalBinary()
		in := append(append(append([]byte{typ}, jn...), netID...), byte(nonce), byte(nonce>>8))
		in = append(in, make([]byte, 16-len(in))...)
		block, err := aes.NewCipher(appKey[:])
		if err != nil {
			t.Fatal(err)
		}
		var out [16]byte
		block.Encrypt(out[:], in)
		return secret.NewAES128(out)
	}
	j.nwk, j.app = derive(1), derive(2)
	return j
}

func (j joined) frame(fCnt uint32, payload string) uplinkFrame {
	return uplinkFrame{addr: j.accept.DevAddr, nwk: j.nwk, app: j.app, fCnt: fCnt, port: 2, payload: payload}
}

func TestJoin(t *testing.T) {
	t.Parallel()
	n := otaa("lora2", 1)
	b := newBench(t, n)
	b.hear(joinRequest(t, n, 100))
	if len(b.tx.sent) != 1 {
		t.Fatalf("%d downlinks, dropped %v, want 1", len(b.tx.sent), b.dropped())
	}
	d := b.tx.sent[0]
	if d.At != b.ticks.Add(5*time.Second) || d.Frequency != 868_300_000 || d.DataRate != radio.LoRaDataRate(7, 125_000) {
		t.Errorf("join accept at +%v on %d with %v", d.At.Sub(b.ticks), d.Frequency, d.DataRate)
	}
	j := takeAccept(t, n, 100, d)
	if j.accept.JoinNonce != 1 || j.accept.RXDelay != 1 || !j.accept.DevAddr.IsNetID(lorawan.NetID{}) {
		t.Errorf("join accept %+v", j.accept)
	}
	b.hear(j.frame(0, "hello").bytes(t))
	if diff := cmp.Diff([]string{"hello"}, bodies(t, b.messages(n))); diff != "" {
		t.Errorf("messages (-want +got):\n%s\ndropped %v", diff, b.dropped())
	}
	b.restart()
	b.hear(j.frame(0, "hello").bytes(t), j.frame(1, "again").bytes(t))
	if diff := cmp.Diff([]string{"hello", "again"}, bodies(t, b.messages(n))); diff != "" {
		t.Errorf("after a restart (-want +got):\n%s\ndropped %v", diff, b.dropped())
	}
}

func TestJoinAcceptFallsToRX2(t *testing.T) {
	t.Parallel()
	n := otaa("lora2", 1)
	b := newBench(t, n)
	b.tx.refuse = []radio.TxReason{radio.TxCollision}
	b.hear(joinRequest(t, n, 100))
	d := b.tx.sent[0]
	if d.At != b.ticks.Add(6*time.Second) || d.Frequency != 869_525_000 {
		t.Errorf("at +%v on %d, want +6s on 869525000", d.At.Sub(b.ticks), d.Frequency)
	}
}

func TestDevNonceAndJoinNonceNeverReused(t *testing.T) {
	t.Parallel()
	n := otaa("lora2", 1)
	b := newBench(t, n)
	b.hear(joinRequest(t, n, 100))
	b.hear(joinRequest(t, n, 100))
	b.restart()
	b.hear(joinRequest(t, n, 100), joinRequest(t, n, 101), joinRequest(t, n, 101))
	if diff := cmp.Diff(map[bridge.Reason]uint64{bridge.DevNonceUsed: 2}, b.dropped()); diff != "" {
		t.Errorf("dropped (-want +got):\n%s", diff)
	}
	if got := takeAccept(t, n, 101, b.tx.sent[0]).accept.JoinNonce; got != 2 {
		t.Errorf("JoinNonce %d after a restart, want 2", got)
	}
}

// A join accept may not arrive: the old session serves until the new one is
// used, and no longer.
func TestOldSessionLivesUntilNewOneIsUsed(t *testing.T) {
	t.Parallel()
	n := otaa("lora2", 1)
	b := newBench(t, n)
	b.hear(joinRequest(t, n, 1))
	first := takeAccept(t, n, 1, b.tx.sent[0])
	b.hear(first.frame(0, "a").bytes(t))
	b.hear(joinRequest(t, n, 2))
	second := takeAccept(t, n, 2, b.tx.sent[1])
	b.restart()
	b.hear(first.frame(1, "b").bytes(t), second.frame(0, "c").bytes(t), first.frame(2, "d").bytes(t))
	if diff := cmp.Diff([]string{"a", "b", "c"}, bodies(t, b.messages(n))); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
	messages := b.messages(n)
	if messages[1].ID == messages[4].ID {
		t.Errorf("uplinks of two sessions with message id %s", messages[0].ID)
	}
}

func TestManyNodesGetDifferentDevAddrs(t *testing.T) {
	t.Parallel()
	var nodes []bridge.Node
	var frames [][]byte
	for i := range 50 {
		nodes = append(nodes, otaa("n"+string(rune('A'+i)), byte(i+1)))
		frames = append(frames, joinRequest(t, nodes[i], 1))
	}
	b := newBench(t, nodes...)
	b.hear(frames...)
	seen := map[lorawan.DevAddr]bool{}
	for i, d := range b.tx.sent {
		addr := takeAccept(t, nodes[i], 1, d).accept.DevAddr
		if seen[addr] {
			t.Errorf("DevAddr %s given out twice", addr)
		}
		seen[addr] = true
	}
	if len(seen) != 50 {
		t.Errorf("%d DevAddrs, want 50", len(seen))
	}
}
