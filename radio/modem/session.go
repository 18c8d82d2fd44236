package modem

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gatewayd/radio"
)

const (
	// stepTimeout is for the answer to a command.
	stepTimeout = time.Second

	// firstQuiet is how long the line must be silent before the first command.
	firstQuiet = 150 * time.Millisecond

	// watchInterval is how long a module may hear nothing before it is asked
	// whether it still listens.
	watchInterval = time.Minute

	// maxFaults within faultWindow make the port be opened anew.
	maxFaults   = 5
	faultWindow = 5 * time.Minute

	// maxPending is how many lines of the receiver may wait for the end of a
	// command.
	maxPending = 16
)

// session is the module from opening to closing. Owner: the goroutine of Run.
type session struct {
	c      *Concentrator
	module *module
	link   *link
	up     chan<- radio.Uplink
	tx     chan<- radio.TxResult
	out    *outage

	gateway  radio.EUI64
	firmware version
	text     string // firmware as the module says it

	receiving bool // set up: what the receiver says counts
	stopped   bool // the receiver must be started again
	pending   []line
	half      *half
	watchAt   time.Time
	faults    int // since first
	first     time.Time
}

func (s *session) now() time.Time { return s.c.clock.Now() }

// live sets the module up and serves it, again after a brown-out or silence.
// It returns how long it received, and why it ended.
func (s *session) live(ctx context.Context) (worked time.Duration, err error) {
	for {
		if err = s.bringUp(ctx); err != nil {
			return worked, err
		}
		start := s.now()
		s.c.count.enter("receiving", start)
		s.out.over(s.gateway, start)
		err = s.serve(ctx)
		s.giveBack()
		now := s.now()
		worked += now.Sub(start)
		if err = s.again(ctx, err, now); err != nil {
			return worked, err
		}
	}
}

// again returns nil if setting the module up anew may help against err.
func (s *session) again(ctx context.Context, err error, now time.Time) error {
	var gone *goneError
	if ctx.Err() != nil || errors.As(err, &gone) {
		return err
	}
	if now.Sub(s.first) > faultWindow {
		s.first, s.faults = now, 0
	}
	if s.faults++; s.faults > maxFaults {
		return fmt.Errorf("%d faults within %s, check the module's power supply and cable; the last: %w", s.faults, faultWindow, err)
	}
	s.c.count.failed(err)
	s.c.count.reInits.Add(1)
	s.out.setUpAnew(err, now)
	return nil
}

// bringUp takes the module to receiving and opens the desk.
func (s *session) bringUp(ctx context.Context) error {
	s.c.count.enter("setting up", s.now())
	s.receiving, s.stopped, s.half, s.pending = false, false, nil, nil
	s.gateway, s.firmware, s.text = radio.EUI64{}, version{}, ""
	// Ends a command half sent by whoever had the port before.
	if err := s.link.write(ctx, ""); err != nil {
		return err
	}
	if err := s.link.drain(ctx, firstQuiet); err != nil {
		return err
	}
	if err := s.runAll(ctx, s.module.setUp(s.c.listen)); err != nil {
		return s.explain(err)
	}
	s.receiving = true
	if _, err := s.run(ctx, s.module.arm); err != nil {
		return s.explain(err)
	}
	if s.c.o.Gateway != nil {
		s.gateway = *s.c.o.Gateway
	}
	s.c.count.identified(s.gateway, s.text)
	s.c.count.bringUps.Add(1)
	s.c.desk.open(s.cannotSend())
	return nil
}

// explain adds what to do about a module that does not answer, or not in the
// language expected.
func (s *session) explain(err error) error {
	var timeout *timeoutError
	var refused *refusedError
	switch {
	case errors.As(err, &timeout):
		return fmt.Errorf("%w: is there a %s with %d baud behind the port?", err, s.module.title, s.module.baud)
	case errors.As(err, &refused):
		return fmt.Errorf("%w: is it a %s, and does it know %d Hz and %s?", err, s.module.title, s.c.listen.frequency, s.c.listen.rate)
	default:
		return err
	}
}

// cannotSend says why this very module only receives; "" if it sends.
func (s *session) cannotSend() string {
	switch m := s.module; {
	case m.tx == nil:
		return m.rxOnly
	case m.tx.since != nil && s.firmware.before(*m.tx.since):
		return fmt.Sprintf("firmware %s of the %s cannot leave receive to send, %s can: it only receives", s.firmware, m.title, m.tx.since)
	default:
		return ""
	}
}

// serve listens, sends and watches until ctx ends or the module needs to be
// set up anew.
func (s *session) serve(ctx context.Context) error {
	s.watchAt = s.now().Add(watchInterval)
	for {
		if err := s.settle(ctx); err != nil {
			return err
		}
		if err := s.act(ctx); err != nil {
			return err
		}
	}
}

// act does the one thing that is due, or waits for a line.
func (s *session) act(ctx context.Context) error {
	now := s.now()
	if e, ok := s.c.desk.take(now); ok {
		return s.send(ctx, e)
	}
	if !now.Before(s.watchAt) {
		s.watchAt = now.Add(watchInterval)
		return s.runAll(ctx, s.module.alive)
	}
	until := s.watchAt
	if due, ok := s.c.desk.due(); ok && due.Before(until) {
		until = due
	}
	l, ok, err := s.link.next(ctx, until, s.c.desk.wake)
	if err != nil || !ok {
		return err
	}
	return s.hear(ctx, l)
}

// settle deals with what the receiver said during a command, and starts it
// again if it has stopped.
func (s *session) settle(ctx context.Context) error {
	for {
		switch {
		case len(s.pending) > 0:
			l := s.pending[0]
			s.pending = s.pending[1:]
			if err := s.hear(ctx, l); err != nil {
				return err
			}
		case s.stopped:
			s.stopped = false
			s.c.count.rearms.Add(1)
			if _, err := s.run(ctx, s.module.rearm); err != nil {
				return err
			}
		default:
			return nil
		}
	}
}
