package bridge

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/brocaar/lorawan"
	"go.uber.org/zap"

	"gatewayd/bridge/duty"
	"gatewayd/bridge/region"
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

// State is where sessions and queues are kept; see store.Store.
type State interface {
	Get(bucket, key string) ([]byte, bool)
	Each(bucket, prefix string, do func(key string, value []byte))
	NonceUsed(node string, devNonce uint16) bool
}

// Outbox is where accepted uplinks wait; see store.Store.
type Outbox interface {
	Pending(node string, after uint64, limit int) ([]store.Entry, error)
	Newest(node string) uint64
	Done(node string, seq uint64)
	// Waiting is the number of entries that wait, by node.
	Waiting() map[string]int
}

// Store is the durable state: sessions, queues and outbox in one transaction.
type Store interface {
	State
	Outbox
	// Commit makes a batch durable, all or nothing.
	Commit(store.Batch) (dropped map[string]int, err error)
	// Flush deletes what Done has forgotten and what is too old.
	Flush(now time.Time, nowTrusted bool) (dropped map[string]int, err error)
}

// Network is what is on the air, on both sides.
type Network struct {
	NetID    lorawan.NetID // of the DevAddrs given out in joins
	Region   *region.Region
	Gateways map[string]Transmitter // concentrators, by name
	Nodes    []Node
	// Proprietary is the device identity that takes frames of other protocols;
	// "" for none.
	Proprietary string
	// Codecs are those that desired properties may name; nil values decode
	// nothing.
	Codecs map[string]Codec
	// Self is the gateway's own device identity; "" for none.
	Self string
	// Kit says that the starter kit's direct methods are answered.
	Kit bool
	// Decoder makes a codec of a URL that a twin names; nil: twins name none.
	Decoder func(url string) (Codec, error)
}

// Options of New. All but Dedup, Suspect and Alive are needed.
type Options struct {
	Store   Store
	Clock   Clock
	Log     *zap.Logger
	Network Network
	// Dedup is how long the first copy of a frame waits for others, once more
	// than one gateway has been heard.
	Dedup time.Duration
	// Suspect says that counters in the store may be behind those on the air,
	// because it was salvaged or restored: they are moved ahead.
	Suspect bool
	// Operator does what methods ask for that is not the bridge's to do.
	Operator Operator
	// Watch is told of every frame, on the goroutine that decides: it must not
	// wait. nil: nobody watches.
	Watch func(Heard)
	// Decoded is told what codecs make of uplinks, with the device and when the
	// node was heard, on the goroutines of hub connections. nil: nobody asks.
	Decoded func(device string, at time.Time, data json.RawMessage)
	// Alive is called at least once a second as long as Run gets around.
	Alive func()
}

// Operator does what a direct method asks for outside the bridge.
type Operator interface {
	// Reconnect drops a device's connection, if it has one, and makes it anew
	// without back-off. False: no such device.
	Reconnect(device string) bool
}

// Bridge owns the nodes. See the package comment.
type Bridge struct {
	store    Store
	clock    Clock
	log      *zap.Logger
	operator Operator
	alive    func()
	watch    func(Heard)
	decoded  func(device string, at time.Time, data json.RawMessage)
	requests chan request
	reload   chan reload

	counters counters
	drops    *drops

	// Owned by Run (and by New before it).
	netID        lorawan.NetID
	region       *region.Region
	codecs       map[string]Codec
	decoder      func(url string) (Codec, error)
	gateways     map[string]Transmitter
	gatewayNames []string
	table        *table
	dedup        *dedup
	held         held
	untold       map[string]int // messages dropped by the bounds, by outbox key
	agenda       agenda
	flights      map[uint64]flight
	lastID       uint64
	ledgers      map[receiver]*duty.Ledger
	unsettled    []radio.TxResult // whose commit failed
	aground      []flight         // that nobody would send, and whose commit failed
	storeBad     error            // the last commit's
	believed     bool             // the clock could be, at the last tick
	hush         hush

	kit     atomic.Bool // Network.Kit
	mu      sync.Mutex  // guards feeds and reports
	feeds   map[string]*feed
	reports map[string]*reports
}

// New reads the sessions of nodes from the store. It starts nothing.
func New(o Options) (*Bridge, error) {
	b := &Bridge{
		store: o.Store, clock: o.Clock, log: o.Log, operator: o.Operator, alive: o.Alive, watch: o.Watch, decoded: o.Decoded,
		requests: make(chan request), reload: make(chan reload),
		drops: newDrops(o.Log, o.Clock.Now, o.Watch),
		table: newTable(), dedup: newDedup(o.Dedup),
		flights: map[uint64]flight{}, untold: map[string]int{}, ledgers: map[receiver]*duty.Ledger{},
		feeds: map[string]*feed{}, reports: map[string]*reports{},
	}
	b.counters.slack, b.counters.codec = slackHistogram(), codecHistogram()
	b.believed = b.trusted()
	if b.alive == nil {
		b.alive = func() {}
	}
	if o.Suspect {
		if err := b.jump(); err != nil {
			return nil, err
		}
	}
	if err := b.apply(o.Network); err != nil {
		return nil, err
	}
	return b, nil
}

func (b *Bridge) setGateways(gateways map[string]Transmitter) {
	b.gateways, b.gatewayNames = gateways, nil
	for name := range gateways {
		b.gatewayNames = append(b.gatewayNames, name)
	}
	slices.Sort(b.gatewayNames)
}

// random returns n random bytes; crypto/rand never fails on Linux.
func (b *Bridge) random(n int) []byte {
	p := make([]byte, n)
	_, _ = rand.Read(p)
	return p
}

// newEventID is a message id that no other message has.
func (b *Bridge) newEventID() string { return hex.EncodeToString(b.random(12)) }

// trusted reports whether the clock can be believed.
func (b *Bridge) trusted() bool {
	ok, _ := b.clock.Trusted()
	return ok
}

// noteStore says when the store begins to fail and when it works again.
func (b *Bridge) noteStore(err error) {
	switch {
	case err != nil && b.storeBad == nil: // how it fails may differ each time
		b.log.Error("the store cannot be written: frames are held in memory and not acknowledged until it can; "+
			"check for a full or read-only disk", zap.Error(err))
	case err == nil && b.storeBad != nil:
		b.log.Info("the store can be written again")
	}
	b.storeBad = err
	b.counters.failure.Store(&err)
}

// overflowed reports outbox entries that the bounds pushed out, by outbox key:
// at once to the log, and to the cloud when the node's messages get through
// again.
func (b *Bridge) overflowed(lost map[string]int) {
	for key, count := range lost {
		b.untold[key] += count
		b.counters.overflowed.Add(uint64(count))
		if !b.hush.may("overflow "+key, b.clock.Now()) {
			continue
		}
		b.log.Warn("the oldest messages were dropped: the outbox is full, or they are older than max_age",
			zap.String("outbox", key), zap.Int("messages", b.untold[key]))
	}
}
