package bridge

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// itemState says how far a downlink has come.
type itemState uint8

const (
	itemWaiting  itemState = iota
	itemFlying             // handed to a concentrator, whose word is awaited
	itemAwaiting           // emitted; the node's acknowledgement is awaited
)

// item is one downlink of a node's queue. A value; Payload is never changed.
type item struct {
	Seq           uint64    `json:"seq"` // grows with every downlink of the node
	ID            string    `json:"id"`  // the sender's
	CorrelationID string    `json:"cid,omitempty"`
	FPort         uint8     `json:"port"`
	Payload       []byte    `json:"pl,omitempty"`
	Confirmed     bool      `json:"conf,omitempty"`
	Priority      uint8     `json:"prio,omitempty"`
	Expires       time.Time `json:"exp,omitzero"`
	Attempts      int       `json:"max,omitempty"`   // emissions of a confirmed downlink
	Tried         int       `json:"tried,omitempty"` // emissions so far
	State         itemState `json:"st,omitempty"`
	FCnt          uint32    `json:"fcnt,omitempty"` // of the last emission
	// TTL takes the place of Expires until the clock can be believed.
	TTL time.Duration `json:"ttl,omitempty"`
	// Cancelled is why the downlink is not to be tried again: it was with a
	// concentrator when its queue was emptied.
	Cancelled string `json:"cx,omitempty"`
}

// before orders the queue: priority, then age.
func (i item) before(j item) int {
	return cmp.Or(cmp.Compare(j.Priority, i.Priority), cmp.Compare(i.Seq, j.Seq))
}

// expired reports whether it is too late for i.
func (i item) expired(now time.Time) bool { return !i.Expires.IsZero() && !now.Before(i.Expires) }

// itemBucket is where queues are kept in the store.
const itemBucket = "queue"

// itemKey is the key of an item: the device's outbox key, then the sequence.
func itemKey(n *nodeState, seq uint64) string {
	return fmt.Sprintf("%s\x00%016x", n.node.outboxKey(), seq)
}

func (i item) marshal() []byte {
	raw, err := json.Marshal(i)
	if err != nil { // an item has no field that JSON cannot hold, except a year beyond 9999
		i.Expires = time.Time{}
		raw, _ = json.Marshal(i)
	}
	return raw
}

// loadQueue reads the queue of a device. Downlinks that were with a
// concentrator when the process ended wait again: whether they went out is not
// known, and one that arrives twice is better than one that never does.
func loadQueue(store Store, n *nodeState) ([]item, error) {
	var queue []item
	var bad error
	prefix := n.node.outboxKey() + "\x00"
	store.Each(itemBucket, prefix, func(key string, value []byte) {
		i, err := unmarshalItem(strings.TrimPrefix(key, prefix), value)
		if err != nil {
			bad = fmt.Errorf("downlink %q: unreadable record: %w", key, err)
			return
		}
		if i.State == itemFlying {
			i.State = itemWaiting
		}
		queue = append(queue, i)
	})
	slices.SortFunc(queue, item.before)
	return queue, bad
}

// unmarshalItem reads the item that is kept under seq, in hexadecimal digits.
func unmarshalItem(seq string, value []byte) (i item, err error) {
	want, err := strconv.ParseUint(seq, 16, 64)
	if err == nil {
		err = json.Unmarshal(value, &i)
	}
	switch {
	case err != nil:
		return item{}, err
	case i.Seq != want:
		return item{}, fmt.Errorf("it says that it is number %d", i.Seq)
	case int(i.State) >= len(itemStates):
		return item{}, fmt.Errorf("state %d, written by another gatewayd", i.State)
	}
	return i, nil
}

// put stages i, new or changed.
func (s *state) put(i item) {
	s.queue = slices.Clone(s.queue)
	if at := s.index(i.Seq); at >= 0 {
		s.queue[at] = i
		return
	}
	at, _ := slices.BinarySearchFunc(s.queue, i, item.before)
	s.queue = slices.Insert(s.queue, at, i)
}

// remove stages that the item with seq is gone.
func (s *state) remove(seq uint64) {
	s.queue = slices.DeleteFunc(slices.Clone(s.queue), func(i item) bool { return i.Seq == seq })
}

func (s *state) index(seq uint64) int {
	return slices.IndexFunc(s.queue, func(i item) bool { return i.Seq == seq })
}

// item returns the item with seq.
func (s *state) item(seq uint64) (item, bool) {
	if at := s.index(seq); at >= 0 {
		return s.queue[at], true
	}
	return item{}, false
}

// busy returns the item that is with a concentrator or awaits the node's
// acknowledgement. There is at most one.
func (s *state) busy() (item, bool) {
	for _, i := range s.queue {
		if i.State != itemWaiting {
			return i, true
		}
	}
	return item{}, false
}

// nextSeq is the sequence of the next item: above all that wait, and above
// the last one given, whatever has become of it since.
func (n *nodeState) nextSeq() uint64 {
	for _, i := range n.view().queue {
		n.lastSeq = max(n.lastSeq, i.Seq)
	}
	n.lastSeq++
	return n.lastSeq
}
