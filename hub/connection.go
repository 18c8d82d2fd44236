package hub

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
	"go.uber.org/zap"
)

// Patience with the ways out.
const (
	// stopGrace is how long a device that is told to stop may wait for what
	// runs on its behalf.
	stopGrace = 3 * time.Second
	// drainGrace is how long a connection that is told to stop waits for
	// PUBACKs before it says DISCONNECT all the same.
	drainGrace = 2 * time.Second

	pingTimeout = 30 * time.Second
)

// errFinished ends a session in good order.
var errFinished = errors.New("done")

// shared is what all connections of a supervisor have in common.
type shared struct {
	options   Options
	endpoints endpoints
	renewals  renewals
	failures  failures
	random    func() float64
	epoch     time.Time // PINGREQs are grouped from here
}

// connection keeps one device connected.
//
// It takes one goroutine, in step, which connects and then reads. What is to be
// sent is sent by the pump, what has come is handled by the inbox, each in a
// goroutine that lives while there is something to do; deadlines share one
// timer.
type connection struct {
	*shared
	device Device
	ctx    context.Context //nolint:containedctx // the device's life, for its Handler
	board  board
	health health
	pumps  sync.WaitGroup // the pump's goroutine
	tasks  sync.WaitGroup // the inbox's

	session atomic.Pointer[session] // from CONNACK to its end; else nil
	alarms  alarms
	pump    pump
	out     publisher
	in      inbox
	twin    twin

	// Owned by the goroutine in step.
	unwatch   func()
	greeted   bool // "connected" has been said
	toldC2D   bool // that nothing takes C2D messages
	place     Assignment
	move      bool // ask for another assignment
	certStamp atomic.Pointer[certificateStamp]

	stopping atomic.Int64 // when stop was called, since epoch and at least 1; 0: not yet
}

func newConnection(s *shared, d Device) *connection {
	c := &connection{shared: s, device: d}
	c.health.movable = d.Provisioning != (Provisioning{})
	c.health.backoff = backoff{random: s.random, haste: s.options.haste}
	c.alarms.ring = c.ring
	if d.Policy == PolicyLinger || d.Policy == PolicyOnDemand {
		c.pump.work = make(chan struct{}, 1)
	}
	c.board.s = DeviceStatus{
		ID: d.name(), State: StateWaitingForClock, Reason: "the clock is not trusted yet", Since: s.options.Clock.Now(),
	}
	return c
}

// name is what a device goes by.
func (d Device) name() string {
	if d.ID == "" {
		return d.Provisioning.RegistrationID
	}
	return d.ID
}

// logger names the device. It is made when something is said: one kept for
// each device would cost a kilobyte.
func (c *connection) logger() *zap.Logger {
	return c.options.Log.With(zap.String("device", c.device.name()))
}

// start makes ready for the first step.
func (c *connection) start(ctx context.Context) {
	c.ctx = ctx
	c.unwatch = c.watch()
}

// step does the next part of the device's life: to connect, to read until
// something has been handled, to wait. After the last, when ctx has ended, it
// reports false. Each may be called in another goroutine: a stack that has
// grown in a handshake shrinks only by halves, and not at all while a good
// part is in use, which waiting for a packet takes.
func (c *connection) step(ctx context.Context) (more bool) {
	if s := c.session.Load(); s != nil {
		c.trouble(ctx, c.serve(s))
		return true
	}
	if ctx.Err() == nil && c.awaitWork(ctx) {
		c.trouble(ctx, c.begin(ctx))
		return true
	}
	c.renewals.release(c)
	c.unwatch()
	c.awaitTasks()
	c.set(StateStopped, "")
	return false
}

// stop has a device whose context has ended say DISCONNECT.
func (c *connection) stop() {
	c.stopping.CompareAndSwap(0, max(1, int64(time.Since(c.epoch))))
	if s := c.session.Load(); s != nil && s.subscribed.Load() {
		c.drain(s, drainGrace)
	}
}

// trouble waits before the next attempt, if one has failed.
func (c *connection) trouble(ctx context.Context, err error) {
	if err != nil && ctx.Err() == nil {
		c.renewals.release(c)
		c.pause(ctx, explain(err))
	}
}

// watch has the device told of what comes to send.
func (c *connection) watch() (stop func()) {
	var stops []func()
	if f := c.device.Feed; f != nil {
		stops = append(stops, f.Ready().Watch(func() {
			c.out.ready()
			c.kick(workFeed)
		}))
	}
	if r := c.device.Reports; r != nil && r.Ready() != nil {
		stops = append(stops, r.Ready().Watch(func() { c.kick(workReport) }))
	}
	return func() {
		for _, stop := range stops {
			stop()
		}
	}
}

// awaitTasks waits for what runs on the device's behalf, until stopGrace after
// it was told to stop: a Handler may not listen to its context.
func (c *connection) awaitTasks() {
	done := make(chan struct{})
	go func() {
		c.tasks.Wait()
		close(done)
	}()
	grace := stopGrace
	if told := c.stopping.Load(); told != 0 {
		grace -= time.Since(c.epoch) - time.Duration(told)
	}
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
		c.logger().Warn("still handling a message of the device that was told to stop")
	}
}

// begin makes a connection that serve then serves.
func (c *connection) begin(ctx context.Context) error {
	who, expires, err := c.prepare(ctx)
	if err != nil {
		return err
	}
	minted := c.options.Clock.Now()
	leave, err := who.endpoint.enter(ctx)
	if err != nil {
		return err
	}
	s, err := c.open(ctx, who)
	leave()
	if err != nil {
		return err
	}
	c.attach(s, expires, expires.Sub(minted))
	if ctx.Err() != nil { // and stop may have come too early
		c.stop()
	}
	return nil
}

// serve reads until something has been handled, or to the end of the session.
// A nil error there asks for the next at once: the token is to be renewed, the
// device is parked, or is to stop.
func (c *connection) serve(s *session) error {
	err := c.receive(s)
	if err == nil {
		return nil
	}
	ignored := c.detach(s)
	defer c.pumps.Wait() // a feed has one reader
	if errors.Is(err, errFinished) {
		s.close()
		return nil
	}
	s.fail(err)
	return c.health.ended(err, ignored)
}

// open opens a session and subscribes before anything else: while a device is
// connected without that subscription, the hub drops the C2D messages that are
// queued for it.
func (c *connection) open(ctx context.Context, who login) (*session, error) {
	ctx, cancel := context.WithTimeout(ctx, c.options.ConnectTimeout)
	defer cancel()
	s, err := openSession(ctx, who)
	if err != nil {
		return nil, err
	}
	defer s.endWith(ctx)()
	c.alarms.stop() // none of the session before
	c.session.Store(s)
	if filters := c.filters(s); len(filters) > 0 {
		if err := s.subscribe(filters, func(p *packets.PublishPacket) error { return c.route(s, p) }); err != nil {
			s.fail(err)
			c.detach(s)
			return nil, &stepError{stepSubscribe, err}
		}
	}
	return s, nil
}

// filters are what to subscribe to: C2D messages wherever there are any, the
// rest if somebody is interested.
func (c *connection) filters(s *session) []string {
	if s.endpoint.hub.Tier.basic() {
		return nil
	}
	filters := []string{deviceboundFilter(s.deviceID)}
	if c.device.Handler != nil || c.device.Reports != nil {
		filters = append(filters, twinResponseFilter)
	}
	if c.device.Handler != nil {
		filters = append(filters, desiredFilter, methodsFilter)
	}
	return filters
}

// attach begins to use s.
func (c *connection) attach(s *session, expires time.Time, life time.Duration) {
	c.renewals.release(c)
	c.health.connected()
	c.set(StateConnected, "")
	c.board.update(func(b *DeviceStatus) {
		b.Hub = s.endpoint.hub.Host
		b.TokenExpires, b.CertificateExpires = expires, time.Time{}
		if s.certificate != nil {
			b.TokenExpires, b.CertificateExpires = time.Time{}, expires
		}
	})
	if !c.greeted {
		c.greeted = true
		c.logger().Info("connected to the hub")
	}
	c.out.attach(s, c.newest())
	c.awaitPing(s)
	c.alarms.set(alarmSteady, steadyAfter)
	if _, ready := Expiry(c.device.Credential); !ready { // what is made elsewhere cannot be renewed
		c.alarms.set(alarmRenew, time.Duration((0.8+0.1*c.random())*float64(life)))
		c.alarms.set(alarmExpiry, time.Duration(0.95*float64(life)))
	}
	c.touch()
	s.subscribed.Store(true)
	c.kick(workFeed | workTwin | workReport)
}

// detach ends the use of s and reports whether the hub took messages and
// acknowledged none.
func (c *connection) detach(s *session) (ignored bool) {
	c.pump.mu.Lock()
	c.session.CompareAndSwap(s, nil)
	c.pump.mu.Unlock()
	ignored = c.out.detach()
	c.alarms.stop()
	c.twin.detach()
	c.in.detach()
	return ignored
}

// receive reads until a packet has been handled that is more than the answer
// to a PINGREQ.
func (c *connection) receive(s *session) error {
	for {
		p, err := s.read()
		if err != nil {
			return err
		}
		switch p := p.(type) {
		case *packets.PingrespPacket:
			c.alarms.clear(alarmSilence)
			c.awaitPing(s)
		case *packets.PubackPacket:
			c.settle(s, p.MessageID)
			return nil
		case *packets.PublishPacket:
			return c.route(s, p)
		default:
			return errors.New("protocol violation: packet that answers nothing")
		}
	}
}

// pause says what is wrong, if that is news, and waits before the next
// attempt.
func (c *connection) pause(ctx context.Context, f *fault) {
	c.failures.add(reasonOf(f))
	v := c.health.failed(f)
	c.move = c.move || v.move
	if v.news {
		c.logger().Warn(f.sentence, zap.NamedError("cause", f.cause), zap.Duration("next_attempt_in", v.wait.Round(time.Second)))
	}
	c.board.update(func(s *DeviceStatus) { s.Attempts = v.attempts })
	c.set(v.state, f.sentence)
	timer := time.NewTimer(v.wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

func (c *connection) set(state State, reason string) {
	c.board.set(c.options.Clock.Now(), state, reason)
}
