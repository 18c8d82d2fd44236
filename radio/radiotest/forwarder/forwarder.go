package forwarder

import (
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"sync"
	"time"

	"gatewayd/radio"
	"gatewayd/radio/radiotest"
	"gatewayd/radio/radiotest/forwarder/jit"
)

// Identifiers of datagrams.
const (
	pushData = 0x00
	pushAck  = 0x01
	pullData = 0x02
	pullResp = 0x03
	pullAck  = 0x04
	txAck    = 0x05
)

// Options are the properties of a simulated gateway. Server is required.
type Options struct {
	Server     string        // host:port of the network server
	Gateway    radio.EUI64   // 00AA11BB22CC33DD if zero
	Version    byte          // of the protocol; 2 if zero
	StartCount uint32        // the microsecond counter at the first start
	KeepAlive  time.Duration // between two PULL_DATA; 5 s if zero
	Silent     bool          // never sends TX_ACK, as some do; version 1 never does
	Range      [2]uint32     // Hz: what it may send in; anything if zero
}

// Stats counts datagrams, and the frames put on air.
type Stats struct {
	PushAcks, PullAcks, PullResps, Emissions uint64
}

// Forwarder is a simulated gateway. All its methods are safe for concurrent
// use.
type Forwarder struct {
	o     Options
	queue *jit.Queue
	wg    sync.WaitGroup

	mu         sync.Mutex // guards the rest
	lines      *lines     // nil while unplugged
	ready      chan struct{}
	refusals   []string // bodies of the next TX_ACKs
	violations []string
	stats      Stats
	tokens     tokens // of PUSH_DATA and PULL_DATA on their way
}

// New starts a gateway.
func New(o Options) (*Forwarder, error) {
	if o.Gateway.IsZero() {
		o.Gateway = radio.EUI64{0x00, 0xaa, 0x11, 0xbb, 0x22, 0xcc, 0x33, 0xdd}
	}
	if o.Version == 0 {
		o.Version = 2
	}
	if o.KeepAlive == 0 {
		o.KeepAlive = 5 * time.Second
	}
	f := &Forwarder{o: o, queue: jit.New(o.StartCount), ready: make(chan struct{})}
	if err := f.Replug(); err != nil {
		return nil, err
	}
	return f, nil
}

// Gateway is its EUI.
func (f *Forwarder) Gateway() radio.EUI64 { return f.o.Gateway }

// Count is the concentrator's 32-bit microsecond counter.
func (f *Forwarder) Count() uint32 { return f.queue.Count() }

// Emissions gets each frame sent, at the moment its preamble starts. The
// channel is never closed.
func (f *Forwarder) Emissions() <-chan radiotest.Emission { return f.queue.Emissions() }

// Ready returns a channel that is closed once the server has answered a
// PULL_DATA: downlinks have a way. Unplug, Restart and Rebind make a new one.
func (f *Forwarder) Ready() <-chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.ready
}

// Unplug cuts the network cable. The concentrator runs on.
func (f *Forwarder) Unplug() {
	f.mu.Lock()
	l := f.lines
	f.lines = nil
	if l != nil {
		f.ready = make(chan struct{})
	}
	f.mu.Unlock()
	if l != nil {
		l.close()
	}
	f.wg.Wait()
}

// errPlugged is what Replug says of a gateway that has its cable.
var errPlugged = errors.New("the simulated gateway is plugged in already")

// Replug plugs the cable in again; datagrams come from new ports.
func (f *Forwarder) Replug() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.lines != nil {
		return errPlugged
	}
	l, err := dial(f.o.Server)
	if err != nil {
		return err
	}
	f.lines = l
	f.wg.Go(func() { f.listen(l.up, l) })
	f.wg.Go(func() { f.listen(l.down, l) })
	f.wg.Go(func() { f.keepAlive(l) })
	return nil
}

// Rebind is a router that gives the gateway new ports.
func (f *Forwarder) Rebind() error {
	f.Unplug()
	return f.Replug()
}

// Restart switches the gateway off and on: its counter begins anew at count,
// and what was queued is gone.
func (f *Forwarder) Restart(count uint32) error {
	f.Unplug()
	f.queue.Restart(count)
	return f.Replug()
}

// Close switches the gateway off.
func (f *Forwarder) Close() error {
	f.Unplug()
	f.queue.Stop()
	return nil
}

// Refuse lets the next downlink be refused with that word, e.g. "TX_FREQ".
// Several calls add up.
func (f *Forwarder) Refuse(reason string) { f.answer(`{"txpk_ack":{"error":"` + reason + `"}}`) }

// Warn lets the next downlink be sent with less power than it asks for.
func (f *Forwarder) Warn(power int8) {
	f.answer(fmt.Sprintf(`{"txpk_ack":{"warn":"TX_POWER","value":%d}}`, power))
}

func (f *Forwarder) answer(body string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.refusals = append(f.refusals, body)
}

// Violations lists what the server did against the protocol, each text once.
func (f *Forwarder) Violations() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.violations)
}

func (f *Forwarder) violate(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	f.mu.Lock()
	defer f.mu.Unlock()
	if !slices.Contains(f.violations, text) {
		f.violations = append(f.violations, text)
	}
}

// Stats returns the counters since New.
func (f *Forwarder) Stats() Stats {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.stats
	s.Emissions = f.queue.Sent()
	return s
}

// lines are the gateway's two sockets.
type lines struct {
	up, down net.Conn
	done     chan struct{} // closed by close
}

func dial(server string) (*lines, error) {
	up, err := net.Dial("udp", server)
	if err != nil {
		return nil, err
	}
	down, err := net.Dial("udp", server)
	if err != nil {
		return nil, errors.Join(err, up.Close())
	}
	return &lines{up: up, down: down, done: make(chan struct{})}, nil
}

func (l *lines) close() {
	close(l.done)
	_ = l.up.Close()
	_ = l.down.Close()
}

// datagram is one that the gateway sends.
func (f *Forwarder) datagram(kind byte, token uint16, body string) []byte {
	b := []byte{f.o.Version, byte(token >> 8), byte(token), kind}
	return append(append(b, f.o.Gateway[:]...), body...)
}

// request sends a datagram that the server acknowledges.
func (f *Forwarder) request(conn net.Conn, kind byte, body string) error {
	token := uint16(rand.N(0x10000))
	f.mu.Lock()
	f.tokens.send(token)
	f.mu.Unlock()
	_, err := conn.Write(f.datagram(kind, token, body))
	return err
}

// keepAlive pulls until the lines are cut.
func (f *Forwarder) keepAlive(l *lines) {
	tick := time.NewTicker(f.o.KeepAlive)
	defer tick.Stop()
	for {
		_ = f.request(l.down, pullData, "") // nobody there: the next one may arrive
		select {
		case <-l.done:
			return
		case <-tick.C:
		}
	}
}

// listen takes what the server sends to one socket.
func (f *Forwarder) listen(conn net.Conn, l *lines) {
	buf := make([]byte, 4096)
	for {
		n, err := conn.Read(buf)
		select {
		case <-l.done:
			return
		default:
		}
		if err != nil {
			continue // the port is closed at the other end, for now
		}
		f.received(buf[:n], conn, l)
	}
}

// received deals with a datagram of the server.
func (f *Forwarder) received(b []byte, conn net.Conn, l *lines) {
	if len(b) < 4 || b[0] != f.o.Version {
		f.violate("datagram %s is not of version %d", hex.EncodeToString(b[:min(len(b), 8)]), f.o.Version)
		return
	}
	token := uint16(b[1])<<8 | uint16(b[2])
	switch kind := b[3]; {
	case (kind == pushAck && conn == l.up || kind == pullAck && conn == l.down) && len(b) == 4:
		f.acknowledged(kind, token)
	case kind == pullResp && conn == l.down:
		f.downlink(b[4:], token, conn)
	default:
		f.violate("datagram of type %d and %d bytes to the wrong socket, or of the wrong length", kind, len(b))
	}
}

// acknowledged takes a PUSH_ACK or PULL_ACK.
func (f *Forwarder) acknowledged(kind byte, token uint16) {
	f.mu.Lock()
	known := f.tokens.acknowledge(token)
	if kind == pushAck {
		f.stats.PushAcks++
	} else {
		f.stats.PullAcks++
		select {
		case <-f.ready:
		default:
			close(f.ready)
		}
	}
	f.mu.Unlock()
	if !known {
		f.violate("acknowledgement of type %d with a token that was never sent", kind)
	}
}
