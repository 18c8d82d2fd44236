package station

import (
	"errors"
	"net"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

const (
	// maxMessage is the longest message taken, in bytes: a frame of 255 bytes
	// is 800 in JSON.
	maxMessage = 16 << 10

	// maxUnsent is how many messages may wait for a slow connection.
	maxUnsent = 32

	// pingEvery is how often a station must show that it lives. Routers forget
	// idle connections after some minutes.
	pingEvery = 30 * time.Second

	// writeWithin is how long the network may take a message.
	writeWithin = 10 * time.Second
)

// errSilent ends a connection on which nothing comes, not even a pong.
var errSilent = errors.New("nothing heard for two pings")

// link is a station's WebSocket. One goroutine reads, another one writes.
type link struct {
	conn *websocket.Conn
	ping time.Duration
	out  chan []byte
	done chan struct{}
	once sync.Once
}

var _ post = (*link)(nil)

func newLink(conn *websocket.Conn, ping time.Duration) *link {
	l := &link{conn: conn, ping: ping, out: make(chan []byte, maxUnsent), done: make(chan struct{})}
	conn.SetReadLimit(maxMessage)
	conn.SetPongHandler(func(string) error { return l.alive() })
	return l
}

// send implements post.
func (l *link) send(b []byte) bool {
	select {
	case <-l.done:
		return false
	default:
	}
	select {
	case l.out <- b:
		return true
	default:
		return false
	}
}

// cut implements post.
func (l *link) cut() {
	l.once.Do(func() {
		close(l.done)
		_ = l.conn.Close()
	})
}

// alive moves the time at which the station counts as gone.
func (l *link) alive() error { return l.conn.SetReadDeadline(time.Now().Add(2*l.ping + l.ping/2)) }

// read hands each message to take until the connection ends, and says why.
func (l *link) read(take func(b []byte)) error {
	defer l.cut()
	for {
		if err := l.alive(); err != nil {
			return err
		}
		kind, b, err := l.conn.ReadMessage()
		if e, ok := errors.AsType[net.Error](err); ok && e.Timeout() {
			return errSilent
		}
		if err != nil {
			return err
		}
		if kind != websocket.TextMessage {
			b = []byte("{}") // the protocol has no binary ones: counted as unknown
		}
		take(b)
	}
}

// write sends what is queued, and pings, until the connection ends.
func (l *link) write() {
	defer l.cut()
	tick := time.NewTicker(l.ping)
	defer tick.Stop()
	for {
		kind, b := websocket.PingMessage, []byte(nil)
		select {
		case <-l.done:
			return
		case b = <-l.out:
			kind = websocket.TextMessage
		case <-tick.C:
		}
		if err := l.conn.SetWriteDeadline(time.Now().Add(writeWithin)); err != nil {
			return
		}
		if err := l.conn.WriteMessage(kind, b); err != nil {
			return
		}
	}
}
