package hubtest

import (
	"io"
	"net"
	"time"
)

// halfCloser can say that it will write no more: TLS with a close_notify, TCP
// with a FIN.
type halfCloser interface{ CloseWrite() error }

// wrapper is a connection over another.
type wrapper interface{ NetConn() net.Conn }

// halfClose ends the writing side of stream and of what it runs over.
func halfClose(stream net.Conn) {
	if w, ok := stream.(halfCloser); ok {
		_ = w.CloseWrite()
	}
	if w, ok := stream.(wrapper); ok {
		halfClose(w.NetConn())
	}
}

// shut closes the connection so that the client sees a FIN: it stops writing,
// and reads what the client still sends for a while. Closing at once would
// answer unread bytes with a reset, which clients report as an error.
func (c *conn) shut() {
	_ = c.line.SetWriteDeadline(time.Now().Add(killTimeout))
	halfClose(c.stream)
	c.drain()
	_ = c.line.Close()
}

// drain reads until the client closes too, or linger is over.
func (c *conn) drain() {
	if c.ended() == ReasonShutdown {
		return
	}
	_ = c.line.SetReadDeadline(time.Now().Add(linger))
	_, _ = io.Copy(io.Discard, c.line.Conn)
}
