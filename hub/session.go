package hub

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/url"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"gatewayd/internal/secret"
)

// maxInFlight is how many messages may wait for their PUBACK. The hub stops
// reading from a connection that has more.
const maxInFlight = 16

// Bounds of the ways out of a session.
const (
	disconnectTimeout = 500 * time.Millisecond
	pingTimeout       = 30 * time.Second
)

// session is one MQTT session of one device: from CONNECT to the end of its
// link. It is never resumed; the next attempt has a new library client and
// nothing of the old, since the library completes publishes that were never
// acknowledged when it resumes, disconnects or cleans up.
type session struct {
	link   *link
	client mqtt.Client
	calls  chan func() mqtt.Token // to the caller
	tokens chan mqtt.Token        // and back, capacity 1
}

// login is what a device connects with.
type login struct {
	deviceID string
	token    secret.Text
}

// openSession opens a link and an MQTT session in it, and subscribes to C2D
// messages before anything else: while a device is connected without that
// subscription, the hub drops what is queued for it. C2D messages that arrive
// go to onC2D, which must not block; they are not acknowledged, so that the
// hub keeps them.
func openSession(ctx context.Context, o Options, who login, onC2D func(topic string)) (*session, error) {
	ctx, cancel := context.WithTimeout(ctx, o.ConnectTimeout)
	defer cancel()
	l, err := connect(ctx, o.Dial, o.address(), o.tlsConfig())
	if err != nil {
		return nil, err
	}
	s := &session{
		link:   l,
		client: mqtt.NewClient(clientOptions(o, who, l, onC2D)),
		calls:  make(chan func() mqtt.Token),
		tokens: make(chan mqtt.Token, 1),
	}
	go s.caller()
	if err := s.connect(ctx); err != nil {
		s.abort()
		return nil, &stepError{stepConnect, err}
	}
	if err := s.subscribe(ctx, deviceboundFilter(who.deviceID)); err != nil {
		s.abort()
		return nil, &stepError{stepSubscribe, err}
	}
	return s, nil
}

// clientOptions sets every option on which the library's default is not what
// a hub needs.
func clientOptions(o Options, who login, l *link, onC2D func(topic string)) *mqtt.ClientOptions {
	c := mqtt.NewClientOptions()
	c.AddBroker("ssl://" + o.address())
	c.SetCustomOpenConnectionFn(func(*url.URL, mqtt.ClientOptions) (net.Conn, error) { return l, nil })
	c.SetProtocolVersion(4) // else a refused CONNECT is tried again as MQTT 3.1
	c.SetClientID(who.deviceID)
	c.SetUsername(userName(o.Host, who.deviceID, o.APIVersion, o.Product))
	c.SetPassword(who.token.Reveal())
	c.SetCleanSession(false)
	c.SetAutoReconnect(false)
	c.SetConnectRetry(false)
	c.SetResumeSubs(false)
	c.SetStore(mqtt.NewMemoryStore())
	c.SetConnectTimeout(o.ConnectTimeout)
	c.SetWriteTimeout(writeTimeout)
	c.SetKeepAlive(jitteredKeepAlive(o.KeepAlive))
	c.SetPingTimeout(pingTimeout)
	c.SetAutoAckDisabled(true)
	c.SetDefaultPublishHandler(func(_ mqtt.Client, m mqtt.Message) { onC2D(m.Topic()) })
	return c
}

// jitteredKeepAlive keeps the PINGREQs of many devices apart.
func jitteredKeepAlive(d time.Duration) time.Duration {
	return max(d-time.Duration(rand.Int64N(int64(d)/10+1)), minKeepAlive)
}

// connect sends CONNECT and waits for CONNACK. The return code is taken from
// the link: the library reads codes above 5 as success.
func (s *session) connect(ctx context.Context) error {
	err := s.wait(ctx, s.client.Connect())
	if code := s.link.greeting(); code > 0 {
		return refusedError{byte(code)}
	}
	return err
}

// subscribe asks for filter with QoS 1 and takes nothing less. A refusal is
// not an error of the library's token: it stands in the SUBACK.
func (s *session) subscribe(ctx context.Context, filter string) error {
	token, err := s.call(func() mqtt.Token { return s.client.Subscribe(filter, 1, nil) })
	if err != nil {
		return err
	}
	if err := s.wait(ctx, token); err != nil {
		return err
	}
	sub, ok := token.(*mqtt.SubscribeToken)
	if !ok {
		return errGrant
	}
	if code, answered := sub.Result()[filter]; !answered || code != 1 {
		return fmt.Errorf("%w: SUBACK %#02x", errGrant, code)
	}
	return nil
}

// caller makes the calls into the library that may block until writeTimeout
// although the link is down, so that nobody else has to wait for them. It
// ends with the link.
func (s *session) caller() {
	for {
		select {
		case call := <-s.calls:
			s.tokens <- call()
		case <-s.link.down:
			return
		}
	}
}

// call has the caller make one call and returns its token. It is for one
// goroutine at a time, and after an error not to be used again.
func (s *session) call(f func() mqtt.Token) (mqtt.Token, error) {
	select {
	case s.calls <- f:
	case <-s.link.down:
		return nil, s.link.reason()
	}
	select {
	case token := <-s.tokens:
		return token, nil
	case <-s.link.down:
		return nil, s.link.reason()
	}
}

// wait waits for token, the end of the link or the end of ctx.
func (s *session) wait(ctx context.Context, token mqtt.Token) error {
	select {
	case <-token.Done():
		if err := token.Error(); err != nil {
			return s.because(err)
		}
		return nil
	case <-s.link.down:
		return s.link.reason()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// because prefers the link's own word on why something failed.
func (s *session) because(err error) error {
	if reason := s.link.reason(); reason != nil && !errors.Is(reason, errSilent) {
		return reason
	}
	return err
}

// publish hands a QoS 1 message to the network and returns its packet id. The
// id counts as acknowledged when it comes out of the link's acks, and by
// nothing that the library says of it.
func (s *session) publish(topic string, body []byte) (uint16, error) {
	token, err := s.call(func() mqtt.Token { return s.client.Publish(topic, 1, false, body) })
	if err != nil {
		return 0, err
	}
	if err := token.Error(); err != nil {
		return 0, s.because(fmt.Errorf("%w: %w", errStalled, err))
	}
	pub, ok := token.(*mqtt.PublishToken)
	if !ok || pub.MessageID() == 0 {
		return 0, errors.New("no packet id")
	}
	return pub.MessageID(), nil
}

// close says DISCONNECT and ends the session, within disconnectTimeout.
func (s *session) close() {
	s.client.Disconnect(uint(disconnectTimeout / time.Millisecond))
	s.link.abort()
}

// abort ends the session at once. The library winds up behind.
func (s *session) abort() {
	s.link.abort()
	s.client.Disconnect(0)
}
