package concentratord

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"go.uber.org/zap"

	"gatewayd/radio"
	"gatewayd/radio/forwarded"
)

// Concentratord's own defaults.
const (
	DefaultEventURL   = "ipc:///tmp/concentratord_event"
	DefaultCommandURL = "ipc:///tmp/concentratord_command"
)

// Delays between two attempts to connect.
const (
	minRetry = time.Second
	maxRetry = 30 * time.Second

	// settled is how long it must have worked for the delay to start anew.
	settled = time.Minute
)

// Options configure a Concentrator. Name is required.
type Options struct {
	Name       string // comes back in Uplink.Concentrator and TxResult.Concentrator
	EventURL   string // ipc:///path or tcp://host:port; empty: DefaultEventURL
	CommandURL string // the same; empty: DefaultCommandURL

	Log   *zap.Logger     // nil: no log
	Clock forwarded.Clock // nil: the system's
}

// Concentrator is a concentrator behind Concentratord. It implements
// radio.Concentrator.
type Concentrator struct {
	o     Options
	log   *zap.Logger
	clock forwarded.Clock
	desk  *desk
	count counters
}

var _ radio.Concentrator = (*Concentrator)(nil)

// New checks o. It does no I/O.
func New(o Options) (*Concentrator, error) {
	if o.EventURL == "" {
		o.EventURL = DefaultEventURL
	}
	if o.CommandURL == "" {
		o.CommandURL = DefaultCommandURL
	}
	for key, url := range map[string]string{"event_url": o.EventURL, "command_url": o.CommandURL} {
		if _, _, err := splitURL(url); err != nil {
			return nil, fmt.Errorf("concentrator %q: %s %q: %w", o.Name, key, url, err)
		}
	}
	if o.EventURL == o.CommandURL {
		return nil, fmt.Errorf("concentrator %q: event_url and command_url are both %s", o.Name, o.EventURL)
	}
	if o.Log == nil {
		o.Log = zap.NewNop()
	}
	if o.Clock == nil {
		o.Clock = forwarded.SystemClock{}
	}
	c := &Concentrator{
		o: o, log: o.Log.With(zap.String("concentrator", o.Name)), clock: o.Clock, desk: newDesk(o.Clock.Now()),
	}
	c.count.enter("not started", c.clock.Now())
	return c, nil
}

// String is the name in the configuration.
func (c *Concentrator) String() string { return c.o.Name }

// Transmit implements radio.Concentrator. The result is Concentratord's word,
// which comes as soon as it has put the downlink on its schedule and not only
// when it is on air.
func (c *Concentrator) Transmit(d radio.Downlink) error {
	err := c.desk.add(d, c.clock.Now())
	if err != nil {
		c.count.refused(err)
	}
	return err
}

// Run implements radio.Concentrator. It returns nil; options that could not
// work were New's to refuse.
func (c *Concentrator) Run(ctx context.Context, up chan<- radio.Uplink, tx chan<- radio.TxResult) error {
	defer func() { c.count.enter("stopped", c.clock.Now()) }()
	out := &outage{log: c.log}
	retry := minRetry
	for ctx.Err() == nil {
		worked, err := c.attend(ctx, up, tx, out)
		if ctx.Err() != nil {
			break
		}
		now := c.clock.Now()
		c.count.failed(err)
		c.count.enter("down", now)
		out.failed(err, now)
		if worked >= settled {
			retry = minRetry
		}
		if forwarded.Wait(ctx, c.clock, retry/2+rand.N(retry)) != nil {
			break
		}
		retry = min(2*retry, maxRetry)
	}
	return nil
}

// attend connects, works until ctx ends or the connection breaks, and returns
// for how long, and why it ended.
func (c *Concentrator) attend(ctx context.Context, up chan<- radio.Uplink, tx chan<- radio.TxResult, out *outage) (time.Duration, error) {
	c.count.enter("connecting", c.clock.Now())
	s, err := c.connect(ctx)
	if err != nil {
		return 0, err
	}
	start := c.clock.Now()
	s.up, s.tx = up, tx
	c.count.connected(s.gateway, s.dialect)
	c.count.enter("receiving", start)
	out.over(s, start)
	c.desk.open()
	err = s.work(ctx)
	for _, o := range c.desk.close() {
		s.report(o, forwarded.Refuse(radio.TxNotRunning, "Concentratord went away before the downlink was handed over"))
	}
	return c.clock.Now().Sub(start), err
}
