package bridge

import (
	"errors"
	"slices"
	"time"

	"go.uber.org/zap"

	"gatewayd/bridge/duty"
	"gatewayd/radio"
)

// Transmitter is what the bridge needs of a concentrator.
type Transmitter interface {
	// Transmit is radio.Concentrator's.
	Transmit(radio.Downlink) error
}

// attempt is one way to send a payload.
type attempt struct {
	receiver
	window   window
	heard    time.Time      // when the uplink that it answers was received; zero: none
	downlink radio.Downlink // without ID, Payload and Power
}

// flight is a sealed downlink on its way. Owned by Bridge.Run.
type flight struct {
	device   string // of the node
	item     uint64 // of its queue; 0 for what is not from the queue
	payload  []byte
	attempts []attempt // what is left to try
	tried    attempt   // the last one
	err      error     // why the last one failed
	since    time.Time

	booked  *duty.Ledger // where the emission under way is entered
	booking duty.Booking
}

// launch tries the ways that f has left until a concentrator takes one. It
// reports whether one did.
func (b *Bridge) launch(f flight) bool {
	for len(f.attempts) > 0 {
		a := f.attempts[0]
		f.attempts = f.attempts[1:]
		if err := b.try(&f, a); err != nil {
			f.err = err
			continue
		}
		return true
	}
	b.counters.unsent.Add(1)
	b.watchDown(f, f.tried.concentrator, f.err)
	b.sayUnsent(f)
	return false
}

// try hands f to one concentrator.
func (b *Bridge) try(f *flight, a attempt) error {
	gateway, ok := b.gateways[a.concentrator]
	if !ok {
		return &radio.TxError{Reason: radio.TxNotRunning, Detail: a.concentrator + " is no longer configured"}
	}
	f.tried = a
	d := a.downlink
	d.Payload = f.payload
	ledger := b.ledger(a.receiver)
	d.Power = b.region.DownlinkEIRP(d.Frequency)
	at, airtime := b.clock.Now().Add(a.window.delay), duty.Airtime(d.DataRate, len(d.Payload))
	if err := ledger.Check(at, d.Frequency, airtime, d.Power); err != nil {
		b.counters.regulated.Add(1)
		return err
	}
	b.lastID++
	d.ID = b.lastID
	if err := gateway.Transmit(d); err != nil {
		return err
	}
	f.since = b.clock.Now()
	if !a.heard.IsZero() {
		b.counters.slack.Observe(a.heard.Add(a.window.delay).Sub(f.since))
	}
	f.booked, f.booking = ledger, ledger.Book(at, d.Frequency, airtime)
	b.flights[d.ID] = *f
	return nil
}

// ledger is where the airtime of one gateway is kept.
func (b *Bridge) ledger(r receiver) *duty.Ledger {
	l := b.ledgers[r]
	if l == nil {
		l = duty.New(b.region.SubBands(), b.clock.Now())
		b.ledgers[r] = l
	}
	return l
}

// sayUnsent says that nobody would send f.
func (b *Bridge) sayUnsent(f flight) {
	err := f.err
	if err == nil {
		err = errNoWay
	}
	level := zap.WarnLevel
	if !b.hush.may("unsent "+f.device, b.clock.Now()) {
		level = zap.DebugLevel
	}
	if te, ok := errors.AsType[*radio.TxError](err); ok && te.Reason == radio.TxNotRunning {
		level = zap.DebugLevel // the concentrator has said that it is down, or the daemon stops
	}
	what := "answer not sent: the node will repeat its uplink"
	if f.item != 0 {
		what = "downlink not sent: it waits for the next window"
	}
	b.log.Log(level, what, zap.String("device", f.device), zap.Error(err))
}

var errNoWay = errors.New("no receive window of the node can carry it, or no concentrator is there to send it")

// transmitted takes a concentrator's word on a downlink. What follows for the
// queue is part of bt; the flight is forgotten once that is durable.
func (b *Bridge) transmitted(bt *batch, r radio.TxResult) {
	f, ok := b.flights[r.ID]
	if !ok {
		return
	}
	if r.Err != nil && f.booked != nil {
		f.booked.Unbook(f.booking)
		f.booked = nil
		b.flights[r.ID] = f
	}
	if r.Err != nil && len(f.attempts) > 0 {
		delete(b.flights, r.ID)
		f.avoid(r.Concentrator)
		f.err = r.Err
		if !b.launch(f) {
			bt.grounded = append(bt.grounded, f)
			b.grounded(bt, f)
		}
		return
	}
	bt.landed = append(bt.landed, r)
	b.watchDown(f, r.Concentrator, r.Err)
	if r.Err != nil {
		b.grounded(bt, f)
		return
	}
	n := b.table.byID[f.device]
	if n == nil {
		return
	}
	if f.item != 0 {
		b.emitted(bt, n, f.item)
	}
}

// avoid moves the ways through a concentrator that has just failed behind the
// others.
func (f *flight) avoid(concentrator string) {
	slices.SortStableFunc(f.attempts, func(a, b attempt) int {
		switch failedA, failedB := a.concentrator == concentrator, b.concentrator == concentrator; {
		case failedA == failedB:
			return 0
		case failedA:
			return 1
		default:
			return -1
		}
	})
}

// land forgets a flight whose end is durable.
func (b *Bridge) land(r radio.TxResult) {
	f, ok := b.flights[r.ID]
	if !ok {
		return
	}
	delete(b.flights, r.ID)
	if n := b.table.byID[f.device]; n != nil {
		b.attendNow(n)
	}
	if r.Err == nil {
		b.counters.sent.Add(1)
		return
	}
	f.err = r.Err
	b.counters.unsent.Add(1)
	b.sayUnsent(f)
}

// aloft reports whether anything is on its way to the node.
func (b *Bridge) aloft(device string) bool {
	for _, f := range b.flights {
		if f.device == device {
			return true
		}
	}
	return false
}

// grounded puts the downlink of a flight that failed back into its queue.
func (b *Bridge) grounded(bt *batch, f flight) {
	n := b.table.byID[f.device]
	if n == nil {
		return
	}
	if f.item != 0 {
		b.unsent(bt, n, f.item)
	}
	b.attendNow(n)
}

// reaching are the gateways that may reach n: those that heard it last, then
// those that hear anything, then the rest.
func (b *Bridge) reaching(n *nodeState) []receiver {
	all := slices.Clone(n.last.receivers)
	for _, r := range b.dedup.receivers() {
		if !slices.Contains(all, r) {
			all = append(all, r)
		}
	}
	for _, name := range b.gatewayNames {
		if !slices.ContainsFunc(all, func(r receiver) bool { return r.concentrator == name }) {
			all = append(all, receiver{concentrator: name})
		}
	}
	return all
}

// flightTimeout is when a concentrator that has not said what became of a
// downlink is no longer waited for. It promises one result for each, so this
// is for a driver that breaks its word: a queue must not stand still for ever.
const flightTimeout = time.Minute
