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
	if c.drained != nil {
		_ = c.raw.SetReadDeadline(time.Unix(1, 0))
		<-c.drained
	}
	_ = c.raw.SetWriteDeadline(time.Now().Add(killTimeout))
	halfClose(c.stream)
	c.drain()
	_ = c.raw.Close()
}

// drain reads until the client closes too, or linger is over.
func (c *conn) drain() {
	select {
	case <-c.killed:
		if c.killedBy == ReasonShutdown {
			return
		}
	default:
	}
	_ = c.raw.SetReadDeadline(time.Now().Add(linger))
	_, _ = io.Copy(io.Discard, c.raw)
}

// reset closes the connection with a TCP RST.
func (c *conn) reset() {
	if t, ok := c.raw.(*net.TCPConn); ok {
		_ = t.SetLinger(0)
	}
	_ = c.raw.Close()
}
