package concentratord

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"gatewayd/radio"
	"gatewayd/radio/radiotest"
	"gatewayd/radio/radiotest/forwarder/jit"
)

// Options are the properties of a simulated Concentratord. The zero value is
// one of today with its sockets in a new directory.
type Options struct {
	EventURL, CommandURL string      // ipc:///path or tcp://host:port; ipc in a directory of its own if empty
	Gateway              radio.EUI64 // 0016C001FF10D3F6 if zero
	StartCount           uint32      // the microsecond counter at the first start
	Before45             bool        // speaks the dialect of 4.0 to 4.4
	Context              []byte      // of every frame, as of a relay; the counter if nil
	Range                [2]uint32   // Hz: what it may send in; anything if zero
}

// Concentratord is a simulated Concentratord with a concentrator. All its
// methods are safe for concurrent use.
type Concentratord struct {
	o     Options
	dir   string
	queue *jit.Queue
	wg    sync.WaitGroup

	mu         sync.Mutex // guards the rest
	listeners  []net.Listener
	peers      map[*peer]bool // true: a subscriber that has subscribed
	plugs      int            // counts starts, so that late connections are not taken over
	known      bool           // the gateway id was asked for since the start
	ready      chan struct{}
	refusals   []uint64
	silent     int // commands still to be left without a reply
	violations []string
}

// New starts Concentratord.
func New(o Options) (*Concentratord, error) {
	if o.Gateway.IsZero() {
		o.Gateway = radio.EUI64{0x00, 0x16, 0xc0, 0x01, 0xff, 0x10, 0xd3, 0xf6}
	}
	dir, err := os.MkdirTemp("", "concentratord-")
	if err != nil {
		return nil, err
	}
	if o.EventURL == "" {
		o.EventURL = "ipc://" + filepath.Join(dir, "event")
	}
	if o.CommandURL == "" {
		o.CommandURL = "ipc://" + filepath.Join(dir, "command")
	}
	c := &Concentratord{o: o, dir: dir, queue: jit.New(o.StartCount), ready: make(chan struct{}), peers: map[*peer]bool{}}
	if err := c.Replug(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return c, nil
}

// URLs are where its sockets are.
func (c *Concentratord) URLs() (event, command string) { return c.o.EventURL, c.o.CommandURL }

// Gateway is the gateway EUI.
func (c *Concentratord) Gateway() radio.EUI64 { return c.o.Gateway }

// Count is the concentrator's 32-bit microsecond counter.
func (c *Concentratord) Count() uint32 { return c.queue.Count() }

// Emissions gets each frame sent, at the moment its preamble starts. The
// channel is never closed.
func (c *Concentratord) Emissions() <-chan radiotest.Emission { return c.queue.Emissions() }

// Ready returns a channel that is closed once somebody has subscribed and
// asked for the gateway id. Unplug and Restart make a new one.
func (c *Concentratord) Ready() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ready
}

// Unplug ends Concentratord: its sockets are gone, and what was queued.
func (c *Concentratord) Unplug() {
	c.mu.Lock()
	c.plugs++
	for _, l := range c.listeners {
		_ = l.Close()
	}
	for p := range c.peers {
		_ = p.conn.Close()
	}
	c.listeners, c.known = nil, false
	clear(c.peers)
	c.renewReady()
	c.mu.Unlock()
	c.queue.Stop()
	c.wg.Wait()
}

// renewReady replaces a Ready channel that is closed. c.mu is held.
func (c *Concentratord) renewReady() {
	select {
	case <-c.ready:
		c.ready = make(chan struct{})
	default:
	}
}

// errPlugged is what Replug says of one that runs.
var errPlugged = errors.New("the simulated Concentratord runs already")

// Replug starts it again. Its counter runs on.
func (c *Concentratord) Replug() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.listeners != nil {
		return errPlugged
	}
	events, err := listen(c.o.EventURL)
	if err != nil {
		return err
	}
	commands, err := listen(c.o.CommandURL)
	if err != nil {
		return errors.Join(err, events.Close())
	}
	c.listeners = []net.Listener{events, commands}
	plug := c.plugs
	c.wg.Go(func() { c.welcome(events, "PUB", plug, c.subscriber) })
	c.wg.Go(func() { c.welcome(commands, "REP", plug, c.commander) })
	return nil
}

// Restart ends Concentratord and starts it again, with the concentrator's
// counter at count.
func (c *Concentratord) Restart(count uint32) error {
	c.Unplug()
	c.queue.Restart(count)
	return c.Replug()
}

// Close ends it for good.
func (c *Concentratord) Close() error {
	c.Unplug()
	return os.RemoveAll(c.dir)
}

// Refuse lets the next downlink be refused with that gw.TxAckStatus, e.g. 6
// for TX_FREQ. Several calls add up.
func (c *Concentratord) Refuse(status uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.refusals = append(c.refusals, status)
}

// FallSilent leaves the next commands without a reply.
func (c *Concentratord) FallSilent(commands int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.silent = commands
}

// Violations lists what clients did against the protocol, each text once.
func (c *Concentratord) Violations() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.violations)
}

func (c *Concentratord) violate(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	c.mu.Lock()
	defer c.mu.Unlock()
	if !slices.Contains(c.violations, text) {
		c.violations = append(c.violations, text)
	}
}

// listen opens a ZeroMQ URL.
func listen(url string) (net.Listener, error) {
	if path, ok := strings.CutPrefix(url, "ipc://"); ok {
		_ = os.Remove(path) // libzmq does the same
		return net.Listen("unix", path)
	}
	address, ok := strings.CutPrefix(url, "tcp://")
	if !ok {
		return nil, fmt.Errorf("%q is no ipc or tcp URL", url)
	}
	return net.Listen("tcp", address)
}

// welcome takes connections until the listener is closed.
func (c *Concentratord) welcome(l net.Listener, socketType string, plug int, serve func(*peer)) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		c.wg.Go(func() {
			defer func() { _ = conn.Close() }()
			c.guest(conn, socketType, plug, serve)
		})
	}
}

// guest serves one connection until it ends.
func (c *Concentratord) guest(conn net.Conn, socketType string, plug int, serve func(*peer)) {
	p := &peer{conn: conn}
	c.mu.Lock()
	if c.plugs != plug {
		c.mu.Unlock()
		return
	}
	c.peers[p] = false
	c.mu.Unlock()
	if met, err := accept(conn, socketType); err == nil {
		p.r = met.r
		serve(p)
	}
	c.mu.Lock()
	delete(c.peers, p)
	c.mu.Unlock()
}

// note keeps the Ready channel in step. c.mu is held.
func (c *Concentratord) note() {
	subscribed := false
	for _, s := range c.peers {
		subscribed = subscribed || s
	}
	if !subscribed || !c.known {
		return
	}
	select {
	case <-c.ready:
	default:
		close(c.ready)
	}
}

// subscriber takes what a SUB socket sends: subscriptions.
func (c *Concentratord) subscriber(p *peer) {
	for {
		m, err := p.message()
		if err != nil {
			return
		}
		if len(m) != 1 || string(m[0]) != "\x01" {
			c.violate("subscription %q", m)
			continue
		}
		c.mu.Lock()
		if _, here := c.peers[p]; here {
			c.peers[p] = true
		}
		c.note()
		c.mu.Unlock()
	}
}

// publish sends an event to whoever has subscribed; false if nobody has.
func (c *Concentratord) publish(name string, field int, message []byte) bool {
	frames := [][]byte{proto(nil).sub(field, message)}
	if c.o.Before45 {
		frames = [][]byte{[]byte(name), message}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	sent := false
	for p, subscribed := range c.peers {
		if subscribed && p.send(frames...) == nil {
			sent = true
		}
	}
	return sent
}
