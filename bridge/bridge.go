package bridge

import (
	"context"
	"crypto/rand"
	"sync"
	"time"

	"github.com/brocaar/lorawan"
	"go.uber.org/zap"

	"gatewayd/internal/store"
	"gatewayd/radio"
)

// Clock is the time of the gateway, which may be wrong.
type Clock interface {
	Now() time.Time
	// Trusted reports whether Now can be believed, and if not why.
	Trusted() (ok bool, why string)
	// BootTime names this boot and says how long ago it was, by a clock that
	// nobody sets.
	BootTime() (id string, since time.Duration)
	// WallTime turns what BootTime returned into wall time, if that can be
	// told by now: on the same boot, and with a clock that can be believed.
	WallTime(id string, since time.Duration) (t time.Time, ok bool)
}

// Sessions is where node sessions are kept; see store.Store.
type Sessions interface {
	Session(node string) ([]byte, error)
	NonceUsed(node string, devNonce uint16) (bool, error)
	// Commit makes a batch durable, all or nothing.
	Commit(store.Batch) (dropped map[string]int, err error)
}

// Outbox is where accepted uplinks wait; see store.Store.
type Outbox interface {
	Pending(node string, after uint64, limit int) ([]store.Entry, error)
	Done(node string, seq uint64)
	// Flush deletes what Done has forgotten and what is too old.
	Flush(now time.Time, nowTrusted bool) (dropped map[string]int, err error)
	// Waiting is the number of entries that wait, by node.
	Waiting() map[string]int
}

// Store is the durable state: sessions and outbox in one transaction.
type Store interface {
	Sessions
	Outbox
}

// Options of New. All but Alive are needed.
type Options struct {
	Store    Store
	Clock    Clock
	Log      *zap.Logger
	NetID    lorawan.NetID // of the DevAddrs given out in joins
	Gateways map[string]Gateway
	Nodes    []Node
	// Alive is called at least once a second as long as Run gets around.
	Alive func()
}

// Bridge owns the nodes. See the package comment.
type Bridge struct {
	store    Store
	clock    Clock
	log      *zap.Logger
	netID    lorawan.NetID
	gateways map[string]Gateway
	alive    func()
	reload   chan reload

	counters counters
	drops    *drops

	// Owned by Run (and by New before it).
	table       *table
	sendings    map[uint64]sending
	lastID      uint64
	rx2DataRate uint8
	storeBad    error // the last commit's

	mu    sync.Mutex // guards feeds
	feeds map[string]*feed
}

// New reads the sessions of nodes from the store. It starts nothing.
func New(o Options) (*Bridge, error) {
	b := &Bridge{
		store: o.Store, clock: o.Clock, log: o.Log, netID: o.NetID, gateways: o.Gateways, alive: o.Alive,
		reload: make(chan reload),
		drops:  newDrops(o.Log, o.Clock.Now),
		table:  newTable(), sendings: map[uint64]sending{},
		feeds: map[string]*feed{},
	}
	if b.alive == nil {
		b.alive = func() {}
	}
	for _, g := range o.Gateways { // all of one region, see config
		b.rx2DataRate = uint8(g.Region.band.GetDefaults().RX2DataRate)
	}
	if err := b.setNodes(o.Nodes); err != nil {
		return nil, err
	}
	return b, nil
}

// random returns n random bytes; crypto/rand never fails on Linux.
func (b *Bridge) random(n int) []byte {
	p := make([]byte, n)
	_, _ = rand.Read(p)
	return p
}

// maxBatch bounds how many waiting frames share one commit, so that the first
// of them is not kept from its window by the last.
const maxBatch = 64

// flushEvery is how long what the hub has acknowledged may stay on disk when
// no frame comes along to take the deletion with it.
const flushEvery = 5 * time.Second

// Run decides on every frame of up and sends the answers, until up is closed
// or ctx ends. The results of transmissions come from tx.
func (b *Bridge) Run(ctx context.Context, up <-chan radio.Uplink, tx <-chan radio.TxResult) error {
	second := time.NewTicker(time.Second)
	defer second.Stop()
	lastFlush := b.clock.Now()
	for {
		b.alive()
		select {
		case <-ctx.Done():
			return nil
		case u, ok := <-up:
			if !ok {
				return nil
			}
			if b.frames(collect(u, up)) {
				lastFlush = b.clock.Now() // the commit took the deletions along
			}
		case r := <-tx:
			b.transmitted(r)
		case r := <-b.reload:
			r.done <- b.setNodes(r.nodes)
		case <-second.C:
			if b.clock.Now().Sub(lastFlush) >= flushEvery {
				lastFlush = b.clock.Now()
				b.flush()
			}
		}
	}
}

// collect takes what waits behind first, without waiting itself.
func collect(first radio.Uplink, up <-chan radio.Uplink) []radio.Uplink {
	frames := []radio.Uplink{first}
	for len(frames) < maxBatch {
		select {
		case u, ok := <-up:
			if !ok {
				return frames
			}
			frames = append(frames, u)
		default:
			return frames
		}
	}
	return frames
}

// frames decides on frames, commits what follows, and only then answers. It
// reports whether there was a commit.
func (b *Bridge) frames(frames []radio.Uplink) bool {
	bt := &batch{}
	for _, u := range frames {
		b.uplink(bt, u)
	}
	if bt.empty() {
		return false
	}
	err := b.commit(bt)
	b.noteStore(err)
	if err != nil {
		for range bt.accepted + bt.joined {
			b.drops.add(StoreFailed, frames[0], nil, "")
		}
		return false
	}
	for _, a := range bt.answers {
		b.send(a)
	}
	b.counters.accepted.Add(uint64(bt.accepted))
	b.counters.joined.Add(uint64(bt.joined))
	return true
}

// flush deletes what the hub has acknowledged and what is too old.
func (b *Bridge) flush() {
	trusted, _ := b.clock.Trusted()
	lost, err := b.store.Flush(b.clock.Now(), trusted)
	if err != nil { // none says nothing: there may have been nothing to write
		b.noteStore(err)
	}
	b.overflowed(lost)
}

// noteStore says when the store begins to fail and when it works again.
func (b *Bridge) noteStore(err error) {
	switch {
	case err != nil && (b.storeBad == nil || b.storeBad.Error() != err.Error()):
		b.log.Error("the store cannot be written: frames are neither acknowledged nor accepted until it can; "+
			"check for a full or read-only disk", zap.Error(err))
	case err == nil && b.storeBad != nil:
		b.log.Info("the store can be written again")
	}
	b.storeBad = err
}

// overflowed reports outbox entries that the bounds pushed out, by outbox key.
func (b *Bridge) overflowed(lost map[string]int) {
	for key, count := range lost {
		b.counters.overflowed.Add(uint64(count))
		b.log.Warn("the oldest messages were dropped: the outbox is full, or they are older than max_age",
			zap.String("outbox", key), zap.Int("messages", count))
	}
}
