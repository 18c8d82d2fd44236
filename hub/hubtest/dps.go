package hubtest

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// dpsHost is the provisioning service's global host name.
const dpsHost = "global.azure-devices-provisioning.net"

// ProvisioningOptions says how a Provisioning behaves. The zero value of
// every field but IDScope means the default its comment names.
type ProvisioningOptions struct {
	// IDScope is the instance's ID scope, e.g. "0ne00000000".
	IDScope string
	// RetryAfter is what clients are told to wait, in whole seconds. Default
	// 3 s.
	RetryAfter time.Duration
	// Polls is how often an operation is still "assigning" when it is asked
	// for. Default 0: the first answer is final.
	Polls int
	// RetryAfterFirst writes retry-after before $rid in the topics of
	// answers. Both orders were seen.
	RetryAfterFirst bool
}

// Provisioning is a Device Provisioning Service in front of one or several
// hubs: it registers devices in them. All its methods may be called from any
// goroutine. What happens is recorded by the first hub. Source: Microsoft's
// "Communicate with DPS using the MQTT protocol" and "Symmetric key
// attestation".
type Provisioning struct {
	opts   ProvisioningOptions
	hubs   []*Hub
	server *server
	faults faultList

	mu          sync.Mutex // guards what follows
	individuals map[string]*enrolled
	groups      map[string]*enrolled
	operations  map[string]*operation
	polls       map[string]*rate.Limiter // by registration id
	created     map[string]time.Time     // when a registration id was first assigned
}

// NewProvisioning makes a provisioning service for hubs, the first of which
// lends its certificate and its clock.
func NewProvisioning(o ProvisioningOptions, hubs ...*Hub) (*Provisioning, error) {
	if o.IDScope == "" || len(hubs) == 0 {
		return nil, errors.New("a provisioning service needs an ID scope and a hub")
	}
	set(&o.RetryAfter, 3*time.Second)
	p := &Provisioning{
		opts: o, hubs: hubs, individuals: map[string]*enrolled{}, groups: map[string]*enrolled{},
		operations: map[string]*operation{}, polls: map[string]*rate.Limiter{}, created: map[string]time.Time{},
	}
	p.server = &server{
		log: p.hub().opts.Log, timeout: p.hub().opts.ConnectTimeout, conns: map[*conn]struct{}{},
		speak: p.speak, failed: func(_ *conn, why *stop) { p.refused("", &refusal{why.reason, 0, why.detail}) },
	}
	return p, nil
}

// hub is the one that lends what a service needs.
func (p *Provisioning) hub() *Hub { return p.hubs[0] }

// Listen starts serving MQTT over TLS at addr, "host:port"; port 0 picks one.
func (p *Provisioning) Listen(addr string) error {
	_, err := p.server.listen(addr, func(c *conn) error { return c.handshake(p.hub().tls) })
	return err
}

// ListenWebSocket is Hub.ListenWebSocket for the provisioning service.
func (p *Provisioning) ListenWebSocket(addr string) (string, error) {
	return p.server.listen(addr, func(c *conn) error { return c.openWebSocket(p.hub().tls) })
}

// Addr is the first address listened at, "host:port", or "" before Listen.
func (p *Provisioning) Addr() string { return p.server.addr() }

// Close closes every connection and waits until no goroutine is left. The
// hubs stay.
func (p *Provisioning) Close() error { return p.server.close() }

// Inject orders a fault for a registration id, or for all if it is "": those
// of CONNECT, drop, reset, error, no_answer and throttle.
func (p *Provisioning) Inject(registration string, f Fault) error {
	if !f.Kind.atConnect() && !f.Kind.atProvision() {
		return fmt.Errorf("%q is not a fault of the provisioning service", f.Kind)
	}
	return p.faults.inject(registration, f)
}

// ClearFaults forgets the faults of a registration id; "" forgets all faults.
func (p *Provisioning) ClearFaults(registration string) { p.faults.clear(registration) }

// Limits of one device's polling. Source: Microsoft's "DPS quotas and limits".
const (
	pollBurst  = 5
	pollPeriod = 10 * time.Second
)

// mayPoll counts a poll of a registration id.
func (p *Provisioning) mayPoll(id string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	l := p.polls[id]
	if l == nil {
		l = rate.NewLimiter(rate.Every(pollPeriod/pollBurst), pollBurst)
		p.polls[id] = l
	}
	return l.Allow()
}
