package clock

import (
	"context"
	"sync/atomic"
	"time"
)

// DefaultPoll is how often WaitTrusted looks again.
const DefaultPoll = time.Second

// Options of a Clock. The zero value is a usable one.
type Options struct {
	// RequireSync says what evidence is enough. Empty: SyncAuto.
	RequireSync RequireSync
	// NotBefore is the latest time the caller knows to have passed, kept over
	// restarts in its store. A time before it, or before Floor, is not
	// believed.
	NotBefore time.Time
	// Poll is how often WaitTrusted looks again. 0: DefaultPoll.
	Poll time.Duration
	// Machine is where the clock reads from. Nil functions: this machine.
	Machine Machine
}

// Clock is the wall clock with a verdict on it. Safe for concurrent use.
type Clock struct {
	rule      RequireSync
	poll      time.Duration
	machine   Machine
	notBefore atomic.Int64 // Unix nanoseconds
	// synced stays true once synchronisation has been reported: the kernel
	// takes it back after some hours without NTP, but a clock that was
	// right stays right to within seconds a day.
	synced atomic.Bool
}

// New returns a Clock. It reads nothing yet.
func New(o Options) *Clock {
	c := &Clock{rule: o.RequireSync, poll: o.Poll, machine: o.Machine.orReal()}
	if c.rule == "" {
		c.rule = SyncAuto
	}
	if c.poll <= 0 {
		c.poll = DefaultPoll
	}
	c.notBefore.Store(Floor().UnixNano())
	c.NoteSeen(o.NotBefore)
	return c
}

// Now returns the machine's time, trusted or not, with a monotonic reading.
func (c *Clock) Now() time.Time { return c.machine.Now() }

// NoteSeen records that t has passed. Only call it with times that were
// trusted, or that come from a trusted peer.
func (c *Clock) NoteSeen(t time.Time) {
	if t.IsZero() {
		return
	}
	for ns := t.UnixNano(); ; {
		old := c.notBefore.Load()
		if ns <= old || c.notBefore.CompareAndSwap(old, ns) {
			return
		}
	}
}

// NotBefore returns the earliest time that is believed of a clock that is not
// synchronised.
func (c *Clock) NotBefore() time.Time { return time.Unix(0, c.notBefore.Load()).UTC() }

// Trusted reports whether Now can be believed. why says on what evidence or,
// if not, what is missing and what the operator can do.
func (c *Clock) Trusted() (ok bool, why string) {
	synced, err := c.synced.Load(), error(nil)
	if !synced {
		if synced, err = c.machine.Synchronised(); synced {
			c.synced.Store(true)
		}
	}
	e := evidence{now: c.machine.Now(), floor: Floor(), notBefore: c.NotBefore(), synced: synced, syncErr: err}
	if !synced { // else it makes no difference
		e.deviceTree, e.rtc = c.machine.DeviceTree(), c.machine.RTC()
	}
	return judge(e, c.rule)
}

// WaitTrusted returns nil once the clock is trusted, or the cause of ctx's
// end.
func (c *Clock) WaitTrusted(ctx context.Context) error {
	tick := time.NewTicker(c.poll)
	defer tick.Stop()
	for {
		if ok, _ := c.Trusted(); ok {
			return nil
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
	}
}

// BootTime returns this boot's id and the time since it, suspend included.
// The pair is worth storing while the clock is not trusted; see WallTime. The
// id is empty if the machine does not tell.
func (c *Clock) BootTime() (bootID string, sinceBoot time.Duration) { return c.machine.Boot() }

// WallTime turns a pair that BootTime returned earlier into wall time. ok is
// false while the clock is not trusted, and for good after a reboot: nobody
// knows how long the machine was off.
func (c *Clock) WallTime(bootID string, sinceBoot time.Duration) (t time.Time, ok bool) {
	id, uptime := c.machine.Boot()
	if id == "" || id != bootID || uptime < sinceBoot {
		return time.Time{}, false
	}
	if ok, _ := c.Trusted(); !ok {
		return time.Time{}, false
	}
	// Round drops the monotonic reading, which would name the moment of the
	// call and not that of the pair on a machine that slept in between.
	return c.machine.Now().Round(0).Add(sinceBoot - uptime), true
}
