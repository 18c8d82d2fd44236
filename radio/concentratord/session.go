package concentratord

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-zeromq/zmq4"
	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"gatewayd/radio"
	"gatewayd/radio/forwarded"
)

const (
	// replyWithin is how long Concentratord may take for a command. RX2 is
	// one second after RX1, so a later refusal would be of no use.
	replyWithin = time.Second

	// askEvery is how often an idle Concentratord is asked for its gateway
	// id: to see whether it lives, and whether it is still the same.
	askEvery = 30 * time.Second
)

// session is the two connections from opening to closing. Owner: Run's two
// goroutines, one for each.
type session struct {
	c                *Concentrator
	events, commands *link
	dialect          dialect
	gateway          radio.EUI64
	up               chan<- radio.Uplink
	tx               chan<- radio.TxResult
	complained       bool // of an event that makes no sense
}

// connect opens both connections and asks who is there.
func (c *Concentrator) connect(ctx context.Context) (*session, error) {
	events, err := dial(ctx, c.o.EventURL, zmq4.Sub)
	if err != nil {
		return nil, fmt.Errorf("events: %w", err)
	}
	commands, err := dial(ctx, c.o.CommandURL, zmq4.Req)
	if err != nil {
		events.close()
		return nil, fmt.Errorf("commands: %w", err)
	}
	s := &session{c: c, events: events, commands: commands}
	stop := context.AfterFunc(ctx, s.close)
	defer stop()
	if err = events.subscribe(); err == nil {
		s.dialect, s.gateway, err = s.identify()
	}
	if err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (s *session) close() {
	s.events.close()
	s.commands.close()
}

// request sends a command and returns the reply.
func (s *session) request(frames [][]byte) ([]byte, error) {
	return s.commands.request(frames, s.c.clock.Now().Add(replyWithin))
}

// identify asks for the gateway id, in the dialect of today and, if that is
// answered with nothing, in the one of before 4.5.
func (s *session) identify() (dialect, radio.EUI64, error) {
	for _, d := range []dialect{gwCommand, named} {
		answer, err := s.request(d.askGatewayID())
		if err != nil {
			return 0, radio.EUI64{}, fmt.Errorf("ask Concentratord for its gateway id: %w", err)
		}
		if len(answer) > 0 {
			eui, err := d.gatewayID(answer)
			return d, eui, err
		}
	}
	return 0, radio.EUI64{}, errGatewayID
}

// work takes events and gives commands until ctx ends or a connection breaks.
func (s *session) work(ctx context.Context) error {
	group, working := errgroup.WithContext(ctx)
	stop := context.AfterFunc(working, s.close)
	defer stop()
	group.Go(s.listen)
	group.Go(func() error { return s.command(working) })
	err := group.Wait()
	s.close()
	return err
}

// listen takes events until the connection breaks.
func (s *session) listen() error {
	for {
		frames, err := s.events.receive()
		if err != nil {
			if errors.Is(err, errTooLong) {
				return err
			}
			return errGone
		}
		s.c.count.seen(s.c.clock.Now())
		e, err := parseEvent(frames)
		if err != nil {
			s.complain(err)
			continue
		}
		s.take(e)
	}
}

// complain counts an event that makes no sense, and says so once in a session.
func (s *session) complain(err error) {
	s.c.count.malformed.Add(1)
	if !s.complained {
		s.complained = true
		s.c.log.Warn("event of Concentratord makes no sense", zap.Error(err))
	}
}

// take deals with an event.
func (s *session) take(e event) {
	if e.report != nil {
		s.c.count.reported(*e.report)
	}
	if e.uplink == nil {
		return
	}
	switch e.uplink.status {
	case crcGood:
	case crcBad:
		s.c.count.rxCRCBad.Add(1)
		return
	default:
		s.c.count.rxNoCRC.Add(1)
		return
	}
	s.c.count.rxOK.Add(1)
	u := e.uplink.uplink
	u.Concentrator, u.Gateway = s.c.o.Name, s.gateway
	s.c.desk.place(&u, e.uplink.context, s.c.clock.Now())
	select {
	case s.up <- u:
	default:
		s.c.count.rxDrop.Add(1)
	}
}

// command hands downlinks over until ctx ends or the connection breaks.
func (s *session) command(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case o := <-s.c.desk.orders:
			if err := s.send(o); err != nil {
				return err
			}
		case <-s.c.clock.After(askEvery):
			if err := s.check(); err != nil {
				return err
			}
		}
	}
}

// send hands o over and reports what becomes of it.
func (s *session) send(o order) error {
	reply, err := s.request(s.dialect.send(o.frame(s.gateway)))
	if err != nil {
		s.report(o, forwarded.Refuse(radio.TxHardware, "no answer from Concentratord: it may have been on the air: %v", err))
		return errGone
	}
	s.report(o, parseAck(reply, o.ID))
	return nil
}

// errOther is a Concentratord that has become another.
var errOther = errors.New("another gateway id than before")

// check asks whether Concentratord is still there, and the same.
func (s *session) check() error {
	d, eui, err := s.identify()
	if err == nil && (d != s.dialect || eui != s.gateway) {
		err = errOther
	}
	return err
}

// report passes the result of an accepted downlink on, exactly once for each.
func (s *session) report(o order, err error) {
	if err != nil {
		s.c.count.refused(err)
	} else {
		s.c.count.sent(o.Frequency, forwarded.Airtime(o.DataRate, len(o.Payload)))
	}
	s.tx <- radio.TxResult{Concentrator: s.c.o.Name, ID: o.ID, Err: err}
}
