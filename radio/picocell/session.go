package picocell

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"gatewayd/radio"
)

const (
	// syncInterval is how often the counter is read.
	syncInterval = 5 * time.Second

	// syncFresh is how old a reading may be when `f` is sent.
	syncFresh = time.Second

	// pollGuard is how close before a send nothing else is started.
	pollGuard = 15 * time.Millisecond

	// sendTimeout covers the 10 s that the device waits for an emission that
	// does not happen, and its restart.
	sendTimeout = 13 * time.Second

	// sendSlack is how much longer than planned a good send may take.
	sendSlack = 2 * time.Second

	// stopTimeout is for each of the two commands at shutdown.
	stopTimeout = 200 * time.Millisecond

	// maxFaults within faultWindow make the port be opened anew.
	maxFaults   = 5
	faultWindow = 30 * time.Second
)

var errCounterJump = errors.New("counter jumped: the device has restarted by itself")

// session is the device from opening to closing. Owner: the goroutine of Run.
type session struct {
	c       *Concentrator
	link    *link
	up      chan<- radio.Uplink
	tx      chan<- radio.TxResult
	gateway radio.EUI64
	line    timeline
	pollAt  time.Time // when the next poll is due
	syncAt  time.Time // when the next reading of the counter is due
	faults  int       // since firstFault
	first   time.Time
}

func (s *session) now() time.Time { return s.c.clock.Now() }

// live brings the device up and serves it until ctx ends or it needs a new
// life. It returns how long it received, and why it ended.
func (s *session) live(ctx context.Context, images Images, out *outage) (time.Duration, error) {
	if err := s.bringUp(ctx, images); err != nil {
		return 0, err
	}
	start := s.now()
	s.c.count.enter("receiving", start)
	s.c.watch.begin(start)
	out.over(s.gateway, start)
	err := s.serve(ctx)
	s.giveBack()
	return s.now().Sub(start), err
}

// again reports whether the device gets another life through the open port.
// Silence that has outlived one makes for a reset.
func (s *session) again(err error) bool {
	silence, ok := errors.AsType[*silenceError](err)
	if !ok {
		return false
	}
	if silence.reset {
		s.reset(context.Background())
		return false
	}
	s.c.log.Warn("concentrator is brought up again", zap.Error(err))
	s.line = timeline{} // the chip's counter begins anew
	return true
}

// bringUp takes the device to receiving and opens the desk.
func (s *session) bringUp(ctx context.Context, images Images) error {
	s.progress("first contact")
	if err := s.link.resync(ctx); err != nil {
		if te, ok := errors.AsType[*timeoutError](err); ok && te.got == 0 {
			return fmt.Errorf("%w: if it stays silent, unplug the concentrator and plug it in again", err)
		}
		return err
	}
	b := &bringUp{
		bridge: bridge{
			do:   func(c command) (response, error) { return s.link.exchange(ctx, c, commandTimeout) },
			wait: func(d time.Duration) error { return wait(ctx, s.c.clock, d) },
		},
		board: &s.c.o.Board, images: images, progress: s.progress,
	}
	id, err := b.run()
	if err != nil {
		return err
	}
	for _, w := range b.warnings {
		s.c.log.Warn("calibration did not succeed: the concentrator receives, but less well, and may hear strong frames on a second channel; "+
			"check its power supply and antenna, then restart", zap.String("part", w), zap.Int("attempts", calibrationRuns))
	}
	s.gateway = id
	if s.c.o.Gateway != nil {
		s.gateway = *s.c.o.Gateway
	}
	if err := s.sync(ctx); err != nil {
		return err
	}
	s.c.count.identified(s.gateway)
	s.c.count.bringUps.Add(1)
	s.c.desk.open(s.line.anchor)
	return nil
}

func (s *session) progress(step string) {
	s.c.count.enter("bring-up: "+step, s.now())
	s.c.log.Debug("bring-up", zap.String("step", step))
}

// serve polls, reads the counter and sends until ctx ends or the device needs
// a new life.
func (s *session) serve(ctx context.Context) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		pause, err := s.act(ctx)
		if err != nil {
			if err = s.recover(ctx, err); err != nil {
				return err
			}
		}
		if pause <= 0 {
			continue
		}
		select {
		case <-ctx.Done():
		case <-s.c.desk.wake:
		case <-s.c.clock.After(pause):
		}
	}
}

// act does the one thing that is due, or returns how long nothing will be.
func (s *session) act(ctx context.Context) (time.Duration, error) {
	now := s.now()
	if e, ok := s.c.desk.take(now); ok {
		return 0, s.send(ctx, e)
	}
	due, waiting := s.c.desk.due()
	if waiting && due.Sub(now) < pollGuard {
		return due.Sub(now), nil
	}
	switch {
	case !now.Before(s.syncAt):
		return 0, s.sync(ctx)
	case !now.Before(s.pollAt):
		err := s.poll(ctx)
		if err == nil && !waiting {
			err = s.c.watch.check(s.now())
		}
		return 0, err
	}
	next := s.pollAt
	if s.syncAt.Before(next) {
		next = s.syncAt
	}
	if waiting && due.Before(next) {
		next = due
	}
	return next.Sub(now), nil
}

// command is exchange for a command that must succeed.
func (s *session) command(ctx context.Context, c command) ([]byte, error) {
	r, err := s.link.exchange(ctx, c, commandTimeout)
	if err == nil && !r.ok {
		err = &refusedError{c.id}
	}
	return r.data, err
}

// sync reads the counter.
func (s *session) sync(ctx context.Context) error {
	sent := s.now()
	data, err := s.command(ctx, counterCommand())
	if err != nil {
		return err
	}
	got := s.now()
	count, err := parseCounter(data)
	if err != nil {
		return &desyncError{err.Error()}
	}
	if !s.line.sync(count, sent, got) {
		return errCounterJump
	}
	s.syncAt = got.Add(syncInterval)
	s.c.count.ran(s.line.drift())
	s.c.desk.set(s.line.anchor)
	return nil
}

// recover deals with err so that the session can go on, or returns why it
// cannot.
func (s *session) recover(ctx context.Context, err error) error {
	var desync *desyncError
	var timeout *timeoutError
	if !errors.As(err, &desync) && !errors.As(err, &timeout) || ctx.Err() != nil {
		return err
	}
	s.c.count.resyncs.Add(1)
	now := s.now()
	if now.Sub(s.first) > faultWindow {
		s.first, s.faults = now, 0
	}
	if s.faults++; s.faults > maxFaults {
		return fmt.Errorf("%d faults on the line within %s, the last: %w", s.faults, faultWindow, err)
	}
	s.c.log.Debug("out of step", zap.Error(err))
	if err := s.link.resync(ctx); err != nil {
		return err
	}
	s.syncAt = s.now()
	return nil
}

// stopOn leaves the device reset if the session ended because ctx did, between
// two commands.
func (s *session) stopOn(ctx context.Context, err error) {
	if ctx.Err() == nil || !errors.Is(err, ctx.Err()) {
		return
	}
	s.reset(context.WithoutCancel(ctx))
}

// reset stops the chip and has the microcontroller start anew; it leaves the
// USB for a second.
func (s *session) reset(ctx context.Context) {
	if _, err := s.link.exchange(ctx, command{id: cmdWrite, data: []byte{0x80}}, stopTimeout); err == nil {
		_, _ = s.link.exchange(ctx, command{id: cmdResetMCU}, stopTimeout)
	}
}
