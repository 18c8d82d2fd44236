package hub

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"

	"gatewayd/internal/secret"
)

// maxInFlight is how many messages may wait for their PUBACK. The hub stops
// reading from a connection that has more.
const maxInFlight = 16

// subscribeID is the packet id of the only SUBSCRIBE of a session. Messages
// take theirs from 1 up, and nothing else is answered by SUBACK.
const subscribeID = 1

// login is what a device connects with.
type login struct {
	endpoint    *endpoint
	deviceID    string
	userName    string
	password    secret.Text      // none with a certificate
	certificate *tls.Certificate // nil: none
	keepAlive   time.Duration
	clean       bool // forget subscriptions and what waits
}

// session is one MQTT session of one device: from CONNECT to the end of its
// connection. It is never resumed.
type session struct {
	*wire
	login

	subscribed atomic.Bool
}

// openSession opens a connection and an MQTT session in it.
func openSession(ctx context.Context, who login) (*session, error) {
	w, err := who.endpoint.dialer.connect(ctx, who.certificate)
	if err != nil {
		return nil, err
	}
	s := &session{wire: w, login: who}
	defer s.endWith(ctx)()
	if err := s.greet(); err != nil {
		s.fail(err)
		return nil, &stepError{stepConnect, err}
	}
	return s, nil
}

// endWith ends the session when ctx ends, until it is told to stop.
func (s *session) endWith(ctx context.Context) (stop func()) {
	release := context.AfterFunc(ctx, func() { s.fail(ctx.Err()) })
	return func() { release() }
}

// greet sends CONNECT and waits for CONNACK.
func (s *session) greet() error {
	c := packets.NewControlPacket(packets.Connect).(*packets.ConnectPacket)
	c.ProtocolName, c.ProtocolVersion = "MQTT", 4
	c.CleanSession = s.clean
	c.Keepalive = uint16(s.keepAlive / time.Second)
	c.ClientIdentifier = s.deviceID
	c.UsernameFlag, c.Username = true, s.userName
	if password := s.password.Reveal(); password != "" {
		c.PasswordFlag, c.Password = true, []byte(password)
	}
	s.password, s.userName = secret.Text{}, "" // they have done their duty
	if err := s.write(c); err != nil {
		return err
	}
	p, err := s.read()
	if err != nil {
		return err
	}
	ack, ok := p.(*packets.ConnackPacket)
	if !ok {
		return errors.New("protocol violation: no CONNACK")
	}
	if ack.ReturnCode != 0 {
		return refusedError{ack.ReturnCode}
	}
	return nil
}

// subscribe asks for filters, the first with QoS 1 and nothing less, and
// waits for SUBACK. Messages that come before it go to onPublish.
func (s *session) subscribe(filters []string, onPublish func(*packets.PublishPacket) error) error {
	c := packets.NewControlPacket(packets.Subscribe).(*packets.SubscribePacket)
	c.MessageID, c.Topics = subscribeID, filters
	c.Qoss = make([]byte, len(filters))
	c.Qoss[0] = 1
	if err := s.write(c); err != nil {
		return err
	}
	for {
		p, err := s.read()
		if err != nil {
			return err
		}
		switch p := p.(type) {
		case *packets.PublishPacket:
			if err := onPublish(p); err != nil {
				return err
			}
		case *packets.SubackPacket:
			return granted(p, filters)
		default:
			return errors.New("protocol violation: no SUBACK")
		}
	}
}

// granted looks at what SUBACK grants: QoS 1 for the first filter, anything
// but a refusal for the others.
func granted(ack *packets.SubackPacket, filters []string) error {
	if ack.MessageID != subscribeID || len(ack.ReturnCodes) != len(filters) {
		return errors.New("protocol violation: SUBACK for something else")
	}
	for i, code := range ack.ReturnCodes {
		if code > 1 || i == 0 && code != 1 {
			return fmt.Errorf("%w: SUBACK %#02x for %s", errGrant, code, filters[i])
		}
	}
	return nil
}

// publish sends a message. Of QoS 0 the packet id is not sent.
func (s *session) publish(topic string, body []byte, qos byte, id uint16) error {
	p := packets.NewControlPacket(packets.Publish).(*packets.PublishPacket)
	p.TopicName, p.Payload, p.Qos, p.MessageID = topic, body, qos, id
	return s.write(p)
}

// acknowledge sends the PUBACK of a message from the hub.
func (s *session) acknowledge(id uint16) error {
	p := packets.NewControlPacket(packets.Puback).(*packets.PubackPacket)
	p.MessageID = id
	return s.write(p)
}

// ping asks the hub whether it is there.
func (s *session) ping() error { return s.write(packets.NewControlPacket(packets.Pingreq)) }

// jitteredKeepAlive keeps the PINGREQs of many devices apart, in whole
// seconds, which is how MQTT counts them.
func jitteredKeepAlive(d time.Duration) time.Duration {
	d -= time.Duration(rand.Int64N(int64(d)/10 + 1))
	return max(d.Truncate(time.Second), minKeepAlive)
}
