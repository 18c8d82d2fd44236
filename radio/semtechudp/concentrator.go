package semtechudp

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"
	"golang.org/x/time/rate"

	"gatewayd/radio"
	"gatewayd/radio/forwarded"
)

// DefaultListen is the protocol's usual port, for forwarders on this machine.
const DefaultListen = "127.0.0.1:1700"

// Delays between two attempts to open the port.
const (
	minRetry = time.Second
	maxRetry = 30 * time.Second
)

// Options configure a Concentrator. Name is required.
type Options struct {
	Name   string // comes back in Uplink.Concentrator and TxResult.Concentrator
	Listen string // host:port; empty: DefaultListen
	// AllowedGateways are the only ones listened to; empty: all, which is
	// for trusted networks only.
	AllowedGateways []radio.EUI64

	Log   *zap.Logger     // nil: no log
	Clock forwarded.Clock // nil: the system's
}

// Concentrator is a server for packet forwarders. It implements
// radio.Concentrator: all of them are one, and Uplink.Gateway tells them
// apart.
type Concentrator struct {
	o     Options
	log   *zap.Logger
	clock forwarded.Clock
	wake  chan struct{} // one value when there is something to do; cap 1
	bind  func(ctx context.Context, address string) (socket, error)

	mu      sync.Mutex // guards the rest
	sock    socket     // nil unless listening
	table   table
	stats   Stats
	talk    *rate.Limiter        // of what strangers can make us log
	strange map[radio.EUI64]bool // refused, and that has been said
}

var _ radio.Concentrator = (*Concentrator)(nil)

// New checks o. It does no I/O.
func New(o Options) (*Concentrator, error) {
	if o.Listen == "" {
		o.Listen = DefaultListen
	}
	if _, _, err := net.SplitHostPort(o.Listen); err != nil {
		return nil, fmt.Errorf("concentrator %q: listen %q: want host:port, e.g. %s", o.Name, o.Listen, DefaultListen)
	}
	if len(o.AllowedGateways) > maxGateways {
		return nil, fmt.Errorf("concentrator %q: %d allowed gateways, at most %d on one port", o.Name, len(o.AllowedGateways), maxGateways)
	}
	if slices.ContainsFunc(o.AllowedGateways, radio.EUI64.IsZero) {
		return nil, fmt.Errorf("concentrator %q: an allowed gateway has an EUI of zeros", o.Name)
	}
	if o.Log == nil {
		o.Log = zap.NewNop()
	}
	if o.Clock == nil {
		o.Clock = forwarded.SystemClock{}
	}
	c := &Concentrator{
		o:     o,
		log:   o.Log.With(zap.String("concentrator", o.Name), zap.String("listen", o.Listen)),
		clock: o.Clock, wake: make(chan struct{}, 1), bind: bind,
		table: newTable(o.AllowedGateways), talk: rate.NewLimiter(rate.Every(6*time.Second), 10), strange: map[radio.EUI64]bool{},
	}
	c.enter("not started", c.clock.Now())
	return c, nil
}

// String is the name in the configuration.
func (c *Concentrator) String() string { return c.o.Name }

// Run implements radio.Concentrator. It returns nil; options that could not
// work were New's to refuse.
func (c *Concentrator) Run(ctx context.Context, up chan<- radio.Uplink, tx chan<- radio.TxResult) error {
	defer c.note("stopped", "")
	retry, said := minRetry, ""
	for ctx.Err() == nil {
		began := c.clock.Now()
		err := c.attend(ctx, up, tx)
		if ctx.Err() != nil {
			break
		}
		c.note("down", err.Error())
		if said != err.Error() {
			said = err.Error()
			c.log.Warn("not listening; trying again", zap.Error(err))
		}
		if c.clock.Now().Sub(began) > maxRetry {
			retry = minRetry
		}
		if forwarded.Wait(ctx, c.clock, retry/2+rand.N(retry)) != nil {
			break
		}
		retry = min(2*retry, maxRetry)
	}
	return nil
}

// note sets the state and, unless it is empty, the last error.
func (c *Concentrator) note(state, lastError string) {
	now := c.clock.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.enter(state, now)
	if lastError != "" {
		c.stats.LastError = lastError
	}
}
