package bridge_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gatewayd/hub"
)

func TestBatch(t *testing.T) {
	t.Parallel()
	n := abp("lora1", 1, 1)
	b := newBench(t, n)
	for i, payload := range []string{"a", "b", "c"} {
		b.hear(frameOf(n, uint32(i+1), payload).bytes(t))
	}
	single := b.messages(n)
	feed := b.bridge.Feed(n).(hub.Batcher)

	m, seqs, err := feed.Batch(0, math.MaxUint64, 10, 1<<20)
	if err != nil || len(seqs) != 3 || m.Seq != single[2].Seq {
		t.Fatalf("seq %d of %v, %v", m.Seq, seqs, err)
	}
	got := decode[[]json.RawMessage](t, m.Body)
	for i, body := range got {
		if diff := cmp.Diff(string(single[i].Body), string(body)); diff != "" {
			t.Errorf("member %d (-want +got):\n%s", i, diff)
		}
	}
	if !strings.HasPrefix(m.ID, single[0].ID) || m.Properties[0] != (hub.Property{Key: "event", Value: "batch"}) {
		t.Errorf("id %s, properties %v", m.ID, m.Properties)
	}

	again, seqs, err := feed.Batch(0, math.MaxUint64, 10, 1)
	if err != nil || again.ID != m.ID || len(seqs) != 3 {
		t.Errorf("offered again as %s with %v, %v: it has to be the same message", again.ID, seqs, err)
	}
	for _, seq := range seqs[:1] {
		b.bridge.Feed(n).Done(seq)
	}
	b.hear(frameOf(n, 4, "d").bytes(t))
	single = b.messages(n)

	small, seqs, err := feed.Batch(0, math.MaxUint64, 10, len(single[0].Body)+len(single[1].Body)+3)
	if err != nil || len(seqs) != 2 || len(decode[[]json.RawMessage](t, small.Body)) != 2 {
		t.Errorf("%v in a message for two, %v", seqs, err)
	}
	alone, seqs, err := feed.Batch(single[1].Seq, math.MaxUint64, 10, 1)
	if err != nil || len(seqs) != 1 || alone.ID != single[2].ID {
		t.Errorf("%v alone, %v", seqs, err)
	}
	if _, seqs, err := feed.Batch(single[2].Seq, math.MaxUint64, 10, 1); err != nil || seqs != nil {
		t.Errorf("%v of nothing, %v", seqs, err)
	}
	b.bridge.Feed(n).(hub.Dropper).Drop(single[1].Seq)
	if left := b.messages(n); len(left) != 2 || b.bridge.Stats().Shed != 1 {
		t.Errorf("%d messages after one was dropped, %d shed", len(left), b.bridge.Stats().Shed)
	}
}
