package hub

import (
	"sync"
	"time"
)

// work is what a device's connection has to send, as a set.
type work uint8

const (
	workFeed   work = 1 << iota // messages
	workPing                    // PINGREQ
	workTwin                    // read the twin
	workReport                  // reported properties
)

// pump sends, in a goroutine that lives only while there is something to
// send: whoever finds work must not wait for the network.
type pump struct {
	mu      sync.Mutex
	todo    work
	running bool
	work    chan struct{} // capacity 1: told of work while not connected; nil: nobody listens
}

// kick adds work and makes sure that it is done. It does not block.
func (c *connection) kick(w work) {
	p := &c.pump
	p.mu.Lock()
	p.todo |= w
	s := c.session.Load()
	connected := s != nil && s.subscribed.Load()
	start := connected && !p.running
	if start {
		p.running = true
		c.pumps.Add(1)
	}
	p.mu.Unlock()
	if start {
		go c.runPump()
	}
	if !connected && p.work != nil {
		select {
		case p.work <- struct{}{}:
		default:
		}
	}
}

// runPump does all there is to do.
func (c *connection) runPump() {
	defer c.pumps.Done()
	for {
		s, todo := c.nextWork()
		if todo == 0 {
			return
		}
		if todo&workPing != 0 {
			c.ping(s)
		}
		if todo&workTwin != 0 {
			c.readTwin(s)
		}
		if todo&workReport != 0 {
			c.report(s)
		}
		if todo&workFeed != 0 {
			c.fill(s)
		}
	}
}

// nextWork takes the work that has come up; none: the goroutine ends.
func (c *connection) nextWork() (*session, work) {
	p := &c.pump
	p.mu.Lock()
	defer p.mu.Unlock()
	s := c.session.Load()
	if s == nil || !s.subscribed.Load() || p.todo == 0 {
		p.running = false
		return nil, 0
	}
	todo := p.todo
	p.todo = 0
	return s, todo
}

// ping sends PINGREQ, unless the line has come alive meanwhile.
func (c *connection) ping(s *session) {
	if s.quiet() < s.keepAlive-pingSlot(s.keepAlive) {
		c.awaitPing(s)
		return
	}
	c.alarms.set(alarmSilence, pingTimeout)
	_ = s.ping() // a failed write ends the session, which is its reader's to tell
}

// pingSlot is how much earlier than it must a PINGREQ may go.
func pingSlot(keepAlive time.Duration) time.Duration {
	return min(keepAlive/8, 15*time.Second).Truncate(time.Second)
}

// awaitPing sets the time of the next PINGREQ. Devices whose time is near go
// together: to wake an idle process costs more than what it then does.
func (c *connection) awaitPing(s *session) {
	wait := s.keepAlive - s.quiet()
	if slot := pingSlot(s.keepAlive); slot > 0 {
		wait -= (time.Since(c.epoch) + wait) % slot
	}
	c.alarms.set(alarmPing, wait)
}
