package bridge

import (
	"encoding/json"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"gatewayd/hub"
)

// feed hands one node's outbox to its hub connection. It renders there, in
// the connection's goroutine, never before an answer has left.
type feed struct {
	key   string
	node  atomic.Pointer[Node] // as in the node table now; a reload changes it
	store Store
	clock Clock
	log   *zap.Logger
	ready hub.Signal
	bad   *atomic.Uint64 // records that could not be rendered
	shed  *atomic.Uint64 // events dropped to save the hub's quota
	// order queues a downlink that a decoder ordered with a message; nil: nobody
	// does.
	order func(node Node, id string, raw json.RawMessage)
	// decoded is Options.Decoded.
	decoded func(device string, at time.Time, data json.RawMessage)

	mu      sync.Mutex
	batches map[uint64]int // messages in batches under way, by the first one's Seq
}

var _ hub.Feed = (*feed)(nil)

// show has messages rendered for node, as it is now.
func (f *feed) show(node Node) { f.node.Store(&node) }

// shown is the node that messages of a device are rendered for: with its codec,
// for whoever is not Run.
func (b *Bridge) shown(device string) Node {
	node := Node{DeviceID: device}
	b.mu.Lock()
	defer b.mu.Unlock()
	if f := b.feeds[node.outboxKey()]; f != nil {
		return *f.node.Load()
	}
	return node
}

// Pending renders the oldest waiting messages. A record that cannot be
// rendered is forgotten, counted and said: it would hold back all the others.
func (f *feed) Pending(after uint64, limit int) ([]hub.Message, error) {
	messages, node, err := f.pending(after, limit)
	for i := range messages {
		messages[i] = node.pack(messages[i])
	}
	return messages, err
}

// pending is Pending without compression, and the node that it was rendered
// for.
func (f *feed) pending(after uint64, limit int) ([]hub.Message, Node, error) {
	node := *f.node.Load()
	entries, err := f.store.Pending(f.key, after, limit)
	if err != nil {
		return nil, node, err
	}
	messages := make([]hub.Message, 0, len(entries))
	shown := node
	if node.Codec != nil && f.decoded != nil {
		shown.Codec = noting{node.Codec, func(at time.Time, data json.RawMessage) { f.decoded(node.DeviceID, at, data) }}
	}
	for _, e := range entries {
		m, order, err := render(e.Seq, e.Record, shown, f.clock)
		if errors.Is(err, errNoShape) { // not lost: nobody wants it
			f.store.Done(f.key, e.Seq)
			continue
		}
		if err != nil {
			f.bad.Add(1)
			f.log.Error("an accepted uplink is lost: its record is unreadable",
				zap.String("device", node.DeviceID), zap.Error(err))
			f.store.Done(f.key, e.Seq)
			continue
		}
		if order != nil && f.order != nil {
			f.order(node, m.ID, order)
		}
		messages = append(messages, m)
	}
	if len(messages) < len(entries) {
		f.ready.Tell() // look again for what lies behind the unreadable ones
	}
	return messages, node, nil
}

// Done forgets a message that the hub has acknowledged.
func (f *feed) Done(seq uint64) {
	f.mu.Lock()
	delete(f.batches, seq)
	f.mu.Unlock()
	f.store.Done(f.key, seq)
}

// Newest is the newest message that waits.
func (f *feed) Newest() uint64 { return f.store.Newest(f.key) }

// Ready tells when there may be more.
func (f *feed) Ready() *hub.Signal { return &f.ready }
