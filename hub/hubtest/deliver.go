package hubtest

import (
	"fmt"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// maxOutbox bounds what a device may have unread besides C2D messages:
// method calls and desired properties.
const maxOutbox = 200

// outgoing is a packet for the device, and what is recorded when it goes.
type outgoing struct {
	packet *packets.PublishPacket
	event  Event
}

// send sends what waits for the device until nothing does. One goroutine does
// so at a time; another leaves its work to that.
func (s *session) send() {
	s.device.mu.Lock()
	busy := s.sending
	s.sending = true
	s.device.mu.Unlock()
	if !busy {
		s.sendAll()
	}
}

// nudge is send in a goroutine that lives until nothing waits. The caller
// holds device.mu.
func (s *session) nudge() {
	if s.sending || s.over {
		return
	}
	s.sending = true
	s.hub.server.running.Go(s.sendAll)
}

// post queues o for the device, and gives the connection up if the device
// does not read. The caller holds device.mu.
func (s *session) post(o outgoing) {
	if len(s.outbox) >= maxOutbox {
		s.kill(ReasonDeaf)
		return
	}
	s.outbox = append(s.outbox, o)
	s.nudge()
}

func (s *session) sendAll() {
	for {
		o, drops, ok := s.next()
		for _, drop := range drops {
			s.hub.dropped(s.device, drop)
		}
		if !ok {
			return
		}
		if err := s.sendOne(o); err != nil {
			s.kill(asStop(err).reason)
		}
	}
}

// sendOne records and writes o, unless the connection has ended.
func (s *session) sendOne(o outgoing) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	if why := s.ended(); why != "" {
		return &stop{reason: why}
	}
	if err := s.emit(o.event); err != nil {
		return err
	}
	return s.writeLocked(o.packet)
}

// next takes what is to be sent next. Without, ok is false and nobody is
// sending any more.
func (s *session) next() (o outgoing, drops []drop, ok bool) {
	d := s.device
	d.mu.Lock()
	defer d.mu.Unlock()
	defer func() { s.sending = ok }()
	if s.over || s.ended() != "" {
		return outgoing{}, nil, false
	}
	if len(s.outbox) > 0 {
		o, s.outbox = s.outbox[0], s.outbox[1:]
		return o, nil, true
	}
	qos, subscribed := d.subs[c2dFilter(d.id)]
	if !subscribed {
		if s.hub.opts.Quirks.PurgeUnsubscribed {
			drops = d.take(ReasonC2DPurged)
		}
		return outgoing{}, drops, false
	}
	p, drops := s.nextC2D(qos)
	if p == nil {
		s.watchLocks()
		return outgoing{}, drops, false
	}
	return outgoing{p, Event{Kind: EventC2D, Topic: p.TopicName, QoS: p.Qos, Dup: p.Dup, Body: p.Payload}}, drops, true
}

// nextC2D marks the next C2D message as sent and returns its PUBLISH; nil if
// there is none, or the window is full. The caller holds device.mu.
func (s *session) nextC2D(qos byte) (*packets.PublishPacket, []drop) {
	d, o := s.device, s.hub.opts
	drops := d.expire(s.hub.now())
	for i := 0; i < min(o.C2DWindow, len(d.queue)); i++ {
		e := d.queue[i]
		if e.sentTo == s && time.Since(e.sentAt) < o.LockTime {
			continue
		}
		if o.MaxDeliveries > 0 && e.tries >= o.MaxDeliveries {
			drops = append(drops, drop{e, ReasonC2DDeliveryCount})
			d.queue = append(d.queue[:i], d.queue[i+1:]...)
			i--
			continue
		}
		p := d.publishC2D(e, s, qos)
		if qos == 0 { // complete once sent
			d.queue = append(d.queue[:i], d.queue[i+1:]...)
			s.hub.feedback.add(d, e, feedbackSuccess, s.hub.now())
		}
		return p, drops
	}
	return nil, drops
}

// watchLocks looks again when the lock of the first message ends. The caller
// holds device.mu.
func (s *session) watchLocks() {
	first := time.Duration(-1)
	for _, e := range s.device.queue {
		if left := s.hub.opts.LockTime - time.Since(e.sentAt); e.sentTo == s && (first < 0 || left < first) {
			first = left
		}
	}
	switch {
	case first < 0:
	case s.unlock == nil:
		s.unlock = time.AfterFunc(first, s.lockEnds)
	default:
		s.unlock.Reset(first)
	}
}

func (s *session) lockEnds() {
	s.device.mu.Lock()
	defer s.device.mu.Unlock()
	s.nudge()
}

// publishC2D makes the PUBLISH of e for s. The packet id stays the same
// however often e is sent, so that a late PUBACK still finds it. The caller
// holds d.mu.
func (d *device) publishC2D(e *c2dEntry, s *session, qos byte) *packets.PublishPacket {
	p := publishPacketTo(e.topic, e.message.Body)
	p.Qos = qos
	if qos > 0 {
		if e.packet == 0 {
			e.packet = d.packets&0x3FFF + 1 // as the protocol gateway numbers them
			d.packets++
		}
		p.MessageID, p.Dup = e.packet, e.tries > 0
	}
	e.sentTo, e.sentAt = s, time.Now()
	e.tries++
	return p
}

// complete serves a PUBACK: the oldest message that waits for one is done.
func (s *session) complete(id uint16) error {
	if f, ok := s.fault(FaultKind.atPuback); ok {
		return s.emit(Event{Kind: EventC2DIgnored, Reason: Reason(f.Kind), Detail: fmt.Sprintf("PUBACK %d", id)})
	}
	e, why := s.device.complete(s, id, s.hub.opts.Quirks.AckAnyOrder)
	event := Event{Kind: EventC2DComplete}
	if why == "" {
		event.Topic, event.QoS = e.topic, 1
	} else {
		event.Kind, event.Reason, event.Detail = EventC2DIgnored, why, fmt.Sprintf("PUBACK %d", id)
	}
	if err := s.emit(event); err != nil {
		return err
	}
	if why == "" {
		s.hub.feedback.add(s.device, e, feedbackSuccess, s.hub.now())
	}
	s.send()
	return nil
}

// complete takes the message with that packet id out of the queue, or says
// why not.
func (d *device) complete(s *session, id uint16, anyOrder bool) (*c2dEntry, Reason) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i, e := range d.queue {
		if e.sentTo != s || e.packet != id {
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
