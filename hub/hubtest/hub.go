package hubtest

import (
	"crypto/tls"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
)

// Hub is an IoT Hub. New makes one, Listen starts it, Close ends it. All its
// methods may be called from any goroutine.
type Hub struct {
	opts     Options
	ca       *authority
	tls      *tls.Config
	server   *server
	journal  *journal
	faults   faultList
	throttle *throttles
	meter    *meter
	feedback feedbackQueue
	trusted  trustedCAs
	jumped   atomic.Int64 // nanoseconds that the clock was moved by

	mu      sync.Mutex         // guards what follows
	devices map[string]*device // by name: device, or device/module
}

// New makes a hub with a certificate authority of its own. It listens to
// nothing yet.
func New(o Options) (*Hub, error) {
	o = o.withDefaults()
	if err := o.check(); err != nil {
		return nil, err
	}
	names := append([]string{o.Hostname, dpsHost, "localhost", "127.0.0.1", "::1"}, o.Names...)
	ca, err := newAuthority(names)
	if err != nil {
		return nil, err
	}
	h := &Hub{
		opts: o, ca: ca, tls: ca.serverTLS(o.Quirks), journal: newJournal(o),
		throttle: newThrottles(o), meter: newMeter(o), devices: map[string]*device{},
	}
	h.server = &server{
		log: o.Log, timeout: o.ConnectTimeout, speak: h.speak, failed: h.failed, conns: map[*conn]struct{}{},
	}
	return h, nil
}

// Listen starts serving MQTT over TLS at addr, "host:port"; port 0 picks one.
// It may be called for several addresses.
func (h *Hub) Listen(addr string) error {
	_, err := h.server.listen(addr, func(c *conn) error { return c.handshake(h.tls) })
	return err
}

// ListenWebSocket starts serving MQTT over secure WebSocket at addr,
// "host:port", path "/$iothub/websocket", any query; port 0 picks one. It
// returns the address it listens at. The real hub's port is 443.
func (h *Hub) ListenWebSocket(addr string) (string, error) {
	return h.server.listen(addr, func(c *conn) error { return c.openWebSocket(h.tls) })
}

// Addr is the first address the hub listens at, "host:port", or "" before
// Listen.
func (h *Hub) Addr() string { return h.server.addr() }

// Close closes every connection and waits until no goroutine of the hub is
// left. What was recorded can still be read.
func (h *Hub) Close() error { return h.server.close() }

// now is the hub's time.
func (h *Hub) now() time.Time { return h.opts.Now().Add(time.Duration(h.jumped.Load())) }

// JumpClock moves the hub's clock by d, forwards or backwards: tokens and
// messages expire, or are valid again.
func (h *Hub) JumpClock(d time.Duration) {
	h.jumped.Add(int64(d))
	for _, dev := range h.all() {
		dev.mu.Lock()
		if dev.session != nil {
			dev.session.watch()
		}
		dev.mu.Unlock()
	}
}

// failed records a connection that could not be opened.
func (h *Hub) failed(_ *conn, why *stop) {
	_ = h.emit(Event{Kind: EventRefused, Reason: why.reason, Detail: why.detail})
}

// emit records e, stamped with the time. An error means that it was not
// recorded.
func (h *Hub) emit(e Event) error {
	e.At = h.now()
	err := h.journal.add(e)
	if err != nil {
		h.opts.Log.Error("hub emulator cannot record an event: see the file given to it",
			zap.String("event", string(e.Kind)), zap.String("device", e.Device), zap.Error(err))
	}
	return err
}
