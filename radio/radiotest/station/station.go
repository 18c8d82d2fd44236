package station

import (
	"crypto/tls"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"gatewayd/radio"
	"gatewayd/radio/radiotest"
)

// Options are the properties of a simulated gateway. Server is required.
type Options struct {
	Server     string        // tc.uri: ws://host:port or wss://host:port
	Gateway    radio.EUI64   // 00AA11BB22CC33DD if zero
	Model      string        // "linux" if empty
	Features   string        // words, such as "prod"
	StartCount int64         // microseconds of xtime when the radio starts; 1000000 if zero
	RCtx       int64         // antenna
	TLS        *tls.Config   // nil: the system's
	Token      string        // sent as Authorization
	Retry      time.Duration // after a lost or refused connection; 1 s if zero
}

// Stats counts connections, messages, and the frames put on air.
type Stats struct {
	Discoveries, Connects, Configs, Downlinks, Emissions uint64
	LastError                                            string // why the latest connection failed or ended
}

// Station is a simulated gateway. All its methods are safe for concurrent
// use.
type Station struct {
	o      Options
	air    *air
	synced chan int64

	mu         sync.Mutex // guards the rest
	stop       chan struct{}
	running    sync.WaitGroup
	line       *line // nil while not connected
	config     *config
	ready      chan struct{}
	refuse     int // how many dnmsg to drop
	violations []string
	stats      Stats
}

// New starts a gateway, which connects as soon as it can.
func New(o Options) (*Station, error) {
	if o.Gateway.IsZero() {
		o.Gateway = radio.EUI64{0x00, 0xaa, 0x11, 0xbb, 0x22, 0xcc, 0x33, 0xdd}
	}
	if o.Model == "" {
		o.Model = "linux"
	}
	if o.StartCount == 0 {
		o.StartCount = 1_000_000
	}
	if o.Retry == 0 {
		o.Retry = time.Second
	}
	s := &Station{o: o, air: newAir(), ready: make(chan struct{}), synced: make(chan int64, 16)}
	if err := s.Replug(); err != nil {
		return nil, err
	}
	return s, nil
}

// Gateway is its EUI.
func (s *Station) Gateway() radio.EUI64 { return s.o.Gateway }

// XTime is its time, 0 while the radio is off.
func (s *Station) XTime() int64 { return s.air.xtime() }

// Emissions gets each frame sent, at the moment its preamble starts. The
// channel is never closed.
func (s *Station) Emissions() <-chan radiotest.Emission { return s.air.emissions }

// Synced gets the GPS time, in microseconds, of each answer to TimeSync.
func (s *Station) Synced() <-chan int64 { return s.synced }

// Ready returns a channel that is closed once the radio runs. A lost
// connection makes a new one.
func (s *Station) Ready() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ready
}

func (s *Station) current() *config {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.config
}

// Refuse lets the next downlink be dropped, as for a duty cycle. Several calls
// add up.
func (s *Station) Refuse() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refuse++
}

// Unplug cuts the network cable.
func (s *Station) Unplug() {
	s.mu.Lock()
	if s.stop != nil {
		close(s.stop)
		s.stop = nil
	}
	if s.line != nil {
		s.line.close()
	}
	s.mu.Unlock()
	s.running.Wait()
}

// errPlugged is what Replug says of a gateway that has its cable.
var errPlugged = errors.New("the simulated gateway is plugged in already")

// Replug plugs the cable in again.
func (s *Station) Replug() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stop != nil {
		return errPlugged
	}
	stop := make(chan struct{})
	s.stop = stop
	s.running.Go(func() { s.run(stop) })
	return nil
}

// Restart switches the gateway off and on.
func (s *Station) Restart() error {
	s.Unplug()
	return s.Replug()
}

// Close switches the gateway off.
func (s *Station) Close() error {
	s.Unplug()
	return nil
}

// Violations lists what the server did against the protocol, each text once.
func (s *Station) Violations() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.violations)
}

func (s *Station) violate(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Contains(s.violations, text) {
		s.violations = append(s.violations, text)
	}
}

// Stats returns the counters since New.
func (s *Station) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.stats
	st.Emissions = s.air.count()
	return st
}

// change alters what mu guards.
func (s *Station) change(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}
