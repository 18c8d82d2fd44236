package hubtest

import (
	"fmt"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// deliver sends the C2D messages whose turn it is.
func (c *conn) deliver() error {
	qos, subscribed := c.device.subscribed(c2dFilter(c.device.id))
	if !subscribed {
		if c.hub.opts.Quirks.PurgeUnsubscribed {
			c.hub.purge(c.device)
		}
		return nil
	}
	for {
		p, expired := c.next(qos)
		for _, e := range expired {
			c.hub.dropped(c.device, e, ReasonC2DExpired)
		}
		if p == nil {
			c.unlock.Reset(c.device.untilUnlock(c, c.hub.opts.LockTime))
			return nil
		}
		err := c.hub.emit(Event{
			Kind: EventC2D, Device: c.device.id, Topic: p.TopicName, QoS: p.Qos, Dup: p.Dup, Body: p.Payload,
		})
		if err != nil {
			return &stop{ReasonNotRecorded, err.Error()}
		}
		if err := c.write(p); err != nil {
			return err
		}
	}
}

// next marks the next message as sent and returns its PUBLISH; nil if there
// is none, or the window is full.
func (c *conn) next(qos byte) (*packets.PublishPacket, []*c2dEntry) {
	d := c.device
	d.mu.Lock()
	defer d.mu.Unlock()
	expired := d.expire(c.hub.opts.Now())
	window := min(c.hub.opts.C2DWindow, len(d.queue))
	for i, e := range d.queue[:window] {
		if e.sentTo == c && time.Since(e.sentAt) < c.hub.opts.LockTime {
			continue
		}
		p := d.send(e, c, qos)
		if qos == 0 { // complete once sent
			d.queue = append(d.queue[:i], d.queue[i+1:]...)
		}
		return p, expired
	}
	return nil, expired
}

// untilUnlock is how long until the oldest message sent to c is sent again.
func (d *device) untilUnlock(c *conn, lock time.Duration) time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	first := lock
	for _, e := range d.queue {
		if e.sentTo == c {
			first = min(first, lock-time.Since(e.sentAt))
		}
	}
	return first
}

// send makes the PUBLISH of e for c. The packet id stays the same however
// often e is sent, so that a late PUBACK still finds it. The caller holds
// d.mu.
func (d *device) send(e *c2dEntry, c *conn, qos byte) *packets.PublishPacket {
	p := packets.NewControlPacket(packets.Publish).(*packets.PublishPacket)
	p.TopicName, p.Payload, p.Qos = e.topic, e.message.Body, qos
	if qos > 0 {
		if e.packet == 0 {
			e.packet = d.packets&0x3FFF + 1 // as the protocol gateway numbers them
			d.packets++
		}
		p.MessageID, p.Dup = e.packet, e.tries > 0
	}
	e.sentTo, e.sentAt = c, time.Now()
	e.tries++
	return p
}

// complete serves a PUBACK: the oldest message that waits for one is done.
func (c *conn) complete(id uint16) error {
	e, why := c.device.complete(c, id, c.hub.opts.Quirks.AckAnyOrder)
	event := Event{Kind: EventC2DComplete, Device: c.device.id}
	if why == "" {
		event.Topic, event.QoS = e.topic, 1
	} else {
		event.Kind, event.Reason, event.Detail = EventC2DIgnored, why, fmt.Sprintf("PUBACK %d", id)
	}
	if err := c.hub.emit(event); err != nil {
		return &stop{ReasonNotRecorded, err.Error()}
	}
	return c.deliver()
}

// complete takes the message with that packet id out of the queue, or says
// why not.
func (d *device) complete(c *conn, id uint16, anyOrder bool) (*c2dEntry, Reason) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i, e := range d.queue {
		if e.sentTo != c || e.packet != id {
			continue
		}
		if i > 0 && !anyOrder {
			return nil, ReasonOutOfOrder
		}
		d.queue = append(d.queue[:i], d.queue[i+1:]...)
		return e, ""
	}
	return nil, ReasonUnknownPacket
}
