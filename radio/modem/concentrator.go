package modem

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"time"

	"go.uber.org/zap"

	"gatewayd/radio"
)

// Delays between two attempts to bring the module up.
const (
	minRetry = time.Second
	maxRetry = 30 * time.Second

	// settled is how long it must have received for the delay to start anew.
	settled = time.Minute
)

// Options configure a Concentrator. Name, Kind, Port, Frequency and DataRate
// are required.
type Options struct {
	Name      string // comes back in Uplink.Concentrator and TxResult.Concentrator
	Kind      Kind
	Port      string // e.g. /dev/serial/by-id/...
	Frequency uint32 // Hz, the one channel it listens to
	DataRate  radio.DataRate

	Gateway *radio.EUI64 // gateway EUI; nil: the module's own, zero if it does not tell

	Log   *zap.Logger // nil: no log
	Clock Clock       // nil: the system's
	// Open opens the port; nil: as a serial port, exclusively. What it
	// returns must end a Read with io.EOF after about 100 ms without data.
	Open func(port string) (io.ReadWriteCloser, error)
}

// Concentrator is a module. It implements radio.Concentrator.
type Concentrator struct {
	o      Options
	module *module
	listen channel
	log    *zap.Logger
	clock  Clock
	epoch  time.Time // when Ticks were 0
	desk   desk
	count  counters
}

var _ radio.Concentrator = (*Concentrator)(nil)

// New checks o. It does no I/O.
func New(o Options) (*Concentrator, error) {
	m, err := lookup(o.Kind)
	if err == nil {
		err = errors.Join(checkPort(o.Port), checkFrequency(m, o.Frequency), m.checkRate(o.DataRate))
	}
	if err != nil {
		return nil, fmt.Errorf("concentrator %q: %w", o.Name, err)
	}
	if o.Log == nil {
		o.Log = zap.NewNop()
	}
	if o.Clock == nil {
		o.Clock = systemClock{}
	}
	if o.Open == nil {
		o.Open = func(path string) (io.ReadWriteCloser, error) { return openPort(path, m.baud) }
	}
	c := &Concentrator{
		o: o, module: m, listen: channel{o.Frequency, o.DataRate},
		log:   o.Log.With(zap.String("concentrator", o.Name), zap.String("port", o.Port)),
		clock: o.Clock, epoch: o.Clock.Now(),
		desk: desk{wake: make(chan struct{}, 1), rxOnly: m.rxOnly},
	}
	if m.tx != nil {
		c.desk.latency = m.tx.latency
		c.count.measured(m.tx.latency)
	}
	c.count.enter("not started", c.epoch)
	return c, nil
}

func checkPort(path string) error {
	if path == "" {
		return errors.New("no port")
	}
	return nil
}

func checkFrequency(m *module, frequency uint32) error {
	if m.covers(frequency) {
		return nil
	}
	ranges := ""
	for i, s := range m.spans {
		if i > 0 {
			ranges += " or "
		}
		ranges += fmt.Sprintf("%d to %d", s.low, s.high)
	}
	return fmt.Errorf("frequency %d Hz: the %s knows %s Hz", frequency, m.title, ranges)
}

// String is the name in the configuration.
func (c *Concentrator) String() string { return c.o.Name }

// Stats returns what happened so far. Safe for concurrent use.
func (c *Concentrator) Stats() Stats { return c.count.snapshot() }

// ticksAt is the concentrator's time at a time of the host.
func (c *Concentrator) ticksAt(t time.Time) radio.Ticks { return radio.Ticks(0).Add(t.Sub(c.epoch)) }

// timeAt is the host's time at a time of the concentrator.
func (c *Concentrator) timeAt(t radio.Ticks) time.Time { return c.epoch.Add(t.Sub(0)) }

// Transmit implements radio.Concentrator. Power above what the module can do
// becomes what it can do; EIRP counts as conducted power, as with an antenna
// of 0 dBi.
func (c *Concentrator) Transmit(d radio.Downlink) error {
	err := c.desk.permitted()
	if err == nil {
		err = c.schedule(d)
	}
	if te, ok := errors.AsType[*radio.TxError](err); ok {
		c.count.refused(te.Reason)
	}
	return err
}

// schedule puts d on the desk.
func (c *Concentrator) schedule(d radio.Downlink) error {
	e, err := c.module.plan(d)
	if err != nil {
		return err
	}
	if !d.Immediate {
		e.start = c.timeAt(d.At)
	}
	return c.desk.add(e, c.clock.Now())
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
		if wait(ctx, c.clock, retry/2+rand.N(retry)) != nil {
			break
		}
		retry = min(2*retry, maxRetry)
	}
	return nil
}

// attend takes the module through one life of its port: open, set up, receive
// (and again, as long as that helps), close. It returns how long it received,
// and why it ended.
func (c *Concentrator) attend(ctx context.Context, up chan<- radio.Uplink, tx chan<- radio.TxResult, out *outage) (time.Duration, error) {
	c.count.enter("opening", c.clock.Now())
	rw, err := c.o.Open(c.o.Port)
	if err != nil {
		return 0, err
	}
	s := &session{c: c, module: c.module, link: newLink(rw, c.module, c.clock, &c.count), up: up, tx: tx, out: out}
	defer s.link.close()
	return s.live(ctx)
}
