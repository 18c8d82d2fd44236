package hubtest

import (
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// session is a device's connection to the hub, from CONNECT on.
type session struct {
	*conn
	hub    *Hub
	device *device

	method    authMethod
	versioned bool // the user name had an api-version
	modelID   string
	clean     bool
	keepAlive time.Duration
	expires   time.Time // of its token; zero: never
	will      *telemetry

	// Guarded by conn.mu.
	heard time.Time // when the last packet came
	due   *stop     // why the connection ends when reading does

	// Guarded by device.mu.
	over    bool
	sending bool // somebody runs send
	outbox  []outgoing
	unlock  *time.Timer // a C2D message has waited for its PUBACK too long

	detached chan struct{} // closed when the device is free for another
}

func newSession(h *Hub, c *conn) *session {
	return &session{conn: c, hub: h, sending: true, detached: make(chan struct{})}
}

// speak serves MQTT on c until the connection must end.
func (h *Hub) speak(c *conn) {
	s := newSession(h, c)
	if !s.connect() {
		return
	}
	s.finish(s.run())
}

// run serves the connected client until the connection must end, and says
// why.
func (s *session) run() *stop {
	if err := s.kickFault(); err != nil {
		return asStop(err)
	}
	s.sendAll() // newSession has seen to it that nobody did before CONNACK
	for {
		s.hear()
		p, err := s.read()
		if isTimeout(err) {
			err = s.dueNow()
		}
		if err == nil {
			err = s.handle(p)
		}
		if err != nil {
			return asStop(err)
		}
	}
}

// hear notes that the client is not silent.
func (s *session) hear() {
	s.mu.Lock()
	s.heard = time.Now()
	s.mu.Unlock()
	s.watch()
}

// watch sets when the connection ends for the client's silence or its token.
func (s *session) watch() {
	s.mu.Lock()
	end := s.heard.Add(s.keepAlive)
	due := &stop{ReasonKeepAlive, "nothing heard for " + s.keepAlive.String()}
	if left := s.tokenLeft(); !s.expires.IsZero() && time.Now().Add(left).Before(end) {
		end = time.Now().Add(left)
		due = &stop{ReasonTokenExpired, "token expired at " + s.expires.UTC().Format(time.RFC3339)}
	}
	s.due = due
	s.mu.Unlock()
	s.readUntil(end)
}

// tokenLeft is how much longer the connection lasts by its token.
func (s *session) tokenLeft() time.Duration {
	return s.expires.Add(s.hub.opts.DropGrace).Sub(s.hub.now())
}

func (s *session) dueNow() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.due
}

// finish frees the device for another connection. Nothing is sent after it.
func (s *session) finish(end *stop) {
	s.kill(end.reason)
	s.device.mu.Lock()
	s.over = true
	if s.unlock != nil {
		s.unlock.Stop()
	}
	s.device.mu.Unlock()
	s.writing.Lock() // until a message that is on its way is written or failed
	defer s.writing.Unlock()
	s.publishWill(end.reason)
	_ = s.hub.emit(s.event(Event{Kind: EventDisconnected, Reason: end.reason, Detail: end.detail}))
	s.device.detach(s.clean, s.hub.now())
	close(s.detached)
}

// event fills in whose event it is.
func (s *session) event(e Event) Event { return s.device.event(e) }

// emit records an event of the device. What cannot be recorded ends the
// connection.
func (s *session) emit(e Event) error {
	if err := s.hub.emit(s.event(e)); err != nil {
		return &stop{ReasonNotRecorded, err.Error()}
	}
	return nil
}

// handle serves one packet.
func (s *session) handle(p packets.ControlPacket) error {
	if f, ok := s.fault(FaultKind.atPacket); ok {
		if err := s.packetFault(f); err != nil {
			return err
		}
	}
	switch p := p.(type) {
	case *packets.PublishPacket:
		return s.published(p)
	case *packets.PubackPacket:
		return s.complete(p.MessageID)
	case *packets.SubscribePacket:
		return s.subscribe(p)
	case *packets.UnsubscribePacket:
		return s.unsubscribe(p)
	case *packets.PingreqPacket:
		return s.ping()
	case *packets.DisconnectPacket:
		return &stop{reason: ReasonClientDisconnect}
	}
	return &stop{ReasonProtocolError, packetName(p) + " from a client"}
}

func (s *session) ping() error {
	if _, ok := s.fault(FaultKind.atPing); ok {
		return nil
	}
	return s.write(packets.NewControlPacket(packets.Pingresp))
}

// fault takes the fault that is due at a moment.
func (s *session) fault(moment func(FaultKind) bool) (Fault, bool) {
	return s.hub.faults.take(s.device.id, moment)
}
