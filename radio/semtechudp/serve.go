package semtechudp

import (
	"context"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"gatewayd/radio"
	"gatewayd/radio/forwarded"
)

// idle is how long the schedules are left alone when nothing is due.
const idle = 10 * time.Second

// attend opens the port and serves it until ctx ends or it breaks.
func (c *Concentrator) attend(ctx context.Context, up chan<- radio.Uplink, tx chan<- radio.TxResult) error {
	sock, err := c.bind(ctx, c.o.Listen)
	if err != nil {
		return err
	}
	c.open(sock)
	group, serving := errgroup.WithContext(ctx)
	stop := context.AfterFunc(serving, func() { _ = sock.Close() })
	group.Go(func() error { return c.receive(sock, up, tx) })
	group.Go(func() error { return c.tend(serving, tx) })
	err = group.Wait()
	if stop() {
		_ = sock.Close()
	}
	c.report(tx, c.shut())
	return err
}

// open lets downlinks in.
func (c *Concentrator) open(sock socket) {
	now := c.clock.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sock = sock
	c.enter("listening", now)
	c.log.Info("listening for packet forwarders")
}

// shut lets no more downlinks in, and returns what becomes of those that
// still wait.
func (c *Concentrator) shut() []radio.TxResult {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sock = nil
	var results []radio.TxResult
	for _, g := range c.table.sorted() {
		results = append(results, c.abandon(g, radio.TxNotRunning, "the listener stopped before its result was known")...)
	}
	return results
}

// abandon gives up what waits for g. c.mu is held.
func (c *Concentrator) abandon(g *gateway, reason radio.TxReason, why string) []radio.TxResult {
	var results []radio.TxResult
	for _, e := range append(schedule(nil), g.queue...) {
		if !e.reported {
			results = append(results, c.settle(g, e, forwarded.Refuse(reason, "%s", why)))
		}
	}
	return results
}

// settle ends e. c.mu is held.
func (c *Concentrator) settle(g *gateway, e *emission, err error) radio.TxResult {
	g.settle(e, err)
	return radio.TxResult{Concentrator: c.o.Name, ID: e.id, Err: err}
}

// report passes results on. c.mu is not held: it may wait.
func (c *Concentrator) report(tx chan<- radio.TxResult, results []radio.TxResult) {
	for _, r := range results {
		tx <- r
	}
}

// receive takes datagrams until the socket is closed.
func (c *Concentrator) receive(sock socket, up chan<- radio.Uplink, tx chan<- radio.TxResult) error {
	buf := make([]byte, maxSize)
	for {
		n, from, err := sock.ReadFromUDPAddrPort(buf)
		if err != nil {
			return err
		}
		c.report(tx, c.take(buf[:n], from, c.clock.Now(), up))
	}
}

// tend sends what was held back, and gives up on TX_ACKs.
func (c *Concentrator) tend(ctx context.Context, tx chan<- radio.TxResult) error {
	for {
		results, next := c.due(c.clock.Now())
		c.report(tx, results)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-c.wake:
		case <-c.clock.After(next):
		}
	}
}

// due does what is due at now, and says how long nothing will be.
func (c *Concentrator) due(now time.Time) (results []radio.TxResult, next time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	next = idle
	for _, g := range c.table.gateways {
		c.hush(g, now)
		for _, e := range append(schedule(nil), g.queue...) {
			if e.reported {
				continue
			}
			r, ended := c.advance(g, e, now)
			if ended {
				results = append(results, r)
				continue
			}
			next = min(next, e.next().Sub(now))
		}
	}
	return results, max(next, 0)
}

// next is when something happens to e.
func (e *emission) next() time.Time {
	if e.body != nil {
		return e.due
	}
	return e.ackBy
}

// advance does what is due for e; ended: r is its result. c.mu is held.
func (c *Concentrator) advance(g *gateway, e *emission, now time.Time) (r radio.TxResult, ended bool) {
	switch {
	case now.Before(e.next()):
		return r, false
	case e.body == nil:
		return c.settle(g, e, g.unacknowledged()), true
	}
	if err := c.hand(g, e, now); err != nil {
		return c.settle(g, e, err), true
	}
	return r, false
}

// hush says once that a gateway is gone. c.mu is held.
func (c *Concentrator) hush(g *gateway, now time.Time) {
	if g.silent || now.Sub(g.last) < silentAfter {
		return
	}
	g.silent = true
	if c.talk.AllowN(now, 1) {
		c.log.Warn("gateway is silent", zap.Stringer("gateway_eui", g.eui), zap.Duration("for", now.Sub(g.last).Round(time.Second)))
	}
}
