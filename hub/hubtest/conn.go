package hubtest

import (
	"bufio"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

const (
	// writeTimeout is how long a client may leave its socket unread.
	writeTimeout = 10 * time.Second
	// linger is how long a closed connection is drained, so that the client
	// gets a FIN and what was written before it, and not a reset.
	linger = time.Second
	// killTimeout is how long a write may still take on a connection that is
	// to go.
	killTimeout = time.Second
)

// conn is one client's connection. The goroutine of serve owns it; readLoop
// feeds it, and others may only call kill and nudge.
type conn struct {
	hub    *Hub
	raw    net.Conn // TCP
	stream net.Conn // carries MQTT: TLS over raw
	reader *bufio.Reader

	device    *device
	modelID   string
	clean     bool
	keepAlive time.Duration
	expires   time.Time // of its token
	will      *telemetry
	unlock    *time.Timer // a C2D message has waited for its PUBACK too long

	in       chan packet   // from readLoop
	wake     chan struct{} // there may be a C2D message to send
	stopped  chan struct{} // closed when serve reads no more packets
	drained  chan struct{} // closed by readLoop at its end; nil if not started
	detached chan struct{} // closed when the device is free for another

	killOnce sync.Once
	killed   chan struct{}
	killedBy Reason // read it after killed is closed
}

// packet is what readLoop read, or why it ended.
type packet struct {
	control packets.ControlPacket
	err     error
}

// stop is the end of a connection, as an error.
type stop struct {
	reason Reason
	detail string
}

func (s *stop) Error() string { return string(s.reason) + ": " + s.detail }

func newConn(h *Hub, raw net.Conn) *conn {
	return &conn{
		hub: h, raw: raw, stream: raw,
		in: make(chan packet), wake: make(chan struct{}, 1),
		stopped: make(chan struct{}), detached: make(chan struct{}), killed: make(chan struct{}),
	}
}

// handshake puts TLS on the connection.
func (c *conn) handshake(config *tls.Config) error {
	t := tls.Server(c.raw, config)
	c.stream = t
	if err := t.Handshake(); err != nil {
		return &stop{ReasonTLSHandshake, err.Error()}
	}
	return nil
}

// kill ends the connection for why, or hurries its end.
func (c *conn) kill(why Reason) {
	c.killOnce.Do(func() {
		c.killedBy = why
		close(c.killed)
	})
	_ = c.raw.SetReadDeadline(time.Unix(1, 0))
	_ = c.raw.SetWriteDeadline(time.Now().Add(killTimeout))
}

// nudge makes the connection look for C2D messages.
func (c *conn) nudge() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// serve is the life of the connection.
func (c *conn) serve(open func(*conn) error) {
	defer c.shut()
	if err := open(c); err != nil {
		end := asStop(err)
		c.refuse(&refusal{reason: end.reason, detail: end.detail}, "")
		return
	}
	c.reader = bufio.NewReader(c.stream)
	if !c.connect() {
		return
	}
	end := c.run()
	close(c.stopped)
	c.publishWill(end.reason)
	_ = c.hub.emit(Event{Kind: EventDisconnected, Device: c.device.id, Reason: end.reason, Detail: end.detail})
	c.device.detach(c.clean)
	close(c.detached)
}

// readLoop reads packets until there are no more, or serve wants no more.
func (c *conn) readLoop() {
	defer close(c.drained)
	for {
		control, err := readPacket(c.reader, maxPacket)
		select {
		case c.in <- packet{control, err}:
		case <-c.stopped:
			return
		}
		if err != nil {
			return
		}
	}
}

// run serves the connected client until the connection must end, and says
// why.
func (c *conn) run() *stop {
	silence := time.NewTimer(c.keepAlive)
	defer silence.Stop()
	expiry := time.NewTimer(c.expires.Add(c.hub.opts.DropGrace).Sub(c.hub.opts.Now()))
	defer expiry.Stop()
	c.unlock = time.NewTimer(c.hub.opts.LockTime)
	defer c.unlock.Stop()
	err := c.deliver()
	for err == nil {
		select {
		case <-c.killed:
			err = &stop{reason: c.killedBy}
		case <-silence.C:
			err = &stop{ReasonKeepAlive, "nothing heard for " + c.keepAlive.String()}
		case <-expiry.C:
			err = &stop{ReasonTokenExpired, "token expired at " + c.expires.UTC().Format(time.RFC3339)}
		case <-c.unlock.C:
			err = c.deliver()
		case <-c.wake:
			err = c.deliver()
		case p := <-c.in:
			silence.Reset(c.keepAlive)
			err = c.handle(p)
		}
	}
	return c.end(err)
}

// end is why the connection ends with err. A connection that was killed fails
// at reading too, and perhaps first.
func (c *conn) end(err error) *stop {
	var s *stop
	select {
	case <-c.killed:
		if !errors.As(err, &s) {
			return &stop{reason: c.killedBy}
		}
	default:
	}
	return asStop(err)
}

// asStop names the reason of an error.
func asStop(err error) *stop {
	var s *stop
	var bad malformed
	switch {
	case errors.As(err, &s):
		return s
	case errors.Is(err, errPacketSize):
		return &stop{ReasonTooLarge, err.Error()}
	case errors.As(err, &bad), errors.Is(err, errLevel):
		return &stop{ReasonProtocolError, err.Error()}
	case errors.Is(err, io.EOF):
		return &stop{ReasonConnectionLost, "closed without DISCONNECT"}
	}
	return &stop{ReasonConnectionLost, err.Error()}
}

// handle serves one packet.
func (c *conn) handle(p packet) error {
	if p.err != nil {
		return p.err
	}
	if f, ok := c.hub.faults.take(c.device.id, FaultKind.atPacket); ok {
		if err := c.pause(f.Delay); err != nil {
			return err
		}
	}
	switch p := p.control.(type) {
	case *packets.PublishPacket:
		return c.publish(p)
	case *packets.PubackPacket:
		return c.complete(p.MessageID)
	case *packets.SubscribePacket:
		return c.subscribe(p)
	case *packets.UnsubscribePacket:
		return c.unsubscribe(p)
	case *packets.PingreqPacket:
		return c.write(packets.NewControlPacket(packets.Pingresp))
	case *packets.DisconnectPacket:
		return &stop{reason: ReasonClientDisconnect}
	}
	return &stop{ReasonProtocolError, packetName(p.control) + " from a client"}
}

// write sends p.
func (c *conn) write(p packets.ControlPacket) error {
	select {
	case <-c.killed: // its deadline must stay
		return &stop{reason: c.killedBy}
	default:
	}
	_ = c.raw.SetWriteDeadline(time.Now().Add(writeTimeout))
	return p.Write(c.stream)
}

// pause waits for d, or until the connection must end.
func (c *conn) pause(d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-c.killed:
		return &stop{reason: c.killedBy}
	}
}
