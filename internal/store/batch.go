package store

import (
	"errors"
	"fmt"
	"time"
	"unicode/utf8"
)

// Record is a key and its value in a bucket of the caller's choice.
type Record struct {
	Bucket, Key string
	Value       []byte // nil deletes; an empty value does not
}

// Nonce is a DevNonce that node has used.
type Nonce struct {
	Node     string
	DevNonce uint16
}

// Entry is one outbox entry: an accepted uplink of node.
type Entry struct {
	Node     string
	Seq      uint64 // given by Commit; unique and growing over all nodes
	Priority uint8  // 0 is the first to be dropped
	Record   []byte
}

// Batch is what one Commit makes durable, all of it or nothing.
type Batch struct {
	Put    []Record // in order, a later one of the same key counts
	Nonces []Nonce
	Outbox []Entry // Seq is ignored
	Now    time.Time
	// NowTrusted says that Now may age entries, and may be kept as the last
	// seen time, before which no clock is believed after a restart.
	NowTrusted bool
	// Deferrable says that nothing acknowledges this batch to anybody: with
	// Options.Spool it may wait in memory. Nonces never wait.
	Deferrable bool
	// Jumped says that the counters in Put have been moved past everything
	// that may have been lost: Report.SalvagedCounters is false from the
	// next Open on.
	Jumped bool
}

// Bounds of what a batch may hold.
const (
	maxName  = 1024    // bytes of a bucket, key or node
	maxValue = 1 << 20 // bytes of a value or record
)

// errBatch is returned for a batch that cannot be written.
var errBatch = errors.New("cannot be stored")

// check finds what the log, or an export, could not hold.
func (b Batch) check() error {
	size := 0
	add := func(what, name string, value []byte) error {
		size += len(name) + len(value) + 64
		switch {
		case name == "" || len(name) > maxName || !utf8.ValidString(name):
			return fmt.Errorf("%w: %s %.40q: want 1 to %d bytes of UTF-8", errBatch, what, name, maxName)
		case len(value) > maxValue:
			return fmt.Errorf("%w: %s %q: %d bytes, at most %d", errBatch, what, name, len(value), maxValue)
		}
		return nil
	}
	var err error
	for _, r := range b.Put {
		err = errors.Join(err, add("bucket", r.Bucket, nil), add("key", r.Key, r.Value))
	}
	for _, n := range b.Nonces {
		err = errors.Join(err, add("node", n.Node, nil))
	}
	for _, e := range b.Outbox {
		err = errors.Join(err, add("node", e.Node, e.Record))
	}
	if err == nil && size > maxBody/2 {
		err = fmt.Errorf("%w: a batch of %d bytes, at most %d", errBatch, size, maxBody/2)
	}
	return err
}
