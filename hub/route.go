package hub

import (
	"errors"
	"strings"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
	"go.uber.org/zap"
)

// route passes on a message from the hub. It does not block; an error ends the
// session.
func (c *connection) route(s *session, p *packets.PublishPacket) error {
	c.touch()
	topic := p.TopicName
	if p.Qos > 0 && strings.HasPrefix(topic, "$iothub/") { // not granted, but else it would come again and again
		c.call(&receipt{s, p.MessageID})
	}
	switch {
	case strings.HasPrefix(topic, "$iothub/twin/res/"):
		if r, ok := parseTwinResponse(topic); ok {
			c.answered(s, r, p.Payload)
			return nil
		}
	case strings.HasPrefix(topic, "$iothub/twin/PATCH/properties/desired/"):
		if version, ok := parseDesired(topic); ok && c.device.Handler != nil {
			s.endpoint.quota.add(len(p.Payload))
			c.desired(version, p.Payload)
			return nil
		}
	case strings.HasPrefix(topic, "$iothub/methods/POST/"):
		if name, rid, ok := parseMethod(topic); ok && c.device.Handler != nil {
			c.invoke(s, rid, MethodCall{Name: name, Payload: p.Payload})
			return nil
		}
	default:
		return c.cloud(s, p)
	}
	c.logger().Warn("message from the hub that nothing here understands", zap.String("topic", topic))
	return nil
}

// cloud queues a C2D message for the Handler. Where there is none it stays in
// the hub, unacknowledged.
func (c *connection) cloud(s *session, p *packets.PublishPacket) error {
	m, err := cloudMessage(s.deviceID, p)
	if errors.Is(err, errBag) { // without a PUBACK it would hold up all behind it
		c.logger().Warn("C2D message with malformed properties, leaving those out", zap.String("message_id", m.ID))
	} else if err != nil {
		c.logger().Warn("message that is not for this device", zap.Error(err))
		return nil
	}
	if c.device.Handler != nil {
		return c.deliver(&delivery{session: s, id: p.MessageID, message: m})
	}
	if !c.toldC2D {
		c.toldC2D = true
		c.logger().Info("C2D messages wait in the hub: this device takes none, they stay there until they expire",
			zap.String("message_id", m.ID))
	}
	return nil
}

// ring serves a deadline.
func (c *connection) ring(k alarm) {
	s := c.session.Load()
	if s == nil {
		return
	}
	switch k {
	case alarmPing:
		c.kick(workPing)
	case alarmSilence:
		s.fail(errSilent)
	case alarmPubAck:
		c.overdue(s)
	case alarmRenew:
		c.renewals.ask(c)
	case alarmExpiry:
		c.drain(s, c.options.PubAckTimeout)
	case alarmSteady:
		c.steady()
	case alarmLinger:
		c.park(s)
	case alarmDrain:
		s.interrupt(errFinished)
	case alarmFeed:
		c.out.ready()
		c.kick(workFeed)
	case alarmTwin:
		c.twin.overdue(&c.twin.get)
		c.kick(workTwin)
	case alarmReport:
		c.twin.overdue(&c.twin.patch)
		c.kick(workReport)
	case alarmCloud:
		c.resume()
	case alarmCount:
	}
}

// acknowledged notes a PUBACK.
func (c *connection) acknowledged() {
	now := c.options.Clock.Now()
	c.board.update(func(s *DeviceStatus) { s.LastPubAck = now })
	c.recovered(c.health.acknowledged())
}

// steady notes that the connection has lasted. One whose messages are ignored
// does not count: a hub whose quota is used up keeps the connection too.
func (c *connection) steady() {
	c.out.mu.Lock()
	ignored := c.out.ignored()
	c.out.mu.Unlock()
	if ignored {
		c.alarms.set(alarmSteady, steadyAfter)
		return
	}
	c.recovered(c.health.steady())
}

// recovered says that an outage is over, if there was one.
func (c *connection) recovered(r recovery) {
	if !r.was {
		return
	}
	c.board.update(func(s *DeviceStatus) { s.Attempts = 0 })
	c.logger().Info("connected again", zap.Duration("after", r.after.Round(time.Second)), zap.Int("attempts", r.attempts))
}

// renew is called when it is this device's turn to renew its token: the hub
// takes a new one only with a new connection.
func (c *connection) renew() {
	s := c.session.Load()
	if s == nil || !s.subscribed.Load() {
		c.renewals.release(c)
		return
	}
	c.drain(s, c.options.PubAckTimeout)
}

// drain ends s in good order: no new messages, and the end when what is in
// flight has landed, or after patience.
func (c *connection) drain(s *session, patience time.Duration) {
	if c.out.drain(s, func() { c.alarms.set(alarmDrain, patience) }) {
		c.finishIfDrained(s)
	}
}

// finishIfDrained ends s if it is being drained and nothing is left to wait
// for.
func (c *connection) finishIfDrained(s *session) {
	c.out.mu.Lock()
	done := c.out.session == s && c.out.draining && c.out.flying.empty()
	c.out.mu.Unlock()
	if done && c.in.idle() {
		s.interrupt(errFinished)
	}
}

// touch puts off the end of a connection that is only kept while it is used.
func (c *connection) touch() {
	if idle := c.device.idleTime(); idle > 0 {
		c.alarms.set(alarmLinger, idle)
	}
}

// park ends a connection that is not used.
func (c *connection) park(s *session) {
	if !c.out.idle() || !c.in.idle() || c.twin.reporting() {
		c.touch()
		return
	}
	c.drain(s, drainGrace)
}
