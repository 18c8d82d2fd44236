package picocell

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"time"

	"go.uber.org/zap"

	"gatewayd/internal/serialport"
	"gatewayd/radio"
)

// DefaultPollInterval is the pause between two requests for packets.
const DefaultPollInterval = 20 * time.Millisecond

// Delays between two attempts to bring the device up.
const (
	minRetry = time.Second
	maxRetry = 30 * time.Second

	// settled is how long it must have received for the delay to start anew.
	settled = time.Minute
)

// Options configure a Concentrator. Name, Port, Board and LoadImages are
// required.
type Options struct {
	Name string // comes back in Uplink.Concentrator and TxResult.Concentrator
	// Port is e.g. /dev/serial/by-path/..., or "usb:" and a USB serial number.
	// Every PicoCell comes with the same one, and so with the same by-id name.
	Port  string
	Board Board
	// LoadImages returns the firmware images. It is called at each bring-up,
	// so that images installed later need no restart.
	LoadImages func() (Images, error)

	Gateway      *radio.EUI64  // gateway EUI; nil: the board's unique id
	PollInterval time.Duration // 0: DefaultPollInterval
	// Silence is how long nothing may be heard before the concentrator is
	// brought up again, and after as long again reset; 0: DefaultSilence,
	// negative: never.
	Silence     time.Duration
	AntennaGain float64 // dBi less cable loss in dB: EIRP less conducted power

	Log   *zap.Logger // nil: no log
	Clock Clock       // nil: the system's
	// Open opens the port; nil: as a serial port, exclusively. What it
	// returns must end a Read with io.EOF after about 100 ms without data.
	Open func(port string) (io.ReadWriteCloser, error)
	// Ports lists the serial ports there are, to find one by its USB serial
	// number and to say which there are if Port is missing; nil: the machine's.
	Ports func() ([]serialport.Port, error)
}

// Concentrator is a PicoCell. It implements radio.Concentrator.
type Concentrator struct {
	o     Options
	log   *zap.Logger
	clock Clock
	desk  desk
	count counters
	watch watchdog
}

var _ radio.Concentrator = (*Concentrator)(nil)

// New checks o. It does no I/O.
func New(o Options) (*Concentrator, error) {
	switch err := o.Board.Validate(); {
	case err != nil:
		return nil, fmt.Errorf("concentrator %q: %w", o.Name, err)
	case o.Port == "":
		return nil, fmt.Errorf("concentrator %q: no port", o.Name)
	case o.LoadImages == nil:
		return nil, fmt.Errorf("concentrator %q: no source of firmware images", o.Name)
	case o.PollInterval < 0:
		return nil, fmt.Errorf("concentrator %q: poll interval %s is negative", o.Name, o.PollInterval)
	}
	o.Board.TxGains = slices.Clone(o.Board.TxGains)
	if o.PollInterval == 0 {
		o.PollInterval = DefaultPollInterval
	}
	if o.Silence == 0 {
		o.Silence = DefaultSilence
	}
	if o.Log == nil {
		o.Log = zap.NewNop()
	}
	if o.Clock == nil {
		o.Clock = systemClock{}
	}
	if o.Open == nil {
		o.Open = openSerial
	}
	if o.Ports == nil {
		o.Ports = func() ([]serialport.Port, error) { return serialport.List("/") }
	}
	c := &Concentrator{
		o:     o,
		log:   o.Log.With(zap.String("concentrator", o.Name), zap.String("port", o.Port)),
		clock: o.Clock,
		desk:  desk{wake: make(chan struct{}, 1)},
		watch: watchdog{limit: o.Silence},
	}
	c.count.enter("not started", c.clock.Now())
	return c, nil
}

func openSerial(path string) (io.ReadWriteCloser, error) {
	p, err := openPort(path)
	if err != nil {
		return nil, err
	}
	return p, nil
}

// String is the name in the configuration.
func (c *Concentrator) String() string { return c.o.Name }

// Stats returns what happened so far. Safe for concurrent use.
func (c *Concentrator) Stats() Stats { return c.count.snapshot() }

// Transmit implements radio.Concentrator. Power becomes the gain table's
// highest entry that keeps EIRP, or else the lowest entry.
func (c *Concentrator) Transmit(d radio.Downlink) error {
	e, err := c.o.Board.plan(d, c.o.AntennaGain)
	if err == nil {
		err = c.desk.add(e, d.Immediate, c.clock.Now())
	}
	if te, ok := errors.AsType[*radio.TxError](err); ok {
		c.count.refused(te.Reason)
	}
	return err
}

// Run implements radio.Concentrator. It returns nil; options that could not
// work were New's to refuse.
func (c *Concentrator) Run(ctx context.Context, up chan<- radio.Uplink, tx chan<- radio.TxResult) error {
	defer func() { c.count.enter("stopped", c.clock.Now()) }()
	out := &outage{log: c.log, ports: c.o.Ports}
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
		pause := retry/2 + rand.N(retry)
		if _, reset := errors.AsType[*silenceError](err); reset {
			pause = max(pause, bootTime)
		}
		if wait(ctx, c.clock, pause) != nil {
			break
		}
		retry = min(2*retry, maxRetry)
	}
	return nil
}

// attend takes the device through one life: open, bring up, receive, close.
// It returns how long it received, and why it ended.
func (c *Concentrator) attend(ctx context.Context, up chan<- radio.Uplink, tx chan<- radio.TxResult, out *outage) (time.Duration, error) {
	c.count.enter("opening", c.clock.Now())
	images, err := c.o.LoadImages()
	if err != nil {
		return 0, &imagesError{err}
	}
	rw, err := c.open()
	if err != nil {
		return 0, err
	}
	s := &session{c: c, link: newLink(rw, c.clock, &c.count), up: up, tx: tx}
	defer s.link.close()
	var worked time.Duration
	for again := true; again; again = s.again(err) {
		var lived time.Duration
		lived, err = s.live(ctx, images, out)
		worked += lived
	}
	s.stopOn(ctx, err)
	return worked, err
}

// open finds the port and opens it.
func (c *Concentrator) open() (io.ReadWriteCloser, error) {
	ports, err := c.o.Ports()
	if err != nil {
		ports = nil // the port may have a name that needs no list
	}
	device, err := serialport.Find(ports, c.o.Port)
	if err != nil {
		return nil, err
	}
	return c.o.Open(device)
}

// wait returns nil after d, or ctx's error.
func wait(ctx context.Context, clock Clock, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-clock.After(d):
		return ctx.Err()
	}
}
