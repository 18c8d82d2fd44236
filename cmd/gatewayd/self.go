package main

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"go.uber.org/zap"

	"gatewayd/hub"
)

// self is the gateway's own device identity: its statistics go out as
// messages, its health stands in its twin, and its methods answer for all
// nodes.
type self struct {
	daemon *daemon
	ready  chan struct{}

	mu       sync.Mutex
	revision uint64
	waiting  bool
	health   health
}

// health is what the gateway's twin reports, under "gatewayd".
type health struct {
	Version      string    `json:"version"`
	Started      time.Time `json:"started"`
	Healthy      bool      `json:"healthy"`
	Problems     []string  `json:"problems"`
	Nodes        int       `json:"nodes"`
	Connected    int       `json:"connected"`
	ClockTrusted bool      `json:"clockTrusted"`
}

var (
	_ hub.Handler = (*self)(nil)
	_ hub.Reports = (*self)(nil)
)

func newSelf(d *daemon) *self { return &self{daemon: d, ready: make(chan struct{}, 1)} }

// run sends statistics until ctx ends.
func (s *self) run(ctx context.Context) error {
	tick := time.NewTicker(s.daemon.cfg.Gateway.StatsInterval)
	defer tick.Stop()
	for {
		s.report()
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		raw, err := json.Marshal(s.daemon.snapshot())
		if err == nil {
			err = s.daemon.bridge.PublishStats(ctx, raw)
		}
		if err != nil && ctx.Err() == nil {
			s.daemon.log.Warn("the gateway's statistics were not queued", zap.Error(err))
		}
	}
}

// report brings the twin up to date if anything has changed.
func (s *self) report() {
	fresh := s.daemon.health()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.revision > 0 && fmt.Sprint(fresh) == fmt.Sprint(s.health) {
		return
	}
	s.health, s.waiting = fresh, true
	s.revision++
	select {
	case s.ready <- struct{}{}:
	default:
	}
}

// health says what is wrong, if anything.
func (d *daemon) health() health {
	now := d.snapshot()
	h := health{
		Version: now.Version, Started: now.Started, Nodes: now.Nodes, Connected: now.Connected,
		ClockTrusted: now.ClockTrusted, Problems: []string{},
	}
	if !now.ClockTrusted {
		h.Problems = append(h.Problems, "clock: "+now.ClockReason)
	}
	for _, s := range d.hub.Status() {
		if s.State == hub.StateQuarantined || s.State == hub.StateWaitingForCredentials {
			h.Problems = append(h.Problems, fmt.Sprintf("device %s: %s: %s", s.ID, s.State, s.Reason))
		}
	}
	for _, q := range now.Quota {
		if q.Short {
			h.Problems = append(h.Problems, fmt.Sprintf("hub %s: %d of %d messages of the day used, %d foreseen", q.Hub, q.Used, q.Limit, q.Forecast))
		}
	}
	h.Healthy = len(h.Problems) == 0
	return h
}

// Patch is hub.Reports'.
func (s *self) Patch() (patch []byte, revision uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.waiting {
		return nil, s.revision
	}
	b, err := json.Marshal(map[string]health{"gatewayd": s.health})
	if err != nil {
		return nil, s.revision
	}
	return b, s.revision
}

// Done is hub.Reports'.
func (s *self) Done(revision uint64, _ int64, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if revision == s.revision {
		s.waiting = false
	}
	if err != nil {
		s.daemon.log.Warn("the hub does not take the gateway's reported properties", zap.Error(err))
	}
}

// Ready is hub.Reports'.
func (s *self) Ready() <-chan struct{} { return s.ready }

// CloudMessage is hub.Handler's: nothing is sent to the gateway itself.
func (s *self) CloudMessage(_ context.Context, m hub.CloudMessage) error {
	s.daemon.log.Warn("a message to the gateway itself was ignored: send downlinks to the nodes' devices", zap.String("id", m.ID))
	return nil
}

// Twin is hub.Handler's: the gateway has no settings in the cloud.
func (s *self) Twin(context.Context, hub.Desired) {}

// Method is hub.Handler's.
func (s *self) Method(ctx context.Context, call hub.MethodCall) hub.MethodResult {
	switch call.Name {
	case "stats":
		return answer(s.daemon.snapshot(), nil)
	case "nodes":
		nodes, err := s.daemon.nodes(ctx)
		return answer(map[string]any{"nodes": nodes}, err)
	case "reload":
		s.daemon.requestReload()
		return answer(map[string]bool{"reloading": true}, nil)
	case "ping":
		return answer(map[string]string{"pong": s.daemon.clock.Now().UTC().Format(time.RFC3339Nano)}, nil)
	}
	return methodError(404, "unknown_method", "there is no method "+call.Name+": want stats, nodes, reload or ping")
}

func answer(v any, err error) hub.MethodResult {
	if err != nil {
		return methodError(503, "unavailable", err.Error())
	}
	b, err := json.Marshal(v)
	if err != nil {
		return methodError(500, "internal", err.Error())
	}
	return hub.MethodResult{Status: 200, Payload: b}
}

func methodError(status int, reason, detail string) hub.MethodResult {
	b, err := json.Marshal(map[string]map[string]string{"error": {"reason": reason, "detail": detail}})
	if err != nil {
		b = []byte("{}")
	}
	return hub.MethodResult{Status: status, Payload: b}
}
