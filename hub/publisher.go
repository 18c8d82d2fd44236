package hub

import (
	"fmt"
	"sync"
	"time"

	"go.uber.org/zap"
	"golang.org/x/time/rate"
)

const (
	// feedRetry is the wait after a feed could not be read.
	feedRetry = 5 * time.Second

	// When the quota runs short a device sends one message each batchInterval
	// with up to batchEntries in it, in the size that the paid tiers count as
	// one.
	batchInterval = 10 * time.Minute
	batchEntries  = 64
	batchBytes    = 4096
)

// publisher moves messages from a device's feed to its session, in the order
// that Device.Replay wants.
type publisher struct {
	mu       sync.Mutex
	session  *session // nil: none
	flying   window
	runs     runs
	more     bool // the feed may have more than was taken
	draining bool // no new messages
	acked    int
	broken   bool // the last try to read the feed failed

	paid        bool              // the next message has its place under the throttle
	reservation *rate.Reservation // of such a place, in the future
	nextBatch   time.Time
}

// attach starts anew: whatever was not acknowledged is sent again. newest is
// nil, or what tells a backlog [Backlog.Newest].
func (p *publisher) attach(s *session, newest func() uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.session, p.flying, p.acked = s, window{latest: subscribeID}, 0
	p.runs.begin(time.Now(), newest)
	p.more, p.draining = true, false
}

// detach forgets the session and reports whether it took messages and
// acknowledged none.
func (p *publisher) detach() (ignored bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	ignored = p.ignored()
	p.session, p.flying, p.runs.left = nil, window{}, time.Now()
	return ignored
}

// drain lets no new messages into s and calls begun, unless s has ended.
func (p *publisher) drain(s *session, begun func()) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.session != s {
		return false
	}
	p.draining = true
	begun()
	return true
}

// ignored: the hub took messages and acknowledged none. p.mu is held.
func (p *publisher) ignored() bool { return p.acked == 0 && !p.flying.empty() }

// idle reports whether nothing is in flight and nothing is known to wait.
func (p *publisher) idle() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.flying.empty() && (!p.more || p.draining)
}

// ready notes that the feed may have more.
func (p *publisher) ready() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.more = true
}

// ask returns which runs to ask the feed for, and for how many messages; none:
// it is not the time. What is told by ready from here on counts.
func (p *publisher) ask(s *session) (open []run, room int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.session != s || p.draining || !p.more || p.flying.room() == 0 {
		return nil, 0
	}
	p.more = false
	return p.runs.open(), p.flying.room()
}

// launch notes that the messages up to seq are on their way. Not ok: no
// longer with s.
func (p *publisher) launch(s *session, seq uint64, seqs []uint64) (id uint16, first, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.session != s || p.draining || p.flying.room() == 0 {
		return 0, false, false
	}
	p.runs.of(seq).after, p.paid = seq, false
	first = p.flying.empty()
	return p.flying.add(flight{seq: seq, more: seqs, sent: time.Now()}), first, true
}

// pace returns how long to wait for a place under limiter's throttle.
func (p *publisher) pace(limiter *rate.Limiter) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if limiter == nil || p.paid {
		return 0
	}
	if p.reservation == nil {
		p.reservation = limiter.Reserve()
	}
	wait := p.reservation.Delay()
	if wait == 0 {
		p.reservation, p.paid = nil, true
	}
	return wait
}

// fill takes from the feed what there is room for.
func (c *connection) fill(s *session) {
	if c.device.Feed == nil {
		return
	}
	for {
		open, room := c.out.ask(s)
		if room == 0 {
			return
		}
		how, wait := c.allowance(s)
		if wait > 0 {
			c.out.ready() // it still has what it had
			c.alarms.set(alarmFeed, wait)
			return
		}
		messages, err := c.takeFirst(how, open, room)
		if err != nil {
			c.unreadable(err)
			return
		}
		c.out.readable(len(messages) > 0)
		for _, m := range messages {
			if !c.send(s, how, m) {
				return
			}
		}
	}
}

// readable notes that the feed could be read, and whether there may be more.
func (p *publisher) readable(more bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.broken = false
	p.more = p.more || more
}

// allowance says how the next messages may be sent, or how long to wait.
func (c *connection) allowance(s *session) (how advice, wait time.Duration) {
	how = s.endpoint.quota.advise()
	if how.hold > 0 { // and then not all at once
		return how, how.hold + time.Duration(c.random()*float64(time.Minute))
	}
	if how.batch {
		if _, can := c.device.Feed.(Batcher); !can {
			how.batch = false
		} else if wait := time.Until(c.out.nextBatch); wait > 0 {
			return how, wait
		}
	}
	return how, c.out.pace(s.endpoint.publishes)
}

// outgoing is a message, or several in one.
type outgoing struct {
	Message
	seqs []uint64 // of a batch
}

// takeFirst takes from the first of the runs that has something.
func (c *connection) takeFirst(how advice, open []run, room int) ([]outgoing, error) {
	for _, r := range open {
		if messages, err := c.take(how, r, room); err != nil || len(messages) > 0 {
			return messages, err
		}
	}
	return nil, nil
}

// take asks the feed. A paced device takes one at a time: what is rendered
// is sent at once.
func (c *connection) take(how advice, from run, room int) ([]outgoing, error) {
	if batcher, can := c.device.Feed.(Batcher); can && how.batch {
		m, seqs, err := batcher.Batch(from.after, from.upTo, batchEntries, batchBytes)
		if err != nil || len(seqs) == 0 {
			return nil, err
		}
		c.out.nextBatch = time.Now().Add(batchInterval)
		return []outgoing{{m, seqs}}, nil
	}
	if c.out.paid {
		room = 1
	}
	messages, err := c.device.Feed.Pending(from.after, room)
	all := make([]outgoing, 0, len(messages))
	for _, m := range messages {
		if m.Seq <= from.upTo {
			all = append(all, outgoing{Message: m})
		}
	}
	return all, err
}

// send publishes m, and reports whether to go on. A message that the hub can
// never take would block all after it, so it is passed over; it stays in the
// feed, unacknowledged.
func (c *connection) send(s *session, how advice, m outgoing) bool {
	if dropper, can := c.device.Feed.(Dropper); can && how.dropLow && m.Low {
		c.out.pass(m.Seq)
		dropper.Drop(m.Seq)
		return true
	}
	topic, err := eventsTopic(s.deviceID, m.Message)
	if err != nil {
		if c.out.pass(m.Seq) {
			c.logger().Error("message cannot be sent to the hub, passing it over", zap.String("message_id", m.ID), zap.Error(err))
		}
		return true
	}
	id, first, ok := c.out.launch(s, m.Seq, m.seqs)
	if !ok {
		c.out.ready() // the rest is for another time
		return false
	}
	if first {
		c.alarms.set(alarmPubAck, c.options.PubAckTimeout)
	}
	// Before it is written: the PUBACK may be here first, and one that fails may
	// have arrived.
	s.endpoint.quota.add(m.size())
	if err := s.publish(topic, m.Body, 1, id); err != nil {
		s.fail(fmt.Errorf("PUBLISH: %w", err))
		return false
	}
	c.touch()
	return true
}

// pass goes on behind seq, and reports whether that is new.
func (p *publisher) pass(seq uint64) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.runs.of(seq).pass(seq)
}

// unreadable says once that the feed cannot be read, and arranges to try
// again.
func (c *connection) unreadable(err error) {
	c.out.mu.Lock()
	said := c.out.broken
	c.out.broken, c.out.more = true, true
	c.out.mu.Unlock()
	if !said {
		c.logger().Warn("cannot read the queue of messages to the hub, trying again", zap.Error(err))
	}
	c.alarms.set(alarmFeed, feedRetry)
}

// settle forgets the messages that the hub has acknowledged. A PUBACK that
// answers nothing that was sent on this connection changes nothing.
func (c *connection) settle(s *session, id uint16) {
	p := &c.out
	p.mu.Lock()
	if p.session != s {
		p.mu.Unlock()
		return
	}
	f, ok := p.flying.settle(id)
	if !ok {
		p.mu.Unlock()
		return
	}
	p.acked++
	more := p.more && !p.draining
	oldest, waiting := p.flying.oldest()
	p.mu.Unlock()

	for _, seq := range f.more {
		c.device.Feed.Done(seq)
	}
	if f.more == nil {
		c.device.Feed.Done(f.seq)
	}
	if waiting {
		c.alarms.set(alarmPubAck, time.Until(oldest.Add(c.options.PubAckTimeout)))
	} else {
		c.alarms.clear(alarmPubAck)
	}
	c.acknowledged()
	if more {
		c.kick(workFeed)
	}
	c.finishIfDrained(s)
}

// overdue ends a session whose oldest message has waited too long.
func (c *connection) overdue(s *session) {
	c.out.mu.Lock()
	oldest, waiting := c.out.flying.oldest()
	c.out.mu.Unlock()
	if !waiting {
		return
	}
	if left := time.Until(oldest.Add(c.options.PubAckTimeout)); left > 0 {
		c.alarms.set(alarmPubAck, left)
		return
	}
	s.fail(errNoPubAck)
}
