package bridge_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"gatewayd/bridge"
	"gatewayd/internal/store"
)

// A store that was salvaged may be behind what was on the air: counters go
// ahead far enough, and no farther than nodes follow.
func TestSuspectStore(t *testing.T) {
	t.Parallel()
	n, o := abp("lora1", 1, 1), otaa("lora2", 2)
	b := newBench(t, n, o)
	b.hear(confirmed(n, 1).bytes(t), joinRequest(t, o, 1))
	if _, err := b.store.Commit(store.Batch{Put: []store.Record{{Bucket: "session", Key: "damaged", Value: []byte("rubbish")}}}); err != nil {
		t.Fatal(err)
	}
	b.suspect = true
	b.restart()
	b.hear(confirmed(n, 2).bytes(t))
	if got := b.take(n); got.fCnt != 1+4000 || got.fCnt > bridge.MaxFCntGap {
		t.Errorf("FCntDown %d after the salvage, want 4001", got.fCnt)
	}
	b.hear(joinRequest(t, o, 2))
	if got := takeAccept(t, o, 2, b.tx.sent[len(b.tx.sent)-1]).accept.JoinNonce; got != 1+1000+1 {
		t.Errorf("JoinNonce %d after the salvage, want 1002", got)
	}
	if diff := cmp.Diff([]string{"x", "x"}, bodies(t, b.messages(n))); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
	if got := b.logs.FilterMessageSnippet("moved ahead").Len(); got != 1 {
		t.Errorf("said %d times, want once", got)
	}
}

// The sessions of the first releases are moved ahead as well, before they are
// what the present one keeps.
func TestSuspectStoreOfTheFirstReleases(t *testing.T) {
	t.Parallel()
	n := abp("lora1", 1, 1)
	b := newBench(t, n)
	b.hear(frameOf(n, 1, "x").bytes(t)) // to learn where its session is
	var at string
	b.store.Each("session", "", func(key string, _ []byte) { at = key })
	record := append([]byte{1, 1, 0, 0, 0, 0, 0, 0, 0, 7}, n.DevAddr[:]...)
	nwk, app := n.NwkSKey.Reveal(), n.AppSKey.Reveal()
	record = append(append(append(record, nwk[:]...), app[:]...), 1)
	record = append(record, 0, 0, 0, 41 /* FCntUp */, 0, 0, 0, 5 /* FCntDown */, 1, 2, 3, 4)
	if _, err := b.store.Commit(store.Batch{Put: []store.Record{{Bucket: "session", Key: at, Value: record}}}); err != nil {
		t.Fatal(err)
	}
	b.suspect = true
	b.restart()
	b.hear(frameOf(n, 41, "replayed").bytes(t), confirmed(n, 42).bytes(t))
	if got := b.take(n); got.fCnt != 5+4000 {
		t.Errorf("FCntDown %d after the salvage, want 4005", got.fCnt)
	}
	if diff := cmp.Diff(map[bridge.Reason]uint64{bridge.Replay: 1}, b.dropped()); diff != "" {
		t.Errorf("dropped (-want +got):\n%s", diff)
	}
}
