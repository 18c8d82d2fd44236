package hub

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"sync"
	"time"
)

// writeTimeout bounds one write to the network, which is a TLS record or
// less. A peer that stops reading is found out by it.
const writeTimeout = 5 * time.Second

// errSilent is a connection that the library gave up: no PINGRESP came.
var errSilent = errors.New("no answer to PINGREQ")

// errAborted is a connection that was closed from this side.
var errAborted = errors.New("connection closed on this side")

// link is the network connection of one MQTT session, as the library sees it.
// It watches both directions: a PUBACK counts only when it answers a PUBLISH
// that was written on this very link, and the end of the link is known
// without asking the library, which keeps some ends to itself.
type link struct {
	*tls.Conn
	raw net.Conn

	acks chan uint16   // packet ids acknowledged; never more than are in flight
	down chan struct{} // closed by the first failure

	incoming scanner // owned by the goroutine that reads

	mu      sync.Mutex
	err     error // why down is closed
	connack int   // return code, -1 before it came
	sent    map[uint16]struct{}
}

// connect opens the network connection to address and the TLS session in it.
// When ctx ends first, nothing is left behind.
func connect(ctx context.Context, dial func(ctx context.Context, network, address string) (net.Conn, error), address string, config *tls.Config) (*link, error) {
	raw, err := dial(ctx, "tcp", address)
	if err != nil {
		return nil, &stepError{stepDial, err}
	}
	conn := tls.Client(timedConn{raw}, config)
	if err := conn.HandshakeContext(ctx); err != nil {
		_ = raw.Close() // the handshake's error says it all
		return nil, &stepError{stepTLS, err}
	}
	return newLink(conn, raw), nil
}

func newLink(conn *tls.Conn, raw net.Conn) *link {
	return &link{
		Conn:    conn,
		raw:     raw,
		acks:    make(chan uint16, maxInFlight),
		down:    make(chan struct{}),
		connack: -1,
		sent:    make(map[uint16]struct{}),
	}
}

// Read passes on what came, once the scanner has seen it.
func (l *link) Read(b []byte) (int, error) {
	n, err := l.Conn.Read(b)
	for _, c := range b[:n] {
		p, complete, violation := l.incoming.next(c)
		if violation != nil {
			l.fail(violation)
			return 0, violation
		}
		if complete {
			l.note(p)
		}
	}
	if err != nil {
		l.fail(err)
	}
	return n, err
}

// note keeps what a packet from the hub means.
func (l *link) note(p packet) {
	switch p.kind {
	case typeConnack:
		l.mu.Lock()
		l.connack = int(p.body[1])
		l.mu.Unlock()
	case typePuback:
		if l.settle(p.id()) {
			select {
			case l.acks <- p.id():
			case <-l.down:
			}
		}
	}
}

// settle reports whether id was in flight on this link, and forgets it.
func (l *link) settle(id uint16) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, ok := l.sent[id]
	delete(l.sent, id)
	return ok
}

// Write sends b, noting the id of a PUBLISH before its answer can come.
func (l *link) Write(b []byte) (int, error) {
	if id, ok := publishID(b); ok {
		l.mu.Lock()
		l.sent[id] = struct{}{}
		l.mu.Unlock()
	}
	n, err := l.Conn.Write(b)
	if err != nil {
		l.fail(err)
	}
	return n, err
}

// Close is called by the library: after DISCONNECT, after a failure, or when
// PINGRESP does not come.
func (l *link) Close() error {
	l.fail(errSilent)
	return l.Conn.Close()
}

// SetWriteDeadline does nothing: each write below has its own.
func (*link) SetWriteDeadline(time.Time) error { return nil }

// abort ends the link at once, without a word to the peer. It never blocks,
// and frees whoever waits in Read or Write.
func (l *link) abort() {
	l.fail(errAborted)
	_ = l.raw.Close() // nothing depends on how it ends
}

// fail keeps the first reason and closes down.
func (l *link) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err == nil {
		l.err = err
		close(l.down)
	}
}

// reason is why the link is down, nil while it is up.
func (l *link) reason() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

// greeting is the return code of CONNACK, -1 if none came.
func (l *link) greeting() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.connack
}

// timedConn gives each write its own time limit.
type timedConn struct{ net.Conn }

// Write fails when the peer does not make room in time.
func (c timedConn) Write(b []byte) (int, error) {
	if err := c.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return 0, err
	}
	return c.Conn.Write(b)
}
