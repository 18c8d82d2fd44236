package modem

import (
	"context"
	"errors"
	"time"

	"gatewayd/radio"
)

const (
	// maxLatency bounds what a measurement may claim.
	maxLatency = 300 * time.Millisecond

	// doneSlack is how much longer than planned an emission may take to be
	// reported.
	doneSlack = 2 * time.Second
)

// plan translates a downlink, or refuses it with a *radio.TxError.
func (m *module) plan(d radio.Downlink) (emission, error) {
	if len(d.Payload) == 0 || len(d.Payload) > radio.MaxPHYPayload {
		return emission{}, refuse(radio.TxSize, "%d bytes: want 1 to %d", len(d.Payload), radio.MaxPHYPayload)
	}
	if err := m.checkRate(d.DataRate); err != nil {
		return emission{}, refuse(radio.TxDataRate, "%v", err)
	}
	if !d.Immediate && reach(d.DataRate) < m.tx.jitter {
		return emission{}, refuse(radio.TxDataRate,
			"two symbols of %s are %s, and a %s is not better than %s: it would miss the node's window",
			d.DataRate, reach(d.DataRate), m.title, m.tx.jitter)
	}
	if err := checkFrequency(m, d.Frequency); err != nil {
		return emission{}, refuse(radio.TxFrequency, "%v", err)
	}
	low, high := m.tx.power(d.Frequency)
	if d.Power < low {
		return emission{}, refuse(radio.TxPower, "%d dBm: the %s has no less than %d", d.Power, m.title, low)
	}
	send := len(m.tx.send(d.Payload)) + 2
	return emission{
		id: d.ID, to: channel{d.Frequency, d.DataRate}, power: min(d.Power, high), payload: d.Payload,
		airtime: d.DataRate.LoRaAirtime(len(d.Payload), preamble, false),
		prepare: m.tx.settle + m.lineTime(send), after: m.tx.settle,
	}, nil
}

// reach is how far a downlink may be from its time: two symbols of the eight
// of its preamble. A node listens for five or six from when it expects the
// first.
func reach(d radio.DataRate) time.Duration {
	return 2 * time.Second * time.Duration(uint32(1)<<d.SpreadingFactor) / time.Duration(d.Bandwidth)
}

// send emits e, reports what became of it and returns to receive. An error
// means that the module must be set up anew.
func (s *session) send(ctx context.Context, e emission) error {
	tx := s.module.tx
	err := s.runAll(ctx, tx.prepare(e.to, e.power, s.c.listen))
	if err != nil {
		s.report(e, unsent(ctx, err))
		return err
	}
	err = s.emit(ctx, e)
	te, ok := errors.AsType[*radio.TxError](err)
	switch {
	case err == nil:
		s.report(e, nil)
	case ok:
		s.report(e, te)
	case ctx.Err() != nil:
		s.report(e, refuse(radio.TxNotRunning, "the concentrator was stopped; it may have been on the air"))
		return err
	default:
		s.report(e, refuse(radio.TxHardware, "it may have been on the air: %v", err))
		return err
	}
	s.stopped = true
	return s.runAll(ctx, tx.restore(s.c.listen))
}

// unsent is what becomes of an emission when the module fails before it.
func unsent(ctx context.Context, err error) *radio.TxError {
	if ctx.Err() != nil {
		return refuse(radio.TxNotRunning, "the concentrator is being stopped")
	}
	return refuse(radio.TxHardware, "before sending: %v", err)
}

// emit waits for the time of e and sends it. A *radio.TxError leaves the
// module in order.
func (s *session) emit(ctx context.Context, e emission) error {
	tx, m := s.module.tx, s.module
	command := tx.send(e.payload)
	onWire := m.lineTime(len(command) + 2)
	lead := onWire + s.c.desk.lead()
	if err := s.pause(ctx, e.start.Add(-lead)); err != nil {
		return err
	}
	written := s.now()
	if late := written.Add(lead).Sub(e.start); !e.soon && late > reach(e.to.rate) {
		return refuse(radio.TxTooLate, "%s late when its turn came", late)
	}
	done, err := s.exchange(ctx, step{
		send: command, done: tx.over,
		timeout: lead + e.airtime + onWire + doneSlack,
	})
	var refused *refusedError
	switch {
	case errors.As(err, &refused):
		return refuse(radio.TxHardware, "%v", err)
	case err != nil:
		return err
	case !tx.done.MatchString(done.text):
		return refuse(radio.TxHardware, "the module says %q", done.text)
	}
	return s.judge(e, done.at.Add(-e.airtime), written.Add(onWire), onWire)
}

// judge compares when the preamble began, by the module's report of its end,
// with when it should have. sent is when the command was whole; onWire, how
// long it took, is what its echo may hold the report up.
func (s *session) judge(e emission, began, sent time.Time, onWire time.Duration) error {
	off := began.Sub(e.start)
	if e.airtime > 2*onWire { // else the report may have waited behind the echo
		latency := min(max(began.Sub(sent), 0), maxLatency)
		s.c.desk.measured(latency)
		s.c.count.measured(latency)
	}
	if !e.soon && off.Abs() > reach(e.to.rate) {
		return refuse(radio.TxTooLate, "by its own report the module sent it %s after its time", off.Round(time.Millisecond))
	}
	return nil
}

// pause lets time pass until t; what the receiver says meanwhile is kept.
func (s *session) pause(ctx context.Context, t time.Time) error {
	for {
		l, ok, err := s.link.next(ctx, t, nil)
		if err != nil || !ok {
			return err
		}
		if err := s.note(l, false); err != nil {
			return err
		}
	}
}

// report passes the result of an accepted downlink on, exactly once for each.
func (s *session) report(e emission, err *radio.TxError) {
	r := radio.TxResult{Concentrator: s.c.o.Name, ID: e.id}
	if err != nil {
		r.Err = err
		s.c.count.refused(err.Reason)
	} else {
		s.c.count.txOK.Add(1)
	}
	s.tx <- r
}

// giveBack closes the desk and reports what still waited.
func (s *session) giveBack() {
	for _, e := range s.c.desk.close() {
		s.report(e, refuse(radio.TxNotRunning, "the module stopped receiving before its time came"))
	}
}
