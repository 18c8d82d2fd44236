package hub

import (
	"errors"
	"net"
	"sync"
	"time"
)

// Signs of trouble.
const (
	// A connection that ends before it is steady this many times in a row is
	// taken to be kicked off.
	kicksToTell = 3
	// steadyAfter is how long a connection must last to count as one that
	// works although it has nothing to send, and that nobody kicks off.
	steadyAfter = time.Minute
	// secondRefusal is of a fresh token: it was not the token's fault.
	secondRefusal = 2
	// A device that was assigned to a hub is provisioned again after so many
	// failures over that time. Source: Microsoft, "How to reprovision".
	failuresToMove = 10
	movePatience   = 15 * time.Minute
)

// health is how a device's connection has been doing, over its attempts.
type health struct {
	movable     bool // the provisioning service knows its hub
	mu          sync.Mutex
	backoff     backoff
	outage      outage
	connectedAt time.Time // latest CONNACK
	kicks       int       // connections in a row that ended within steadyAfter
	refusals    int       // in a row
	assignedAt  time.Time // latest provisioning
}

// connected notes that the hub has let the device in.
func (h *health) connected() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.connectedAt, h.refusals = time.Now(), 0
}

// recovery is the end of an outage.
type recovery struct {
	after    time.Duration
	attempts int
	was      bool // there was one
}

// acknowledged notes a PUBACK: the way to the hub works. CONNACK does not show
// that: a hub whose quota is used up sends it too.
func (h *health) acknowledged() recovery {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.backoff.reset()
	if h.kicks >= kicksToTell {
		return recovery{}
	}
	return h.recovered()
}

// steady notes that the connection has lasted.
func (h *health) steady() recovery {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.kicks = 0
	h.backoff.forgive()
	return h.recovered()
}

// recovered ends an outage, if there was one. h.mu is held.
func (h *health) recovered() recovery {
	since, attempts, was := h.outage.over()
	return recovery{h.connectedAt.Sub(since), attempts, was}
}

// ended counts connections that the hub ended soon after it had let them in,
// and names that.
func (h *health) ended(err error, ignored bool) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if time.Since(h.connectedAt) >= steadyAfter || !closedByPeer(err) {
		h.kicks = 0
		return err
	}
	h.kicks++
	if h.kicks < kicksToTell {
		return err
	}
	return kickedError{times: h.kicks, ignored: ignored, err: err}
}

// verdict is what follows from a failed attempt.
type verdict struct {
	state    State
	wait     time.Duration
	attempts int  // failed in a row
	news     bool // not said in this outage yet
	move     bool // ask the provisioning service for another hub
}

// failed judges f. What only an operator can cure is tried slowly: refused
// connections count against the hub's throttle. The first refusal is answered
// with a fresh token at once.
func (h *health) failed(f *fault) verdict {
	h.mu.Lock()
	defer h.mu.Unlock()
	v := verdict{state: StateBackingOff}
	v.news = h.outage.failed(time.Now(), f.sentence)
	v.attempts = h.outage.attempts
	if refusal(f) {
		h.refusals++
	}
	kicked, isKicked := errors.AsType[kickedError](f)
	_, bad := errors.AsType[credentialError](f)
	refused, _ := errors.AsType[refusedError](f)
	switch {
	case bad:
		v.state, v.wait = StateWaitingForCredentials, h.backoff.slow()
	case isKicked && !kicked.ignored:
		v.state, v.wait = StateQuarantined, h.backoff.isolate()
	case isKicked, refused.code == connackVersion, h.refusals > 1:
		v.wait = h.backoff.slow()
	default:
		v.wait = h.backoff.next()
	}
	if provisioning, ok := errors.AsType[provisioningError](f); ok {
		v.wait = max(v.wait, provisioning.retryAfter)
		if !provisioning.retryable() {
			v.wait = max(v.wait, h.backoff.slow())
		}
	}
	if v.move = h.shouldMove(f); v.move && h.refusals == secondRefusal && refusal(f) {
		v.wait = h.backoff.next() // the provisioning service is asked next, not the hub
	}
	return v
}

// shouldMove reports whether the hub that the device was assigned to may no
// longer be its own. h.mu is held.
func (h *health) shouldMove(f *fault) bool {
	if !h.movable || time.Since(h.assignedAt) < movePatience {
		return false
	}
	dns, _ := errors.AsType[*net.DNSError](f)
	return h.refusals > 1 || dns != nil && dns.IsNotFound ||
		h.outage.attempts >= failuresToMove && time.Since(h.outage.since) >= movePatience
}

// assigned notes when the device was provisioned.
func (h *health) assigned() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.assignedAt = time.Now()
}
