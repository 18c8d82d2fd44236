package hub

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"
)

// feedRetry is the wait after a feed could not be read.
const feedRetry = 5 * time.Second

// drainGrace is how long a connection that is told to stop waits for PUBACKs
// before it says DISCONNECT all the same.
const drainGrace = 2 * time.Second

// steadyAfter is how long a connection must last to count as one that works
// although it has nothing to send, and that nobody kicks off.
const steadyAfter = time.Minute

// errAmbiguous is a packet id given out twice; no PUBACK could be told apart.
var errAmbiguous = errors.New("packet id in use twice")

// publisher moves messages from a device's feed to one session, in order. All
// of it belongs to the goroutine in run.
type publisher struct {
	device   Device
	session  *session
	timeout  time.Duration // for a PUBACK
	log      *zap.Logger
	onAck    func()               // after each PUBACK
	onSteady func()               // once, when steadyAfter has passed
	onSkip   func(Message, error) // for each message that the hub can never take

	renew    <-chan time.Time // when the token should be renewed; nil: never
	slot     chan<- struct{}  // taken before renewing
	slotHeld bool

	flying   window
	after    uint64 // Seq of the last message taken from the feed
	more     bool   // the feed may have more than was taken
	draining bool   // no new messages
	steady   bool
	acked    int
	ackTimer *time.Timer
	retry    <-chan time.Time // of a feed that could not be read
	broken   bool             // the last try to read the feed failed
}

// run publishes until the session fails, or until ctx or the token's age ends
// it in good order: then the error is nil, and slotHeld tells that the slot
// for renewal was taken.
func (p *publisher) run(ctx context.Context) error {
	err := p.loop(ctx)
	p.catchUp()
	return err
}

func (p *publisher) loop(ctx context.Context) error {
	p.more = true
	p.ackTimer = time.NewTimer(p.timeout)
	defer p.ackTimer.Stop()
	steady := time.NewTimer(steadyAfter)
	defer steady.Stop()
	stop := ctx.Done()
	var slot chan<- struct{}
	var giveUp <-chan time.Time
	ready := p.device.Feed.Ready()
	for {
		if err := p.fill(ctx); err != nil {
			return err
		}
		if p.draining && p.flying.empty() {
			return nil
		}
		if p.draining { // what comes is for the next connection to hear of
			ready = nil
		}
		select {
		case id := <-p.session.link.acks:
			p.settle(id)
		case <-ready:
			p.more = true
		case <-p.retry:
			p.retry, p.more = nil, true
		case <-p.ackTimer.C:
			if err := p.overdue(); err != nil {
				return err
			}
		case <-p.session.link.down:
			return p.session.link.reason()
		case <-steady.C:
			p.steady = true
			if p.ignored() { // a hub whose quota is used up keeps the connection too
				steady.Reset(steadyAfter)
				continue
			}
			p.onSteady()
		case <-p.renew:
			p.renew, slot = nil, p.slot
		case slot <- struct{}{}:
			slot, p.slotHeld, p.draining = nil, true, true
		case <-stop:
			stop, slot, p.draining = nil, nil, true
			giveUp = time.After(drainGrace)
		case <-giveUp:
			return nil
		}
	}
}

// fill takes from the feed what the window has room for, until ctx ends: on a
// slow network each message may take its time.
func (p *publisher) fill(ctx context.Context) error {
	for p.more && !p.draining && p.retry == nil && p.flying.room() > 0 && ctx.Err() == nil {
		room := p.flying.room()
		messages, err := p.device.Feed.Pending(p.after, room)
		if err != nil {
			p.unreadable(err)
			return nil
		}
		p.broken, p.more = false, len(messages) > 0
		for _, m := range messages {
			if ctx.Err() != nil {
				return nil
			}
			if err := p.send(m); err != nil {
				return err
			}
		}
	}
	return nil
}

// send publishes m. A message that the hub can never take would block all
// after it, so it is passed over; it stays in the feed, unacknowledged.
func (p *publisher) send(m Message) error {
	p.after = m.Seq
	topic, err := eventsTopic(p.device.ID, m)
	if err != nil {
		p.onSkip(m, err)
		return nil
	}
	id, err := p.session.publish(topic, m.Body)
	if err != nil {
		return fmt.Errorf("PUBLISH: %w", err)
	}
	if p.flying.empty() {
		p.ackTimer.Reset(p.timeout)
	}
	if !p.flying.add(flight{seq: m.Seq, id: id, sent: time.Now()}) {
		return errAmbiguous
	}
	return nil
}

// unreadable says once that the feed cannot be read, and arranges to try
// again.
func (p *publisher) unreadable(err error) {
	if !p.broken {
		p.log.Warn("cannot read the queue of messages to the hub, trying again", zap.Error(err))
	}
	p.broken, p.retry = true, time.After(feedRetry)
}

// settle forgets the message that the hub has acknowledged.
func (p *publisher) settle(id uint16) {
	seq, ok := p.flying.settle(id)
	if !ok {
		return
	}
	p.device.Feed.Done(seq)
	p.acked++
	if sent, ok := p.flying.oldest(); ok {
		p.ackTimer.Reset(max(time.Until(sent.Add(p.timeout)), 0))
	}
	p.onAck()
}

// overdue reports whether the oldest message has waited too long.
func (p *publisher) overdue() error {
	sent, ok := p.flying.oldest()
	if !ok {
		return nil
	}
	if left := time.Until(sent.Add(p.timeout)); left > 0 {
		p.ackTimer.Reset(left)
		return nil
	}
	return errNoPubAck
}

// catchUp takes in the acknowledgements that came before the end.
func (p *publisher) catchUp() {
	for {
		select {
		case id := <-p.session.link.acks:
			p.settle(id)
		default:
			return
		}
	}
}

// ignored reports whether the hub took messages and acknowledged none.
func (p *publisher) ignored() bool { return p.acked == 0 && !p.flying.empty() }
