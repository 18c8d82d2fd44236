package bridge

import (
	"sync/atomic"
	"testing"

	"go.uber.org/zap"

	"gatewayd/bridge/shape"
	"gatewayd/internal/store"
)

// listStore is an outbox of one node.
type listStore struct {
	Store
	entries []store.Entry
	done    []uint64
}

func (l *listStore) Pending(string, uint64, int) ([]store.Entry, error) { return l.entries, nil }
func (l *listStore) Done(_ string, seq uint64)                          { l.done = append(l.done, seq) }

// formatBench is the feed of a node in the starter kit's format.
type formatBench struct {
	store *listStore
	feed  *feed
}

func newFormatBench(t *testing.T) *formatBench {
	t.Helper()
	s := &listStore{}
	f := &feed{store: s, clock: noon{}, log: zap.NewNop(), bad: new(atomic.Uint64), shed: new(atomic.Uint64)}
	f.show(Node{DeviceID: "lora1", Shape: Shape{Format: shape.StarterKit}})
	return &formatBench{s, f}
}

// add queues the sample of that name.
func (b *formatBench) add(t *testing.T, name string) {
	t.Helper()
	for _, s := range samples() {
		if s.name == name {
			b.store.entries = append(b.store.entries, store.Entry{Seq: uint64(len(b.store.entries) + 1), Record: s.record.marshal()})
			return
		}
	}
	t.Fatalf("no sample %s", name)
}
