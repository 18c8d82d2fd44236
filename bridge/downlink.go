package bridge

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"time"
)

// Downlink is what an application asks to be sent to a node.
type Downlink struct {
	ID            string // the sender's; "" for one of our own
	CorrelationID string
	FPort         uint8  // 1..223
	Payload       []byte // clear FRMPayload
	Confirmed     bool
	Priority      uint8         // the highest goes first
	Expires       time.Time     // zero: the node's policy says
	TTL           time.Duration // instead of Expires
	Attempts      int           // emissions of a confirmed downlink; 0: the node's policy says
	Replace       bool          // takes the place of everything that waits on the same FPort
	// Once says that the sender may offer the downlink again under the same
	// ID, and means the same one.
	Once bool
	// AskStatus also asks the node for its battery and margin; with FPort 0
	// that is all.
	AskStatus bool
}

// RejectReason says why a downlink was not queued, as one stable word.
type RejectReason string

// The reasons.
const (
	RejectMalformed RejectReason = "malformed"      // not a downlink
	RejectUnknown   RejectReason = "unknown_device" // no node has that device identity
	RejectPort      RejectReason = "f_port"         // not 1..223
	RejectSize      RejectReason = "size"           // more than any data rate of the region carries
	RejectFull      RejectReason = "queue_full"     // as many wait as the node's policy allows
	RejectExpired   RejectReason = "expired"        // too late already
	RejectKey       RejectReason = "no_app_s_key"   // the node's payloads stay encrypted; nobody here can encrypt this one
	RejectConfirmed RejectReason = "confirmed"      // nobody acknowledges a multicast
	RejectStore     RejectReason = "store_failed"   // could not be made durable
	RejectDisabled  RejectReason = "disabled"       // the node is not to be sent anything
	RejectVersion   RejectReason = "version"        // the node's LoRaWAN version does not have that
)

// RejectError is a downlink that was not queued.
type RejectError struct {
	Reason RejectReason
	Detail string
}

// Error is the reason and the detail.
func (e *RejectError) Error() string {
	return "downlink rejected: " + string(e.Reason) + ": " + e.Detail
}

// Enqueue makes d durable in the queue of the node that has the device
// identity. The error is a *RejectError, or that of ctx. What becomes of d is
// told in the node's events.
func (b *Bridge) Enqueue(ctx context.Context, device string, d Downlink) error {
	return b.do(ctx, func(bt *batch) error {
		n, err := b.node(device)
		if err != nil {
			return err
		}
		err = b.enqueue(bt, n, d)
		if rejected, ok := errors.AsType[*RejectError](err); ok {
			b.event(bt, n, item{ID: d.ID, CorrelationID: d.CorrelationID, FPort: d.FPort}, stateRejected, string(rejected.Reason))
		}
		return err
	})
}

func (b *Bridge) enqueue(bt *batch, n *nodeState, d Downlink) error {
	now := b.clock.Now()
	if d.Once && d.ID != "" && n.view().knows(d.ID) {
		return nil // the same message offered again
	}
	if d.AskStatus && n.view().hasActive {
		bt.edit(n).active.mac.StatusWanted = true
	}
	if d.alone() {
		return nil
	}
	if err := b.admit(n, d, now); err != nil {
		return err
	}
	ttl := or(d.TTL, n.node.Downlink.expiry())
	switch {
	case !d.Expires.IsZero():
		ttl = 0
	case b.trusted():
		d.Expires, ttl = now.Add(ttl), 0
	}
	i := item{
		TTL: ttl, Seq: n.nextSeq(), ID: or(d.ID, b.newEventID()), CorrelationID: d.CorrelationID,
		FPort: d.FPort, Payload: d.Payload, Confirmed: d.Confirmed, Priority: d.Priority, Expires: d.Expires,
		Attempts: or(d.Attempts, n.node.Downlink.attempts()),
	}
	st := bt.edit(n)
	if d.Replace {
		for _, old := range st.queue {
			if old.FPort == d.FPort {
				b.cancel(bt, n, old, "replaced")
			}
		}
	}
	st.put(i)
	st.remember(i.ID)
	b.event(bt, n, i, stateQueued, "")
	b.attendNow(n)
	return nil
}

// maxRecent is how many downlink ids a node's state remembers: more than the
// hub keeps under way.
const maxRecent = 16

// knows reports whether the downlink with that id has been taken over before.
func (s *state) knows(id string) bool {
	return slices.Contains(s.recent, hashOf(id)) || slices.ContainsFunc(s.queue, func(i item) bool { return i.ID == id })
}

// remember stages that the downlink with that id has been taken over.
func (s *state) remember(id string) {
	s.recent = append(slices.Clone(s.recent), hashOf(id))
	s.recent = s.recent[max(0, len(s.recent)-maxRecent):]
}

func hashOf(id string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(id))
	return h.Sum64()
}

// EnqueueJSON is Enqueue of a downlink in its JSON form, as C2D messages and
// methods have it. It returns the downlink's id.
func (b *Bridge) EnqueueJSON(ctx context.Context, device string, raw []byte) (id string, err error) {
	d, err := b.shown(device).parseDownlink(ctx, raw)
	if err != nil {
		return "", &RejectError{RejectMalformed, err.Error()}
	}
	d.ID = or(d.ID, b.newEventID())
	return d.ID, b.Enqueue(ctx, device, d)
}

// admit checks what can be said of d before its window is known.
func (b *Bridge) admit(n *nodeState, d Downlink, now time.Time) error {
	switch most := b.largestPayload(n); {
	case n.node.NoDownlinks:
		return &RejectError{RejectDisabled, "the twin's Downlink is false"}
	case d.FPort < 1 || d.FPort > 223:
		return &RejectError{RejectPort, fmt.Sprintf("FPort %d: want 1 to 223", d.FPort)}
	case len(d.Payload) > most:
		return &RejectError{RejectSize, fmt.Sprintf("%d bytes: the region carries at most %d", len(d.Payload), most)}
	case n.view().hasActive && n.view().active.keys.App.IsZero():
		return &RejectError{RejectKey, "the node has no app_s_key here"}
	case d.Confirmed && n.node.Multicast:
		return &RejectError{RejectConfirmed, "a multicast group cannot acknowledge"}
	case !d.Expires.IsZero() && !now.Before(d.Expires) && b.trusted():
		return &RejectError{RejectExpired, "it expired at " + d.Expires.UTC().Format(time.RFC3339)}
	case n.view().left(d) >= n.node.Downlink.maxWaiting():
		return &RejectError{RejectFull, fmt.Sprintf("%d downlinks wait already", len(n.view().queue))}
	}
	return nil
}

// left is how many downlinks wait beside d once it has replaced what it
// replaces.
func (s *state) left(d Downlink) (n int) {
	for _, i := range s.queue {
		if !d.Replace || i.FPort != d.FPort {
			n++
		}
	}
	return n
}

// largestPayload is the longest FRMPayload that any data rate carries, or that
// of a multicast group.
func (b *Bridge) largestPayload(n *nodeState) int {
	if n.node.Multicast {
		return b.pushWindow(n, &n.view().active).max - macOverhead
	}
	most := 0
	for dr := range uint8(16) {
		most = max(most, b.region.MaxPayload(dr, false)-macOverhead)
	}
	return most
}

// FlushQueue drops the downlinks of a device that wait, and says how many.
func (b *Bridge) FlushQueue(ctx context.Context, device string) (dropped int, err error) {
	return ask(ctx, b, func(bt *batch) (int, error) {
		n, err := b.node(device)
		if err != nil {
			return 0, err
		}
		return b.flushQueue(bt, n, "flushed"), nil
	})
}

// CancelDownlink drops those of the downlinks that wait that have the id, and
// says how many they were.
func (b *Bridge) CancelDownlink(ctx context.Context, device, id string) (dropped int, err error) {
	return ask(ctx, b, func(bt *batch) (int, error) {
		n, err := b.node(device)
		if err != nil {
			return 0, err
		}
		for _, i := range n.view().queue {
			if i.ID == id {
				b.cancel(bt, n, i, "cancelled")
				dropped++
			}
		}
		return dropped, nil
	})
}

// flushQueue drops all that waits.
func (b *Bridge) flushQueue(bt *batch, n *nodeState, reason string) (dropped int) {
	for _, i := range n.view().queue {
		b.cancel(bt, n, i, reason)
		dropped++
	}
	return dropped
}

// cancel takes i off the queue, or, if it is with a concentrator, sees to it
// that it is not tried again.
func (b *Bridge) cancel(bt *batch, n *nodeState, i item, reason string) {
	if i.State == itemFlying {
		i.Cancelled = reason
		bt.edit(n).put(i)
		return
	}
	bt.edit(n).remove(i.Seq)
	b.event(bt, n, i, stateExpired, reason)
}

// QueuedDownlink is one downlink that waits.
type QueuedDownlink struct {
	ID            string    `json:"id"`
	CorrelationID string    `json:"correlationId,omitempty"`
	FPort         uint8     `json:"fPort"`
	Size          int       `json:"size"` // bytes of payload
	Confirmed     bool      `json:"confirmed"`
	Priority      uint8     `json:"priority"`
	Expires       time.Time `json:"expires"`
	Tried         int       `json:"tried"` // emissions so far
	State         string    `json:"state"` // waiting, flying, awaiting-ack
}

var itemStates = [...]string{itemWaiting: "waiting", itemFlying: "flying", itemAwaiting: "awaiting-ack"}

// Queue lists the downlinks of a device, the next first.
func (b *Bridge) Queue(ctx context.Context, device string) ([]QueuedDownlink, error) {
	return ask(ctx, b, func(*batch) ([]QueuedDownlink, error) {
		n, err := b.node(device)
		if err != nil {
			return nil, err
		}
		queue := []QueuedDownlink{}
		for _, i := range n.view().queue {
			queue = append(queue, QueuedDownlink{
				ID: i.ID, CorrelationID: i.CorrelationID, FPort: i.FPort, Size: len(i.Payload), Confirmed: i.Confirmed,
				Priority: i.Priority, Expires: i.Expires, Tried: i.Tried, State: itemStates[i.State],
			})
		}
		return queue, nil
	})
}
