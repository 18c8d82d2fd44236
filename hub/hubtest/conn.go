package hubtest

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
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
	// readBuffer is for the small reads of packet headers; bodies go around
	// it, and TLS has a buffer of its own.
	readBuffer = 128
)

// conn is one client's connection, over which MQTT packets go. One goroutine
// reads; any may write or kill.
type conn struct {
	line   *line    // TCP
	stream net.Conn // carries MQTT: TLS over line
	secure *tls.Conn
	reader *bufio.Reader

	writing sync.Mutex // one packet at a time

	mu       sync.Mutex    // guards what follows, and the deadlines of line
	killed   chan struct{} // closed when the connection must end
	killedBy Reason        // "" while it lives
}

// stop is the end of a connection, as an error.
type stop struct {
	reason Reason
	detail string
}

func (s *stop) Error() string { return string(s.reason) + ": " + s.detail }

func newConn(raw net.Conn) *conn {
	gone := make(chan struct{})
	l := &line{Conn: raw, gone: gone}
	return &conn{line: l, stream: l, killed: gone}
}

// handshake puts TLS on the connection.
func (c *conn) handshake(config *tls.Config) error {
	c.secure = tls.Server(c.line, config)
	c.stream = c.secure
	if err := c.secure.Handshake(); err != nil {
		return &stop{ReasonTLSHandshake, err.Error()}
	}
	return nil
}

// certificates is the chain that the client sent, its own first.
func (c *conn) certificates() []*x509.Certificate {
	if c.secure == nil {
		return nil
	}
	return c.secure.ConnectionState().PeerCertificates
}

// kill ends the connection for why, or hurries its end.
func (c *conn) kill(why Reason) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.killedBy == "" {
		c.killedBy = why
		close(c.killed)
	}
	_ = c.line.SetReadDeadline(time.Unix(1, 0))
	_ = c.line.SetWriteDeadline(time.Now().Add(killTimeout))
}

// ended says why the connection was killed, or "".
func (c *conn) ended() Reason {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.killedBy
}

// read reads one packet.
func (c *conn) read() (packets.ControlPacket, error) {
	if c.reader == nil {
		c.reader = bufio.NewReaderSize(c.stream, readBuffer)
	}
	p, err := readPacket(c.reader, maxPacket)
	if why := c.ended(); err != nil && why != "" {
		return nil, &stop{reason: why} // whatever failed, failed because of that
	}
	return p, err
}

// readUntil is when reading ends; the zero time is never.
func (c *conn) readUntil(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.killedBy == "" { // its deadline must stay
		_ = c.line.SetReadDeadline(t)
	}
}

// write sends p.
func (c *conn) write(p packets.ControlPacket) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	return c.writeLocked(p)
}

// writeLocked sends p for a caller that holds c.writing.
func (c *conn) writeLocked(p packets.ControlPacket) error {
	if why := c.writeFor(writeTimeout + c.line.time(packetSize(p))); why != "" {
		return &stop{reason: why}
	}
	return p.Write(c.stream)
}

// writeFor gives the next write a limit, or says why there is to be none.
func (c *conn) writeFor(d time.Duration) Reason {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.killedBy == "" {
		_ = c.line.SetWriteDeadline(time.Now().Add(d))
	}
	return c.killedBy
}

// packetSize is about how long p is on the wire, in bytes.
func packetSize(p packets.ControlPacket) int {
	if p, ok := p.(*packets.PublishPacket); ok {
		return len(p.Payload) + len(p.TopicName)
	}
	return 4
}

func (c *conn) connack(code byte, present bool) error {
	p := packets.NewControlPacket(packets.Connack).(*packets.ConnackPacket)
	p.ReturnCode, p.SessionPresent = code, present
	return c.write(p)
}

func (c *conn) puback(p *packets.PublishPacket) error {
	if p.Qos == 0 {
		return nil
	}
	ack := packets.NewControlPacket(packets.Puback).(*packets.PubackPacket)
	ack.MessageID = p.MessageID
	return c.write(ack)
}

// publish sends body to the client with QoS 0.
func (c *conn) publish(topic string, body []byte) error {
	return c.write(publishPacketTo(topic, body))
}

func publishPacketTo(topic string, body []byte) *packets.PublishPacket {
	p := packets.NewControlPacket(packets.Publish).(*packets.PublishPacket)
	p.TopicName, p.Payload = topic, body
	return p
}

// pause waits for d, or until the connection must end.
func (c *conn) pause(d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-c.killed:
		return &stop{reason: c.ended()}
	}
}

// isTimeout reports whether a deadline has passed. The WebSocket library hides
// which error it was.
func isTimeout(err error) bool {
	var n net.Error
	return errors.As(err, &n) && n.Timeout()
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
