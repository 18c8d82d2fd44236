package concentratord

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"strings"
	"syscall"
	"time"

	"github.com/go-zeromq/zmq4"
	"github.com/go-zeromq/zmq4/security/null"
)

// handshake is how long a peer may take to greet.
const handshake = 5 * time.Second

var (
	errURL   = errors.New("want ipc:///path or tcp://host:port")
	errGreet = errors.New("the peer's greeting is broken: is this Concentratord's socket?")
	errReply = errors.New("the reply has no delimiter")

	// errNobody is a socket that nobody listens on.
	errNobody = errors.New("nobody listens: does Concentratord run, and is this its URL ([concentratord.api] in its configuration)?")
	// errGone is the end of a connection that had worked.
	errGone = errors.New("connection closed by Concentratord")
)

// splitURL is the network and the address of a ZeroMQ URL.
func splitURL(url string) (network, address string, err error) {
	if path, ok := strings.CutPrefix(url, "ipc://"); ok && path != "" {
		return "unix", path, nil
	}
	if hostPort, ok := strings.CutPrefix(url, "tcp://"); ok {
		if _, _, err := net.SplitHostPort(hostPort); err == nil {
			return "tcp", hostPort, nil
		}
	}
	return "", "", errURL
}

// link is a ZeroMQ connection. One reader and one writer may use it at the
// same time.
type link struct {
	conn net.Conn
	zmtp *zmq4.Conn
}

// dial connects to url as a socket of that kind.
func dial(ctx context.Context, url string, kind zmq4.SocketType) (*link, error) {
	network, address, err := splitURL(url)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", url, err)
	}
	ctx, cancel := context.WithTimeout(ctx, handshake)
	defer cancel()
	var d net.Dialer
	conn, err := d.DialContext(ctx, network, address)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", url, dialHint(err))
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() }) // a silent peer must not hold us up
	zmtp, err := greet(conn, kind)
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("%s: %w", url, err)
	}
	return &link{conn: conn, zmtp: zmtp}, nil
}

// greet does the handshake. The library panics on metadata that are cut off.
func greet(conn net.Conn, kind zmq4.SocketType) (z *zmq4.Conn, err error) {
	defer func() {
		if recover() != nil {
			z, err = nil, errGreet
		}
	}()
	return zmq4.Open(&guard{Conn: conn}, null.Security(), kind, zmq4.SocketIdentity(""), false, nil)
}

// dialHint says what to do about err where that is known.
func dialHint(err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
		return errNobody
	case errors.Is(err, fs.ErrPermission):
		return errors.New("permission denied: give gatewayd's user access to Concentratord's sockets")
	default:
		return err
	}
}

func (l *link) close() { _ = l.conn.Close() }

// receive is the next message.
func (l *link) receive() ([][]byte, error) {
	for {
		m, err := l.zmtp.RecvMsg()
		if err != nil {
			return nil, err
		}
		if m.Type != zmq4.CmdMsg { // the library answers pings
			return m.Frames, nil
		}
	}
}

// subscribe asks a PUB socket for everything.
func (l *link) subscribe() error { return l.zmtp.SendMsg(zmq4.NewMsg([]byte{1})) }

// request sends frames to a REP socket and returns the body of its reply. A
// link on which one has failed is of no more use.
func (l *link) request(frames [][]byte, deadline time.Time) ([]byte, error) {
	if err := l.conn.SetDeadline(deadline); err != nil {
		return nil, err
	}
	if err := l.zmtp.SendMsg(zmq4.NewMsgFrom(append([][]byte{nil}, frames...)...)); err != nil {
		return nil, err
	}
	reply, err := l.receive()
	if err != nil {
		return nil, err
	}
	if len(reply) < 2 || len(reply[0]) != 0 {
		return nil, errReply
	}
	return reply[1], nil
}
