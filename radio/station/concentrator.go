package station

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

	"gatewayd/internal/secret"
	"gatewayd/radio"
	"gatewayd/radio/forwarded"
	"gatewayd/radio/station/lns"
)

// DefaultListen is for stations on this machine. 6090 is the port that the
// documentation of Basics Station uses.
const DefaultListen = "127.0.0.1:6090"

// Delays between two attempts to open the port.
const (
	minRetry = time.Second
	maxRetry = 30 * time.Second
)

// Options configure a Concentrator. Name and Plan are required.
type Options struct {
	Name   string   // comes back in Uplink.Concentrator and TxResult.Concentrator
	Listen string   // host:port; empty: DefaultListen
	Plan   lns.Plan // region and channels for every station
	// AllowedGateways are the only ones listened to; empty: all, which is for
	// trusted networks only, or where a Token or ClientCA keeps strangers out.
	AllowedGateways []radio.EUI64

	// TLSCert and TLSKey are PEM files; without them there is no TLS. With
	// ClientCA, another one, stations need a certificate from it. All are read
	// again for every connection: renewed ones need no restart.
	TLSCert, TLSKey, ClientCA string
	// Token is what stations must send as Authorization, with or without
	// "Bearer " in front; empty: anything.
	Token secret.Text

	Log   *zap.Logger     // nil: no log
	Clock forwarded.Clock // nil: the system's
	// TimeTrusted reports whether the time of day is known; nil: it is. No
	// station is told the time before.
	TimeTrusted func() bool
}

// Concentrator is a server for stations. It implements radio.Concentrator:
// all of them are one, and Uplink.Gateway tells them apart.
type Concentrator struct {
	o      Options
	log    *zap.Logger
	clock  forwarded.Clock
	wake   chan struct{} // one value when there is something to do; cap 1
	bind   func(ctx context.Context, address string) (net.Listener, error)
	pinged time.Duration // between two pings

	mu      sync.Mutex // guards the rest
	open    bool       // downlinks and stations are let in
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
	if err := o.check(); err != nil {
		return nil, fmt.Errorf("concentrator %q: %w", o.Name, err)
	}
	if o.Log == nil {
		o.Log = zap.NewNop()
	}
	if o.Clock == nil {
		o.Clock = forwarded.SystemClock{}
	}
	if o.TimeTrusted == nil {
		o.TimeTrusted = func() bool { return true }
	}
	c := &Concentrator{
		o:     o,
		log:   o.Log.With(zap.String("concentrator", o.Name), zap.String("listen", o.Listen)),
		clock: o.Clock, wake: make(chan struct{}, 1), bind: bind, pinged: pingEvery,
		table: newTable(o.AllowedGateways), talk: rate.NewLimiter(rate.Every(6*time.Second), 10), strange: map[radio.EUI64]bool{},
	}
	c.enter("not started", c.clock.Now())
	return c, nil
}

func (o *Options) check() error {
	switch _, _, err := net.SplitHostPort(o.Listen); {
	case err != nil:
		return fmt.Errorf("listen %q: want host:port, e.g. %s", o.Listen, DefaultListen)
	case len(o.AllowedGateways) > maxGateways:
		return fmt.Errorf("%d allowed gateways, at most %d on one port", len(o.AllowedGateways), maxGateways)
	case slices.ContainsFunc(o.AllowedGateways, radio.EUI64.IsZero):
		return fmt.Errorf("an allowed gateway has an EUI of zeros")
	case (o.TLSCert == "") != (o.TLSKey == ""):
		return fmt.Errorf("tls_cert and tls_key belong together: one is missing")
	case o.ClientCA != "" && o.TLSCert == "":
		return fmt.Errorf("client_ca needs tls_cert and tls_key: without TLS there are no certificates")
	}
	return o.Plan.Check()
}

// String is the name in the configuration.
func (c *Concentrator) String() string { return c.o.Name }

// Run implements radio.Concentrator. It returns nil; options that could not
// work were New's to refuse.
func (c *Concentrator) Run(ctx context.Context, up chan<- radio.Uplink, tx chan<- radio.TxResult) error {
	defer c.note("stopped", "")
	c.warn()
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

// warn says once what the operator may not have meant.
func (c *Concentrator) warn() {
	guarded := len(c.o.AllowedGateways) > 0 || !c.o.Token.IsZero() || c.o.ClientCA != ""
	if !guarded && !loopback(c.o.Listen) {
		c.log.Warn("anybody who can reach the port may speak for a gateway: set client_ca or allowed_gateways")
	}
	if left := c.o.Plan.LeftOut(); len(left) > 0 {
		hz := make([]uint32, len(left))
		for i, ch := range left {
			hz[i] = ch.Frequency
		}
		c.log.Warn("stations will not listen on every channel: they have eight, within 0.8 MHz of two radios; choose a sub-band",
			zap.Uint32s("left_out_hz", hz))
	}
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
