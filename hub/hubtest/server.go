package hubtest

import (
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"go.uber.org/zap"
)

// server accepts connections and serves each in one goroutine.
type server struct {
	log     *zap.Logger
	timeout time.Duration // from TCP connect to MQTT CONNECT
	// speak serves MQTT on an open connection until it must end.
	speak func(*conn)
	// failed is told of a connection that could not be opened.
	failed func(*conn, *stop)

	running sync.WaitGroup // listeners, connections, and what sends to them

	mu        sync.Mutex // guards what follows
	conns     map[*conn]struct{}
	listeners []net.Listener
	closed    bool
}

// errClosed is returned when a closed emulator is told to listen.
var errClosed = errors.New("the emulator is closed")

// opener makes an MQTT stream of a connection.
type opener func(*conn) error

// listen serves addr, "host:port", and returns where: port 0 picks one.
func (s *server) listen(addr string, open opener) (string, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return "", fmt.Errorf("emulator: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return "", errors.Join(errClosed, l.Close())
	}
	s.listeners = append(s.listeners, l)
	s.running.Go(func() { s.accept(l, open) })
	return l.Addr().String(), nil
}

// addr is the first address listened at, or "".
func (s *server) addr() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.listeners) == 0 {
		return ""
	}
	return s.listeners[0].Addr().String()
}

// close closes every connection and waits until no goroutine is left.
func (s *server) close() error {
	s.mu.Lock()
	s.closed = true
	var err error
	for _, l := range s.listeners {
		if e := l.Close(); !errors.Is(e, net.ErrClosed) {
			err = errors.Join(err, e)
		}
	}
	for c := range s.conns {
		c.kill(ReasonShutdown)
	}
	s.mu.Unlock()
	s.running.Wait()
	return err
}

// acceptPause is how long accept waits when the process is out of file
// descriptors.
const acceptPause = 50 * time.Millisecond

// accept owns l.
func (s *server) accept(l net.Listener, open opener) {
	for {
		raw, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			s.log.Warn("emulator cannot accept a connection: raise the limit of open files (ulimit -n)", zap.Error(err))
			<-time.After(acceptPause)
			continue
		}
		s.start(raw, open)
	}
}

// start serves raw in a goroutine of its own.
func (s *server) start(raw net.Conn, open opener) {
	c := newConn(raw)
	// Before anyone can kill c: kill moves this deadline, and must win.
	_ = raw.SetDeadline(time.Now().Add(s.timeout))
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		_ = raw.Close()
		return
	}
	s.conns[c] = struct{}{}
	s.running.Go(func() {
		s.serve(c, open)
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.conns, c)
	})
}

// serve is the life of a connection.
func (s *server) serve(c *conn, open opener) {
	defer c.shut()
	if err := open(c); err != nil {
		s.failed(c, asStop(err))
		return
	}
	s.speak(c)
}

// each calls f for every connection.
func (s *server) each(f func(*conn)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		f(c)
	}
}
