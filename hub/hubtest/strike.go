package hubtest

import (
	"github.com/eclipse/paho.mqtt.golang/packets"
)

// connectFault lets a fault strike a CONNECT. It reports whether one did: the
// client is served then.
func (s *session) connectFault(p *packets.ConnectPacket) bool {
	device := claimedDevice(p)
	f, ok := s.hub.faults.take(device, FaultKind.atConnect)
	if !ok {
		return false
	}
	_ = s.hub.emit(Event{Kind: EventFault, Device: device, Reason: Reason(f.Kind)})
	s.refuse(s.strike(f), device)
	return true
}

// strike does what f does to a CONNECT, and returns what becomes of it.
func (c *conn) strike(f Fault) *refusal {
	r := &refusal{reason: ReasonFault, detail: string(f.Kind)}
	switch f.Kind {
	case FaultRefuse:
		r.code = f.Code
	case FaultThrottle:
		r.code = refusedUnavailable
	case FaultHang:
		c.hang()
	case FaultResetConnect:
		c.line.reset()
	default: // FaultCloseConnect: a refusal without a code
	}
	return r
}

// hang reads and says nothing until the client goes.
func (c *conn) hang() {
	for {
		if _, err := c.read(); err != nil {
			return
		}
	}
}

// kickFault lets a fault strike a client that has just been accepted.
func (s *session) kickFault() error {
	if f, ok := s.fault(FaultKind.afterConnack); ok {
		return s.cut(f, "")
	}
	return nil
}

// cut ends the connection for a fault: with a reset if it is one of those.
func (s *session) cut(f Fault, topic string) error {
	_ = s.hub.emit(s.event(Event{Kind: EventFault, Reason: Reason(f.Kind), Topic: topic}))
	if f.Kind.in(FaultResetConnected, FaultResetSubscribe) {
		s.line.reset()
	}
	return &stop{ReasonFault, string(f.Kind)}
}

// packetFault lets f strike any packet.
func (s *session) packetFault(f Fault) error {
	if f.Kind == FaultSlowLink {
		s.line.rate.Store(int64(f.Rate))
		return nil
	}
	return s.pause(f.Delay)
}

// publishFault lets f strike a PUBLISH. nil means that the connection lives.
func (s *session) publishFault(f Fault, p *packets.PublishPacket) error {
	if f.Store || f.Kind == FaultDelayPuback {
		if _, err := s.accept(p); err != nil {
			return err
		}
	}
	_ = s.hub.emit(s.event(Event{Kind: EventFault, Reason: Reason(f.Kind), Topic: p.TopicName, QoS: p.Qos}))
	end := &stop{ReasonFault, string(f.Kind)}
	switch f.Kind {
	case FaultNoPuback:
		return nil
	case FaultDelayPuback:
		if err := s.pause(f.Delay); err != nil {
			return err
		}
		return s.puback(p)
	case FaultReset:
		s.line.reset()
	case FaultThrottle:
		end.reason = ReasonThrottled
	case FaultCutPuback:
		s.writing.Lock()
		_ = s.writeFor(writeTimeout)
		_, _ = s.stream.Write([]byte{packets.Puback << 4, 2}) // the packet id never follows
		s.writing.Unlock()
	default: // FaultDrop: nothing but the close
	}
	return end
}
