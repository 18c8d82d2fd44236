package hub

import (
	"context"
	"errors"
	"time"

	"go.uber.org/zap"
	"golang.org/x/time/rate"

	"gatewayd/internal/secret"
)

// stopGrace is how long a connection that is told to stop may wait for
// PUBACKs before it is cut.
const stopGrace = 3 * time.Second

// A connection that ends within steadyAfter of CONNACK this many times in a
// row is taken to be kicked off.
const kicksToTell = 3

// shared is what all connections of a supervisor have in common.
type shared struct {
	options Options
	limiter *rate.Limiter // of new connections
	turn    chan struct{} // capacity 1: held by the one that waits for limiter
	renewal chan struct{} // capacity 1: held by the one that renews its token
	random  func() float64
}

// connection keeps one device connected. All of it but the board belongs to
// the goroutine in run.
type connection struct {
	*shared
	device Device
	log    *zap.Logger
	board  board

	backoff     backoff
	outage      outage
	greeted     bool      // "connected" has been said
	connectedAt time.Time // latest CONNACK
	kicks       int       // connections in a row that ended within steadyAfter
	refusals    int       // in a row
	slotHeld    bool
	skipped     uint64 // highest Seq of a message that the hub can never take
}

func newConnection(s *shared, d Device) *connection {
	c := &connection{
		shared:  s,
		device:  d,
		log:     s.options.Log.With(zap.String("device", d.ID)),
		backoff: backoff{random: s.random},
	}
	c.board.s = DeviceStatus{ID: d.ID, State: StateStarting, Since: s.options.Clock.Now()}
	return c
}

// run connects and connects again until ctx ends; then it drains and says
// DISCONNECT.
func (c *connection) run(ctx context.Context) {
	for ctx.Err() == nil {
		if err := c.attempt(ctx); err != nil && ctx.Err() == nil {
			c.releaseSlot()
			c.pause(ctx, explain(err))
		}
	}
	c.releaseSlot()
	c.set(StateStopped, "")
}

// attempt is one connection from beginning to end. A nil error asks for the
// next at once: the token is to be renewed, or ctx has ended.
func (c *connection) attempt(ctx context.Context) error {
	who, expires, err := c.prepare(ctx)
	if err != nil {
		return err
	}
	minted := c.options.Clock.Now()
	c.set(StateConnecting, c.board.read().Reason)
	var told bool
	s, err := openSession(ctx, c.options, who, func(topic string) {
		if !told {
			told = true
			c.tellC2D(topic)
		}
	})
	if err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { time.AfterFunc(stopGrace, s.link.abort) })()
	c.connected(expires)
	return c.publish(ctx, s, renewalTime(c.device.Credential, expires.Sub(minted), c.random()))
}

// prepare waits until it is this device's turn and returns what to connect
// with.
func (c *connection) prepare(ctx context.Context) (login, time.Time, error) {
	reason := c.board.read().Reason
	if c.board.read().State == StateStarting {
		c.set(StateWaitingForClock, "the clock is not trusted yet")
	}
	if err := c.options.Clock.WaitTrusted(ctx); err != nil {
		return login{}, time.Time{}, err
	}
	// Asked twice: a credential that gives no token shall not take a turn, and
	// a token shall be signed when the turn has come.
	if _, _, err := c.token(); err != nil {
		return login{}, time.Time{}, err
	}
	c.set(StateConnecting, reason)
	if err := c.awaitTurn(ctx); err != nil {
		return login{}, time.Time{}, err
	}
	token, expires, err := c.token()
	return login{c.device.ID, token}, expires, err
}

// awaitTurn waits until one more connection may be made. One device at a time
// asks the limiter: it does not take back the reservations of those that are
// told to stop while others stand behind them.
func (c *connection) awaitTurn(ctx context.Context) error {
	select {
	case c.turn <- struct{}{}:
		defer func() { <-c.turn }()
		return c.limiter.Wait(ctx)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// token asks the credential for a token.
func (c *connection) token() (secret.Text, time.Time, error) {
	if err := CheckDeviceID(c.device.ID); err != nil {
		return secret.Text{}, time.Time{}, credentialError{err}
	}
	o := c.options
	token, expires, err := c.device.Credential.Token(Resource(o.Host, c.device.ID), o.Clock.Now(), o.TokenTTL)
	if err != nil {
		return secret.Text{}, time.Time{}, credentialError{err}
	}
	return token, expires, nil
}

// renewalTime returns when to renew a token of the given life: at 80 to 90 %
// of it. Ready-made tokens cannot be renewed.
func renewalTime(c Credential, life time.Duration, random float64) <-chan time.Time {
	if _, ready := Expiry(c); ready {
		return nil
	}
	return time.After(time.Duration((0.8 + 0.1*random) * float64(life)))
}

// connected notes that the hub has let the device in.
func (c *connection) connected(expires time.Time) {
	c.releaseSlot()
	c.connectedAt = time.Now()
	c.refusals = 0
	c.set(StateConnected, "")
	c.board.update(func(s *DeviceStatus) { s.TokenExpires = expires })
	if !c.greeted {
		c.greeted = true
		c.log.Info("connected to the hub")
	}
}

// publish sends messages over s until it ends.
func (c *connection) publish(ctx context.Context, s *session, renew <-chan time.Time) error {
	p := &publisher{
		device:   c.device,
		session:  s,
		timeout:  c.options.PubAckTimeout,
		log:      c.log,
		onAck:    c.acknowledged,
		onSteady: c.steady,
		onSkip:   c.skip,
		renew:    renew,
		slot:     c.renewal,
	}
	err := p.run(ctx)
	c.slotHeld = p.slotHeld
	if err == nil {
		s.close()
		return nil
	}
	s.abort()
	return c.kicked(err, p.steady, p.ignored())
}

// kicked counts connections that the hub ended soon after it had let them in.
func (c *connection) kicked(err error, steady, ignored bool) error {
	if steady || !closedByPeer(err) {
		c.kicks = 0
		return err
	}
	c.kicks++
	if c.kicks < kicksToTell {
		return err
	}
	return kickedError{times: c.kicks, ignored: ignored, err: err}
}

// acknowledged is called after each PUBACK: the way to the hub works. CONNACK
// does not show that: a hub whose quota is used up sends it too.
func (c *connection) acknowledged() {
	now := c.options.Clock.Now()
	c.board.update(func(s *DeviceStatus) { s.LastPubAck = now })
	c.backoff.reset()
	if c.kicks < kicksToTell {
		c.recovered()
	}
}

// steady is called when the connection has lasted.
func (c *connection) steady() {
	c.kicks = 0
	c.backoff.reset()
	c.recovered()
}

// recovered ends an outage, if there was one.
func (c *connection) recovered() {
	since, attempts, was := c.outage.over()
	if !was {
		return
	}
	c.board.update(func(s *DeviceStatus) { s.Attempts = 0 })
	c.log.Info("connected again",
		zap.Duration("after", c.connectedAt.Sub(since).Round(time.Second)), zap.Int("attempts", attempts))
}

// pause says what is wrong, if that is news, and waits before the next
// attempt.
func (c *connection) pause(ctx context.Context, f *fault) {
	state, wait := c.verdict(f)
	if c.outage.failed(time.Now(), f.sentence) {
		c.log.Warn(f.sentence, zap.NamedError("cause", f.cause), zap.Duration("next_attempt_in", wait.Round(time.Second)))
	}
	c.board.update(func(s *DeviceStatus) { s.Attempts = c.outage.attempts })
	c.set(state, f.sentence)
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// verdict says how long to wait after f. What only an operator can cure is
// tried slowly: refused connections count against the hub's throttle. The
// first refusal is answered with a fresh token at once.
func (c *connection) verdict(f *fault) (State, time.Duration) {
	if _, bad := errors.AsType[credentialError](f); bad {
		return StateWaitingForCredentials, c.backoff.slow()
	}
	if _, kicked := errors.AsType[kickedError](f); kicked {
		return StateBackingOff, c.backoff.slow()
	}
	if refused, ok := errors.AsType[refusedError](f); ok && refused.code == connackVersion {
		return StateBackingOff, c.backoff.slow()
	}
	if refusal(f) {
		c.refusals++
		if c.refusals > 1 {
			return StateBackingOff, c.backoff.slow()
		}
	}
	return StateBackingOff, c.backoff.next()
}

// tellC2D says that a C2D message has come, which nothing here can take yet.
func (c *connection) tellC2D(topic string) {
	bag, err := parseDevicebound(c.device.ID, topic)
	if err != nil {
		c.log.Warn("message that is not for this device", zap.Error(err))
		return
	}
	c.log.Info("C2D messages wait in the hub: this version does not send them to nodes, they stay there until they expire",
		zap.String("message_id", messageID(bag)))
}

// skip says once that m is passed over.
func (c *connection) skip(m Message, err error) {
	if m.Seq > c.skipped {
		c.skipped = m.Seq
		c.log.Error("message cannot be sent to the hub, passing it over", zap.String("message_id", m.ID), zap.Error(err))
	}
}

// releaseSlot lets the next device renew its token.
func (c *connection) releaseSlot() {
	if c.slotHeld {
		c.slotHeld = false
		<-c.renewal
	}
}

func (c *connection) set(state State, reason string) {
	c.board.set(c.options.Clock.Now(), state, reason)
}
