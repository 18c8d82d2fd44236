package hub

import (
	"context"
	"strings"
	"sync"

	"golang.org/x/time/rate"
)

// paceShare is how much of a hub's throttles this gateway takes at most: the
// hub has other clients too.
const paceShare = 0.8

// maxOpening is how many connections to a hub are opened at a time. More of
// them come no faster, and each takes the memory of a handshake.
const maxOpening = 128

// endpoint is what all connections to one hub have in common.
type endpoint struct {
	hub    Hub
	dialer *dialer
	quota  *accountant // nil: the tier is not known

	connects *rate.Limiter // new connections
	turn     chan struct{} // capacity 1: held by the one that waits for connects
	opening  chan struct{} // capacity maxOpening: held by those that connect

	// nil: not paced.
	publishes, twinReads, twinUpdates *rate.Limiter
}

// newEndpoint prepares the way to h, which has its defaults.
func newEndpoint(o Options, h Hub) *endpoint {
	e := &endpoint{
		hub: h,
		dialer: &dialer{
			host: h.Host, port: h.Port, transport: h.Transport, dial: o.Dial, proxy: o.Proxy,
			tls: newTLSConfig(h.Host, h.Roots, o.Clock.Now),
		},
		connects: rate.NewLimiter(h.ConnectRate, h.ConnectBurst),
		turn:     make(chan struct{}, 1),
		opening:  make(chan struct{}, maxOpening),
	}
	if limits, known := h.Tier.throttle(h.Units); known {
		e.publishes = pacer(limits.publishes)
		e.twinReads = pacer(limits.twinReads)
		e.twinUpdates = pacer(limits.twinUpdates)
		e.quota = newAccountant(o, h, limits)
	}
	return e
}

// pacer allows our share of limit operations per second.
func pacer(limit float64) *rate.Limiter {
	return rate.NewLimiter(rate.Limit(paceShare*limit), max(1, int(paceShare*limit)))
}

// awaitTurn waits until one more connection may be made. One device at a time
// asks the limiter: it does not take back the reservations of those that are
// told to stop while others stand behind them.
func (e *endpoint) awaitTurn(ctx context.Context) error {
	select {
	case e.turn <- struct{}{}:
		defer func() { <-e.turn }()
		return e.connects.Wait(ctx)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// enter waits until few enough are connecting; leave makes room for the next.
func (e *endpoint) enter(ctx context.Context) (leave func(), err error) {
	select {
	case e.opening <- struct{}{}:
		return func() { <-e.opening }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// endpoints are the hubs that have been spoken to, by host in lower case.
type endpoints struct {
	options Options // with defaults

	mu   sync.Mutex
	host map[string]*endpoint
}

// get returns the endpoint of a host. One that the options do not know, which
// the provisioning service has named, is like the first but for its host.
func (s *endpoints) get(host string) (*endpoint, error) {
	if host == "" {
		host = s.options.Host
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	key := strings.ToLower(host)
	if e := s.host[key]; e != nil {
		return e, nil
	}
	h, err := s.options.settings(host).withDefaults()
	if err != nil {
		return nil, err
	}
	e := newEndpoint(s.options, h)
	s.host[key] = e
	return e, nil
}

// all returns the endpoints so far.
func (s *endpoints) all() []*endpoint {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]*endpoint, 0, len(s.host))
	for _, e := range s.host {
		all = append(all, e)
	}
	return all
}
