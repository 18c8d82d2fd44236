package hub

import (
	"cmp"
	"context"
	"time"
)

// awaitWork waits, for a device that is not always connected, until there is
// something to send. It reports false when ctx has ended.
func (c *connection) awaitWork(ctx context.Context) bool {
	if c.pump.work == nil {
		return true
	}
	for {
		now, later := c.hasWork()
		if now {
			return true
		}
		c.renewals.release(c) // with the next connection the token is fresh anyway
		c.set(StateIdle, "connects when there is something to send")
		if !c.awaitKick(ctx, later) {
			return false
		}
	}
}

// awaitKick waits until there may be something to send, or for later unless
// it is zero. It reports false when ctx has ended.
func (c *connection) awaitKick(ctx context.Context, later time.Duration) bool {
	var due <-chan time.Time
	if later > 0 {
		timer := time.NewTimer(later)
		defer timer.Stop()
		due = timer.C
	}
	select {
	case <-c.pump.work:
	case <-due:
	case <-ctx.Done():
		return false
	}
	return true
}

// hasWork reports whether the device should be connected now, or when to ask
// again whatever happens. One that lingers connects once without reason: it
// may have C2D messages.
func (c *connection) hasWork() (now bool, later time.Duration) {
	if c.device.Policy == PolicyLinger && !c.greeted || c.hasMessages() {
		return true, 0
	}
	if !c.hasReport() {
		return false, 0
	}
	later = c.twin.wait(&c.twin.patch)
	return later == 0, later
}

// hasReport reports whether reported properties wait that the hub would take.
func (c *connection) hasReport() bool {
	if c.device.Reports == nil {
		return false
	}
	if patch, _ := c.device.Reports.Patch(); len(patch) == 0 {
		return false
	}
	host := cmp.Or(c.place.Host, c.device.Hub)
	if host == "" && c.device.Provisioning.Provisioner != nil {
		return true // which hub it is will be known with the connection
	}
	e, err := c.endpoints.get(host)
	return err != nil || !e.hub.Tier.basic()
}

// hasMessages reports whether the feed has a message that the hub can take,
// or one of which nobody has been told that it cannot.
func (c *connection) hasMessages() bool {
	if c.device.Feed == nil {
		return false
	}
	c.out.mu.Lock()
	runs := c.out.runs
	c.out.mu.Unlock()
	deviceID := cmp.Or(c.place.DeviceID, c.device.ID)
	for after := uint64(0); ; {
		waiting, err := c.device.Feed.Pending(after, 1)
		if err != nil {
			return true
		}
		if len(waiting) == 0 {
			return false
		}
		for _, m := range waiting {
			if _, err := eventsTopic(deviceID, m); err == nil || !runs.skips(m.Seq) {
				return true
			}
			after = m.Seq
		}
	}
}
