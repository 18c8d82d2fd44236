package bridge_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"gatewayd/bridge"
	"gatewayd/internal/store"
	"gatewayd/radio"
)

// A node that was reset may send something new under the counter of its last
// accepted frame. It cannot be accepted, so it must not be acknowledged.
func TestNewFrameWithLastFCntIsNotAcknowledged(t *testing.T) {
	t.Parallel()
	n := abp("lora1", 1, 1)
	b := newBench(t, n)
	other := confirmed(n, 0)
	other.payload = "something new"
	b.hear(confirmed(n, 0).bytes(t), other.bytes(t))
	if len(b.tx.sent) != 1 || len(b.messages(n)) != 1 {
		t.Errorf("%d acknowledgements, %d messages, want 1 and 1", len(b.tx.sent), len(b.messages(n)))
	}
	if diff := cmp.Diff(map[bridge.Reason]uint64{bridge.Replay: 1}, b.dropped()); diff != "" {
		t.Errorf("dropped (-want +got):\n%s", diff)
	}
}

// Counters belong to address and keys: neither a mistyped key and its
// correction nor a new name or DevEUI starts them anew.
func TestCountersOutliveChangesOfTheNode(t *testing.T) {
	t.Parallel()
	n := abp("lora1", 1, 1)
	typo, named, moved := n, n, n
	typo.NwkSKey = key(99)
	named.Name, named.DevEUI = "greenhouse", radio.EUI64{1}
	moved.DeviceID = "lora9"
	for name, change := range map[string][]bridge.Node{
		"key mistyped and corrected": {typo, n},
		"named, with DevEUI":         {named},
		"another device":             {moved},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, n)
			old := confirmed(n, 5).bytes(t)
			b.hear(old)
			for _, changed := range change {
				b.apply(changed)
			}
			b.hear(old)
			if got := b.bridge.Stats().Accepted; got != 1 {
				t.Errorf("accepted %d times, want once", got)
			}
			b.hear(confirmed(n, 6).bytes(t))
			seen := map[uint32]bool{}
			for _, d := range b.tx.sent {
				fCnt, _ := ackOf(t, d, n.NwkSKey.Reveal())
				if seen[fCnt] {
					t.Errorf("FCntDown %d used twice", fCnt)
				}
				seen[fCnt] = true
			}
		})
	}
}

func TestMessagesOfARemovedDeviceAreMentioned(t *testing.T) {
	t.Parallel()
	n := abp("lora1", 1, 1)
	b := newBench(t, n)
	b.hear(frameOf(n, 1, "x").bytes(t))
	b.apply()
	lines := b.logs.FilterMessageSnippet("no longer configured").All()
	if len(lines) != 1 || lines[0].ContextMap()["outbox"] != "device:lora1" || lines[0].ContextMap()["messages"] != int64(1) {
		t.Errorf("logged %v", lines)
	}
	b.apply(n)
	if got := len(b.messages(n)); got != 1 {
		t.Errorf("%d messages after it came back, want 1", got)
	}
}

// A node taken over from another gateway may be far beyond 16 bits.
func TestFirstFrameBeyond16Bits(t *testing.T) {
	t.Parallel()
	n := abp("lora1", 1, 1)
	b := newBench(t, n)
	b.hear(frameOf(n, 200_000, "x").bytes(t), frameOf(n, 200_001, "y").bytes(t), frameOf(n, 150_000, "z").bytes(t))
	if diff := cmp.Diff([]string{"x", "y"}, bodies(t, b.messages(n))); diff != "" {
		t.Errorf("messages (-want +got):\n%s\ndropped %v", diff, b.dropped())
	}
}

func TestNewAppKeyBeginsNewNonces(t *testing.T) {
	t.Parallel()
	n := otaa("lora2", 1)
	b := newBench(t, n)
	b.hear(joinRequest(t, n, 1))
	n.AppKey = key(88)
	b.apply(n)
	b.hear(joinRequest(t, n, 1))
	if len(b.tx.sent) != 2 {
		t.Fatalf("%d join accepts, dropped %v", len(b.tx.sent), b.dropped())
	}
	if got := takeAccept(t, n, 1, b.tx.sent[1]).accept.JoinNonce; got != 2 {
		t.Errorf("JoinNonce %d, want 2: it grows whatever the key", got)
	}
}

// One damaged record keeps its node out, because starting it anew would let
// replays pass. All others are served.
func TestDamagedSessionRecord(t *testing.T) {
	t.Parallel()
	n1, n2 := otaa("lora1", 1), abp("lora2", 2, 11)
	b := newBench(t, n1, n2)
	_, err := b.store.Commit(store.Batch{Put: []store.Record{{Bucket: "session", Key: "otaa:" + n1.DevEUI.String(), Value: []byte("rubbish")}}})
	if err != nil {
		t.Fatal(err)
	}
	b.restart()
	b.hear(joinRequest(t, n1, 1), frameOf(n2, 1, "x").bytes(t))
	if len(b.tx.sent) != 0 || len(b.messages(n2)) != 1 {
		t.Errorf("%d join accepts, %d messages of the other node", len(b.tx.sent), len(b.messages(n2)))
	}
	if b.logs.FilterMessageSnippet("node not served").Len() != 1 {
		t.Error("not said")
	}
}

// A record that cannot be rendered does not hold back those behind it.
func TestUnreadableRecord(t *testing.T) {
	t.Parallel()
	n := abp("lora1", 1, 1)
	b := newBench(t, n)
	_, err := b.store.Commit(store.Batch{Outbox: []store.Entry{{Node: "device:lora1", Record: []byte("{")}}})
	if err != nil {
		t.Fatal(err)
	}
	b.hear(frameOf(n, 1, "x").bytes(t))
	again := told(b.bridge.Feed(n).Ready())
	<-again
	if got := b.messages(n); len(got) != 1 || b.bridge.Stats().Unreadable != 1 {
		t.Errorf("%d messages, %d unreadable", len(got), b.bridge.Stats().Unreadable)
	}
	select {
	case <-again:
	default:
		t.Error("not told to look behind the unreadable record")
	}
}

// flushes counts Flush.
type flushes struct {
	*memory
	count int
}

func (f *flushes) Flush(time.Time, bool) (map[string]int, error) { f.count++; return nil, nil }

// Frames of the neighbours, which commit nothing, do not keep what the hub
// has acknowledged from being deleted.
func TestForeignFramesDoNotDelayFlush(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &flushes{memory: newMemory()}
		b, err := bridge.New(bridge.Options{Store: s, Clock: bubbleClock{}, Log: zap.NewNop(), Network: bridge.Network{Region: regionOf(t, "EU868")}})
		if err != nil {
			t.Fatal(err)
		}
		up := make(chan radio.Uplink)
		done := make(chan error, 1)
		go func() { done <- b.Run(context.Background(), up, nil) }()
		for range 15 {
			<-time.After(4 * time.Second)
			up <- radio.Uplink{Payload: []byte{0x40, 9, 9, 9, 9, 0, 0, 0, 1, 2, 3, 4}}
		}
		close(up)
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if s.count < 8 {
			t.Errorf("%d flushes in a minute, want one about every 5 s", s.count)
		}
	})
}

// full is a store on a full disk.
type full struct{ *memory }

func (full) Commit(store.Batch) (map[string]int, error) {
	return nil, errors.New("no space left on device")
}

// A flush that had nothing to write does not mean that the disk works again.
func TestIdleFlushIsNoRecovery(t *testing.T) {
	t.Parallel()
	n := abp("lora1", 1, 1)
	frame := frameOf(n, 1, "x").bytes(t)
	synctest.Test(t, func(t *testing.T) {
		core, logs := observer.New(zap.InfoLevel)
		b, err := bridge.New(bridge.Options{
			Store: full{newMemory()},
			Clock: bubbleClock{}, Log: zap.New(core),
			Network: bridge.Network{Region: regionOf(t, "EU868"), Nodes: []bridge.Node{inRegion(t, "EU868", n)}},
		})
		if err != nil {
			t.Fatal(err)
		}
		up := make(chan radio.Uplink)
		done := make(chan error, 1)
		go func() { done <- b.Run(context.Background(), up, nil) }()
		for range 3 {
			up <- radio.Uplink{Payload: frame}
			<-time.After(20 * time.Second)
		}
		close(up)
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if bad, again := logs.FilterMessageSnippet("cannot be written").Len(), logs.FilterMessageSnippet("written again").Len(); bad != 1 || again != 0 {
			t.Errorf("said %d times that it cannot be written and %d times that it can, want 1 and 0", bad, again)
		}
	})
}

// bubbleClock is synctest's time.
type bubbleClock struct{}

func (bubbleClock) Now() time.Time                    { return time.Now() }
func (bubbleClock) Trusted() (bool, string)           { return true, "" }
func (bubbleClock) BootTime() (string, time.Duration) { return "", 0 }

func (bubbleClock) WallTime(string, time.Duration) (time.Time, bool) { return time.Time{}, false }
