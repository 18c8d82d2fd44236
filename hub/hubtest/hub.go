package hubtest

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"go.uber.org/zap"
)

// Hub is an IoT Hub. New makes one, Listen starts it, Close ends it. All its
// methods may be called from any goroutine.
type Hub struct {
	opts    Options
	ca      *authority
	tls     *tls.Config
	journal *journal
	faults  faultList

	running sync.WaitGroup // listeners and connections

	mu        sync.Mutex // guards what follows
	devices   map[string]*device
	conns     map[*conn]struct{}
	listeners []net.Listener
	closed    bool
}

// errClosed is returned when a closed hub is told to listen.
var errClosed = errors.New("the hub is closed")

// New makes a hub with a certificate authority of its own. It listens to
// nothing yet.
func New(o Options) (*Hub, error) {
	o = o.withDefaults()
	names := append([]string{o.Hostname, "localhost", "127.0.0.1", "::1"}, o.Names...)
	ca, err := newAuthority(names)
	if err != nil {
		return nil, err
	}
	return &Hub{
		opts: o, ca: ca, tls: ca.serverTLS(o.Quirks.TLS13), journal: newJournal(o),
		devices: map[string]*device{}, conns: map[*conn]struct{}{},
	}, nil
}

// Listen starts serving MQTT over TLS at addr, "host:port"; port 0 picks one.
// It may be called for several addresses.
func (h *Hub) Listen(addr string) error {
	_, err := h.listen(addr, func(c *conn) error { return c.handshake(h.tls) })
	return err
}

// listen serves addr and returns where; open makes an MQTT stream of each
// connection.
func (h *Hub) listen(addr string, open func(*conn) error) (string, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return "", fmt.Errorf("hub emulator: %w", err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return "", errors.Join(errClosed, l.Close())
	}
	h.listeners = append(h.listeners, l)
	h.running.Add(1)
	go h.accept(l, open)
	return l.Addr().String(), nil
}

// Addr is the first address the hub listens at, "host:port", or "" before
// Listen.
func (h *Hub) Addr() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.listeners) == 0 {
		return ""
	}
	return h.listeners[0].Addr().String()
}

// Close closes every connection and waits until no goroutine of the hub is
// left. What was recorded can still be read.
func (h *Hub) Close() error {
	h.mu.Lock()
	h.closed = true
	var err error
	for _, l := range h.listeners {
		if e := l.Close(); !errors.Is(e, net.ErrClosed) {
			err = errors.Join(err, e)
		}
	}
	for c := range h.conns {
		c.kill(ReasonShutdown)
	}
	h.mu.Unlock()
	h.running.Wait()
	return err
}

// acceptPause is how long accept waits when the process is out of file
// descriptors.
const acceptPause = 50 * time.Millisecond

// accept owns l.
func (h *Hub) accept(l net.Listener, open func(*conn) error) {
	defer h.running.Done()
	for {
		raw, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			h.opts.Log.Warn("hub emulator cannot accept a connection", zap.Error(err))
			<-time.After(acceptPause)
			continue
		}
		h.start(raw, open)
	}
}

// start serves raw in a goroutine of its own.
func (h *Hub) start(raw net.Conn, open func(*conn) error) {
	c := newConn(h, raw)
	// Before anyone can kill c: kill moves this deadline, and must win.
	_ = raw.SetDeadline(time.Now().Add(h.opts.ConnectTimeout))
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		_ = raw.Close()
		return
	}
	h.conns[c] = struct{}{}
	h.running.Add(1)
	go func() {
		defer h.running.Done()
		c.serve(open)
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.conns, c)
	}()
}

// emit records e, stamped with the time. An error means that it was not
// recorded.
func (h *Hub) emit(e Event) error {
	e.At = h.opts.Now()
	err := h.journal.add(e)
	if err != nil {
		h.opts.Log.Error("hub emulator cannot record an event: see the file given to it",
			zap.String("event", string(e.Kind)), zap.String("device", e.Device), zap.Error(err))
	}
	return err
}
