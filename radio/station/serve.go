package station

import (
	"context"
	"net/http"
	"sync"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"gatewayd/radio"
	"gatewayd/radio/forwarded"
)

const (
	// idle is how long the schedules are left alone when nothing is due.
	idle = 10 * time.Second

	// Limits of HTTP, before a connection is a WebSocket.
	headerWithin = 10 * time.Second
	maxHeader    = 8 << 10
)

// service is the time from opening the port to closing it.
type service struct {
	c    *Concentrator
	ctx  context.Context // a WebSocket outlives its request, but not this
	up   chan<- radio.Uplink
	tx   chan<- radio.TxResult
	work sync.WaitGroup // handlers at work
}

// attend opens the port and serves it until ctx ends or it breaks.
func (c *Concentrator) attend(ctx context.Context, up chan<- radio.Uplink, tx chan<- radio.TxResult) error {
	listener, err := c.listen(ctx)
	if err != nil {
		return err
	}
	group, serving := errgroup.WithContext(ctx)
	s := &service{c: c, ctx: serving, up: up, tx: tx}
	server := &http.Server{Handler: s, ReadHeaderTimeout: headerWithin, MaxHeaderBytes: maxHeader, ErrorLog: c.quiet()}
	stop := context.AfterFunc(serving, func() { _ = server.Close() })
	defer stop()
	c.begin()
	group.Go(func() error { return server.Serve(listener) })
	group.Go(func() error { return c.tend(serving, tx) })
	err = group.Wait()
	c.shut()
	s.work.Wait()
	return err
}

// begin lets stations and downlinks in.
func (c *Concentrator) begin() {
	now := c.clock.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open = true
	c.enter("listening", now)
	c.log.Info("listening for stations", zap.Bool("tls", c.o.TLSCert != ""))
}

// shut lets nobody in any more. What waits ends with the connections.
func (c *Concentrator) shut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open = false
}

// start begins the work of a handler; false if it is too late for it.
func (s *service) start() bool {
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	if !s.c.open {
		return false
	}
	s.work.Add(1)
	return true
}

// report passes results on. c.mu is not held: it may wait.
func report(tx chan<- radio.TxResult, results []radio.TxResult) {
	for _, r := range results {
		tx <- r
	}
}

// tend gives up on confirmations that do not come.
func (c *Concentrator) tend(ctx context.Context, tx chan<- radio.TxResult) error {
	for {
		results, next := c.due(c.clock.Now())
		report(tx, results)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-c.wake:
		case <-c.clock.After(next):
		}
	}
}

// due gives up what is due at now, and says how long nothing will be.
func (c *Concentrator) due(now time.Time) (results []radio.TxResult, next time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	next = idle
	for _, g := range c.table.gateways {
		for _, e := range g.queue.waiting() {
			if left := e.until.Sub(now); left > 0 {
				next = min(next, left)
				continue
			}
			results = append(results, c.settle(g, e, forwarded.Refuse(radio.TxHardware,
				"station %s did not confirm it: dropped for its duty cycle, a busy channel or lateness", g.eui)))
		}
	}
	return results, next
}
