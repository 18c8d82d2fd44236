package picocell

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gatewayd/radio"
)

// send emits e and reports what became of it. Its error is one for recover.
func (s *session) send(ctx context.Context, e emission) error {
	if s.now().Sub(s.line.host) > syncFresh {
		if err := s.sync(ctx); err != nil {
			s.report(e, unsent(ctx, err))
			return err
		}
	}
	// The device restarts its radio after an emission, and what it has heard
	// but not yet handed over is gone then.
	if err := s.poll(ctx); err != nil {
		s.report(e, unsent(ctx, err))
		return err
	}
	start := s.now()
	lead := e.start.Sub(s.line.ticksAt(start))
	if lead < txLatest {
		s.report(e, refuse(radio.TxTooLate, "%s ahead when its turn came, at least %s needed", lead, txLatest))
		return nil
	}
	e.tx.count = e.start.Count()
	c, err := sendCommand(e.tx)
	if err != nil {
		s.report(e, refuse(radio.TxSize, "%v", err))
		return nil
	}
	if ctx.Err() != nil {
		s.report(e, refuse(radio.TxNotRunning, "the concentrator is being stopped"))
		return nil
	}
	r, err := s.link.exchange(ctx, c, sendTimeout)
	took := s.now().Sub(start)
	// The counter has restarted, and packets may have come in before the
	// device went deaf.
	s.syncAt, s.pollAt = s.now(), s.now()
	if err == nil && !r.ok {
		err = fmt.Errorf("restart after an emission: %w", &refusedError{c.id})
	}
	s.report(e, outcome(err, took, lead+e.end.Sub(e.start)))
	return err
}

// unsent is what becomes of an emission when the link fails before it.
func unsent(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return refuse(radio.TxNotRunning, "the concentrator is being stopped")
	}
	return refuse(radio.TxHardware, "before sending: %v", err)
}

// outcome judges a send by its error and by how long it took. The device
// swallows its own errors: it then waits 10 s and says OK.
func outcome(err error, took, planned time.Duration) error {
	switch {
	case err != nil:
		return refuse(radio.TxHardware, "it may have been on the air: %v", err)
	case took > planned+sendSlack:
		return refuse(radio.TxHardware, "the device took %s, planned %s: it did not transmit",
			took.Round(time.Millisecond), planned.Round(time.Millisecond))
	default:
		return nil
	}
}

// report passes the result of an accepted downlink on, exactly once for each.
func (s *session) report(e emission, err error) {
	if te, ok := errors.AsType[*radio.TxError](err); ok {
		s.c.count.refused(te.Reason)
	} else {
		s.c.count.emitted(e.tx.frequency, e.end.Sub(e.start))
	}
	s.tx <- radio.TxResult{Concentrator: s.c.o.Name, ID: e.id, Err: err}
}

// giveBack closes the desk and reports what still waited.
func (s *session) giveBack() {
	for _, e := range s.c.desk.close() {
		s.report(e, refuse(radio.TxNotRunning, "the concentrator stopped before its time came"))
	}
}
