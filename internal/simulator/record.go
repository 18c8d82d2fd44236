package simulator

import (
	"slices"
	"sync"
	"time"

	"gatewayd/internal/simulator/lorawan"
	"gatewayd/radio"
)

// Sent is one application frame: one FCnt, however often it was transmitted.
type Sent struct {
	Node      string
	DevEUI    radio.EUI64 // zero for ABP nodes without one
	DevAddr   DevAddr
	FCnt      uint32 // all 32 bits
	FPort     uint8
	Payload   []byte // FRMPayload before encryption
	Confirmed bool
	ACK       bool              // acknowledges the downlink before
	ADRAckReq bool              // asks for any downlink
	Commands  []lorawan.Command // MAC commands, in FOpts or FRMPayload

	PHYPayload []byte // as last transmitted; under 1.1 the MIC depends on the channel
	Frequency  uint32 // Hz, of the last transmission
	DataRate   radio.DataRate
	Count      uint32    // concentrator's counter at the end of the last transmission
	At         time.Time // host time of the first transmission's end

	Transmissions int
	Heard         int    // transmissions the concentrator took; 0: it cannot arrive
	NotHeard      string // why it did not take the last one it refused; "" if none
	// Acked says that a downlink with the ACK bit answered it.
	Acked bool
}

// Join is one join or rejoin request and what became of it.
type Join struct {
	Node     string
	DevEUI   radio.EUI64
	Type     lorawan.JoinType
	DevNonce uint16    // RJcount0 or RJcount1 of a rejoin
	Count    uint32    // concentrator's counter at the end of the packet
	At       time.Time // host time at the end of the packet
	NotHeard string    // why the concentrator did not take it; "" if it did

	// The rest is set once a valid join accept was received.
	Accepted  bool
	DevAddr   DevAddr
	JoinNonce uint32
	NetID     uint32
	Window    string        // "RX1" or "RX2"
	Offset    time.Duration // of the preamble from the window's nominal time
}

// Received is one valid data downlink.
type Received struct {
	Node      string
	DevAddr   DevAddr
	Multicast bool          // DevAddr is that of a group
	Site      int           // 0: the World's first concentrator; then Options.Sites
	Count     uint32        // concentrator's counter at the start of the preamble
	Window    string        // "RX1", "RX2" or, for class C, "RXC"
	Offset    time.Duration // of the preamble from the window's nominal time
	FCnt      uint32        // FCntDown, all 32 bits
	ACK       bool
	FPending  bool
	Confirmed bool
	FOpts     []byte            // decrypted
	Commands  []lorawan.Command // MAC commands that the node obeyed, or took for an answer
	HasFPort  bool
	FPort     uint8
	Payload   []byte // FRMPayload, decrypted
}

// Totals counts everything recorded, also what the bounded record has
// forgotten.
type Totals struct {
	Sent, NotHeard, Acked, Joins, Joined, Received, Violations int
}

// recordLimit is how many entries of each kind the record keeps: the newest.
const recordLimit = 4096

// record holds what happened. It is safe for concurrent use.
type record struct {
	mu         sync.Mutex
	sent       ring[*Sent]
	joins      ring[*Join]
	received   ring[Received]
	violations ring[Violation]
	totals     Totals
}

func newRecord(limit int) *record {
	return &record{
		sent:       ring[*Sent]{limit: limit},
		joins:      ring[*Join]{limit: limit},
		received:   ring[Received]{limit: limit},
		violations: ring[Violation]{limit: limit},
	}
}

// transmitted notes one transmission of s, which enters the record with its
// first.
func (r *record) transmitted(s *Sent, b burst, count uint32, at time.Time, hear error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if s.Transmissions++; s.Transmissions == 1 {
		s.At = at
		r.sent.add(s)
		r.totals.Sent++
	}
	s.PHYPayload, s.Frequency, s.DataRate, s.Count = b.phy, b.hz, b.rate, count
	if hear != nil {
		s.NotHeard = hear.Error()
		r.totals.NotHeard++
		return
	}
	s.Heard++
}

// acked notes the first acknowledgement of s and reports whether it is the
// first.
func (r *record) acked(s *Sent) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if s.Acked {
		return false
	}
	s.Acked = true
	r.totals.Acked++
	return true
}

// requested notes a join request.
func (r *record) requested(j *Join, count uint32, at time.Time, hear error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	j.Count, j.At = count, at
	if hear != nil {
		j.NotHeard = hear.Error()
		r.totals.NotHeard++
	}
	r.joins.add(j)
	r.totals.Joins++
}

// accepted notes the join accept that answers j.
func (r *record) accepted(j *Join, a lorawan.Accept, window string, offset time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	j.Accepted, j.DevAddr, j.JoinNonce, j.NetID = true, a.DevAddr, a.JoinNonce, a.NetID
	j.Window, j.Offset = window, offset
	r.totals.Joined++
}

// joined reports whether a join accept answered j.
func (r *record) joined(j *Join) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return j.Accepted
}

func (r *record) receive(d Received) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.received.add(d)
	r.totals.Received++
}

func (r *record) violate(node string, count uint32, faults ...fault) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, f := range faults {
		r.violations.add(Violation{Node: node, Count: count, Rule: f.rule, Detail: f.detail})
		r.totals.Violations++
	}
}

// copyOf is a snapshot of s. Payload and PHYPayload are never written again.
func (r *record) copyOf(s *Sent) Sent {
	r.mu.Lock()
	defer r.mu.Unlock()
	return *s
}

// ring keeps the newest limit values.
type ring[T any] struct {
	limit, next int
	items       []T
}

func (r *ring[T]) add(v T) {
	if len(r.items) < r.limit {
		r.items = append(r.items, v)
		return
	}
	r.items[r.next] = v
	r.next = (r.next + 1) % r.limit
}

// all are the values, oldest first.
func (r *ring[T]) all() []T {
	return slices.Concat(r.items[r.next:], r.items[:r.next])
}

// values copies what the pointers point at.
func values[T any](in []*T) []T {
	out := make([]T, len(in))
	for i, p := range in {
		out[i] = *p
	}
	return out
}
