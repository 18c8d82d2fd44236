package hub

import (
	"errors"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"
)

// inboxSize bounds what waits for a device's Handler: of C2D messages, and of
// all else together. The hub sends at most ten C2D messages ahead.
const inboxSize = 32

// Waits before a C2D message that was not taken over is offered again.
const (
	minCloudRetry = time.Second
	maxCloudRetry = time.Minute
)

// errFlood is a hub that sends more C2D messages than it may. A new connection
// begins with the oldest again.
var errFlood = errors.New("more C2D messages without PUBACK than a hub sends")

// job is a call of a device's Handler.
type job interface {
	do(c *connection)
	drop() // instead of do: its session has ended
}

// delivery is a C2D message on its way to the Handler.
type delivery struct {
	session *session
	id      uint16 // MQTT packet id; 0: QoS 0
	message CloudMessage
}

// receipt is the PUBACK of a message that is none for the Handler to mind.
type receipt struct {
	session *session
	id      uint16
}

func (r *receipt) do(*connection) {
	_ = r.session.acknowledge(r.id) // a failed write ends the session, which is its reader's to tell
}

func (*receipt) drop() {}

// inbox holds what came from the hub for a device's Handler, which is called
// in a goroutine that lives only while there is something. C2D messages stand
// in a queue of their own: one that cannot be taken over yet must not hold up
// method calls.
type inbox struct {
	mu      sync.Mutex
	calls   []job // methods and twins, in order
	cloud   []*delivery
	running bool
	paused  bool // the oldest C2D message is to be offered again later
	retry   time.Duration
}

// call queues j, and reports whether there was room.
func (c *connection) call(j job) bool {
	c.in.mu.Lock()
	defer c.in.mu.Unlock()
	if len(c.in.calls) >= inboxSize {
		return false
	}
	c.in.calls = append(c.in.calls, j)
	c.startHandling()
	return true
}

// deliver queues a C2D message. One that is sent again while it still waits
// is the same.
func (c *connection) deliver(d *delivery) error {
	c.in.mu.Lock()
	defer c.in.mu.Unlock()
	if d.id != 0 && slices.ContainsFunc(c.in.cloud, func(q *delivery) bool { return q.id == d.id && q.session == d.session }) {
		return nil
	}
	if len(c.in.cloud) >= inboxSize {
		return errFlood
	}
	c.in.cloud = append(c.in.cloud, d)
	c.startHandling()
	return nil
}

// startHandling makes sure that the goroutine runs. c.in.mu is held.
func (c *connection) startHandling() {
	if !c.in.running {
		c.in.running = true
		c.tasks.Add(1)
		go c.handle()
	}
}

// resume offers the oldest C2D message again.
func (c *connection) resume() {
	c.in.mu.Lock()
	defer c.in.mu.Unlock()
	c.in.paused = false
	if len(c.in.cloud) > 0 {
		c.startHandling()
	}
}

// handle calls the Handler until nothing waits.
func (c *connection) handle() {
	defer c.tasks.Done()
	for {
		j := c.in.next()
		if j == nil {
			break
		}
		j.do(c)
		c.touch()
	}
	if s := c.session.Load(); s != nil {
		c.finishIfDrained(s)
	}
}

// next is what to do next; nil: the goroutine ends. A C2D message stays in
// its queue until it has been taken over.
func (in *inbox) next() job {
	in.mu.Lock()
	defer in.mu.Unlock()
	if len(in.calls) > 0 {
		j := in.calls[0]
		in.calls = in.calls[1:]
		return j
	}
	if len(in.cloud) > 0 && !in.paused {
		return in.cloud[0]
	}
	in.calls, in.running = nil, false
	return nil
}

// detach drops what came over a session that has ended: the hub sends again
// what it has no PUBACK for.
func (in *inbox) detach() {
	in.mu.Lock()
	calls := in.calls
	in.calls, in.cloud, in.paused, in.retry = nil, nil, false, 0
	in.mu.Unlock()
	for _, j := range calls {
		j.drop()
	}
}

// idle reports whether no call is under way and none waits.
func (in *inbox) idle() bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	return !in.running && len(in.calls) == 0
}

// do offers the message, and tells the hub when it was taken over.
func (d *delivery) do(c *connection) {
	err := c.device.Handler.CloudMessage(c.ctx, d.message)
	taken, wait := c.in.offered(d, err)
	switch {
	case wait > 0:
		if wait == minCloudRetry {
			c.logger().Warn("a C2D message cannot be taken over yet, trying again: it stays in the hub",
				zap.String("message_id", d.message.ID), zap.Error(err))
		}
		c.alarms.set(alarmCloud, wait)
	case taken:
		d.session.endpoint.quota.add(d.message.size())
		if d.id != 0 {
			_ = d.session.acknowledge(d.id) // a failed write ends the session, which is its reader's to tell
		}
	}
}

func (d *delivery) drop() {}

// offered takes d out of the queue after a success, or pauses for wait.
// Neither, if d is no longer there: its session has ended.
func (in *inbox) offered(d *delivery, err error) (taken bool, wait time.Duration) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if len(in.cloud) == 0 || in.cloud[0] != d {
		return false, 0
	}
	if err != nil {
		in.paused = true
		in.retry = min(max(2*in.retry, minCloudRetry), maxCloudRetry)
		d.message.Duplicate = true
		return false, in.retry
	}
	in.cloud, in.retry = in.cloud[1:], 0
	if len(in.cloud) == 0 {
		in.cloud = nil
	}
	return true, 0
}
