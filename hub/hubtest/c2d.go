package hubtest

import (
	"crypto/rand"
	"errors"
	"fmt"
	"time"
)

// Limits of cloud-to-device messages. Source: Microsoft's "Understand
// cloud-to-device messaging from an IoT hub".
const (
	maxC2DPending = 50
	maxC2DSize    = 65536
)

var (
	// ErrQueueFull is returned when 50 messages wait for the device already.
	ErrQueueFull = errors.New("50 messages wait for the device already (403004 DeviceMaximumQueueDepthExceeded)")
	// ErrC2DTooLarge is returned for more than 64 KB, properties included.
	ErrC2DTooLarge = errors.New("cloud-to-device message larger than 64 KB (413001 MessageTooLarge)")
)

// C2D is a cloud-to-device message.
type C2D struct {
	ID string // message id, $.mid; "": a random UUID
	// CorrelationID, UserID, ContentType and ContentEncoding become $.cid,
	// $.uid, $.ct and $.ce. Empty: not sent.
	CorrelationID, UserID        string
	ContentType, ContentEncoding string
	Ack                          string    // iothub-ack: none (default), positive, negative, full
	Expires                      time.Time // zero: after Options.C2DTTL, and not told to the device
	Properties                   map[string]string
	Body                         []byte
}

// c2dEntry is a message in a device's queue.
type c2dEntry struct {
	message C2D
	topic   string
	expires time.Time
	packet  uint16 // packet id, from the first time it is sent
	tries   int    // how often it was sent
	sentTo  *session
	sentAt  time.Time
}

// drop is a message that will not be sent (again).
type drop struct {
	entry *c2dEntry
	why   Reason
}

// SendC2D queues m for a device, connected or not. Errors: ErrUnknownDevice,
// ErrQueueFull, ErrC2DTooLarge, ErrThrottled, ErrQuota.
func (h *Hub) SendC2D(device string, m C2D) error {
	d, err := h.device(device)
	if err != nil {
		return err
	}
	if d.module != "" {
		return fmt.Errorf("module %q: %w: only devices get cloud-to-device messages", device, ErrUnknownDevice)
	}
	if m.ID == "" {
		m.ID = newUUID()
	}
	expires := m.Expires
	if expires.IsZero() {
		expires = h.now().Add(h.opts.C2DTTL)
	}
	entry := &c2dEntry{message: m, topic: c2dTopic(device, m), expires: expires}
	size := messageSize(m.Properties, m.Body)
	if size > maxC2DSize || len(entry.topic) > 65535 {
		return fmt.Errorf("device %q: %w", device, ErrC2DTooLarge)
	}
	if !h.throttle.c2d.allow(1) {
		return fmt.Errorf("device %q: %w", device, ErrThrottled)
	}
	if !h.meter.take(h.now(), size) {
		return fmt.Errorf("device %q: %w", device, ErrQuota)
	}
	drops, full := d.enqueue(entry, h.now())
	for _, drop := range drops {
		h.dropped(d, drop)
	}
	if full {
		return fmt.Errorf("device %q: %w", device, ErrQueueFull)
	}
	return nil
}

// c2dTopic is the topic m is delivered with.
func c2dTopic(device string, m C2D) string {
	to := "/devices/" + device + "/messages/devicebound"
	bag := []pair{{"$.mid", m.ID}, {"$.to", to}}
	for _, p := range []pair{
		{"$.cid", m.CorrelationID},
		{"$.uid", m.UserID},
		{"$.ct", m.ContentType},
		{"$.ce", m.ContentEncoding},
	} {
		if p.value != "" {
			bag = append(bag, p)
		}
	}
	if !m.Expires.IsZero() {
		bag = append(bag, pair{"$.exp", m.Expires.UTC().Format("2006-01-02T15:04:05.0000000Z")})
	}
	ack := m.Ack
	set(&ack, "none")
	bag = append(bag, pair{"iothub-ack", ack})
	return "devices/" + device + "/messages/devicebound/" + encodeBag(append(bag, sortedPairs(m.Properties)...))
}

// newUUID is a random UUID, version 4.
func newUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&15|4<<4, b[8]&63|128
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// enqueue adds e unless the queue is full, and returns what expired
// meanwhile.
func (d *device) enqueue(e *c2dEntry, now time.Time) (drops []drop, full bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	drops = d.expire(now)
	if len(d.queue) >= maxC2DPending {
		return drops, true
	}
	d.queue = append(d.queue, e)
	if d.session != nil {
		d.session.nudge()
	}
	return drops, false
}

// expire takes out of the queue what is past its time. The caller holds d.mu.
func (d *device) expire(now time.Time) (drops []drop) {
	kept := d.queue[:0]
	for _, e := range d.queue {
		if e.expires.After(now) {
			kept = append(kept, e)
		} else {
			drops = append(drops, drop{e, ReasonC2DExpired})
		}
	}
	clear(d.queue[len(kept):])
	d.queue = kept
	return drops
}

// take empties the queue. The caller holds d.mu.
func (d *device) take(why Reason) []drop {
	drops := make([]drop, 0, len(d.queue))
	for _, e := range d.queue {
		drops = append(drops, drop{e, why})
	}
	d.queue = nil
	return drops
}

// purge drops what waits for d, and returns how much that was.
func (h *Hub) purge(d *device) int {
	d.mu.Lock()
	drops := d.take(ReasonC2DPurged)
	d.mu.Unlock()
	for _, drop := range drops {
		h.dropped(d, drop)
	}
	return len(drops)
}

// expireAll drops what is past its time, of devices that are away too.
func (h *Hub) expireAll() {
	for _, d := range h.all() {
		d.mu.Lock()
		drops := d.expire(h.now())
		d.mu.Unlock()
		for _, drop := range drops {
			h.dropped(d, drop)
		}
	}
}

// dropped records a drop, and tells the sender who wants to know.
func (h *Hub) dropped(d *device, x drop) {
	_ = h.emit(d.event(Event{Kind: EventC2DDropped, Reason: x.why, Topic: x.entry.topic}))
	h.feedback.add(d, x.entry, feedbackOf(x.why), h.now())
}
