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
	ready  hub.Signal

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

func newSelf(d *daemon) *self { return &self{daemon: d} }

// settleTime is after how long the twin is brought up to date for the first
// time: at the start nothing is connected yet.
const settleTime = 30 * time.Second

// run sends statistics until ctx ends.
func (s *self) run(ctx context.Context) error {
	tick := time.NewTicker(s.daemon.cfg.Gateway.StatsInterval)
	defer tick.Stop()
	settled := time.NewTimer(settleTime)
	defer settled.Stop()
	for {
		s.report()
		select {
		case <-ctx.Done():
			return nil
		case <-settled.C:
			continue
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
	s.ready.Tell()
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
	h.Problems = append(h.Problems, troubled(d.hub.Status())...)
	for _, q := range now.Quota {
		if q.Short {
			h.Problems = append(h.Problems, fmt.Sprintf("hub %s: %d of %d messages of the day used, %d foreseen", q.Hub, q.Used, q.Limit, q.Forecast))
		}
	}
	h.Healthy = len(h.Problems) == 0
	return h
}

// maxTroubled bounds the devices of which the twin tells what is wrong: a twin
// holds 32 KB.
const maxTroubled = 10

// troubled says which devices cannot be connected, and why: not those of which
// one attempt has failed.
func troubled(devices []hub.DeviceStatus) (problems []string) {
	more := 0
	for _, s := range devices {
		switch {
		case s.State != hub.StateQuarantined && s.State != hub.StateWaitingForCredentials && (s.State != hub.StateBackingOff || s.Attempts < 2):
		case len(problems) == maxTroubled:
			more++
		default:
			problems = append(problems, fmt.Sprintf("device %s: %s: %s", s.ID, s.State, s.Reason))
		}
	}
	if more > 0 {
		problems = append(problems, fmt.Sprintf("and %d devices more", more))
	}
	return problems
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
func (s *self) Ready() *hub.Signal { return &s.ready }

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
		page, err := s.nodes(ctx, call.Payload)
		return answer(page, err)
	case "reload":
		s.daemon.requestReload()
		return answer(map[string]bool{"reloading": true}, nil)
	case "ping":
		return answer(map[string]string{"pong": s.daemon.clock.Now().UTC().Format(time.RFC3339Nano)}, nil)
	}
	if result, ok := s.daemon.bridge.KitMethod(ctx, "", call); ok {
		return result
	}
	return methodError(404, "unknown_method", "there is no method "+call.Name+": want stats, nodes, reload or ping")
}

// maxPage bounds the nodes in one answer: a method's answer holds 128 KB.
const maxPage = 100

// nodePage is a part of the node list, by name.
type nodePage struct {
	Nodes []nodeStatus `json:"nodes"`
	Next  string       `json:"next,omitempty"` // to ask for as "after"; empty: these were the last
}

// nodes are those behind the name in {"after": name}, maxPage at most.
func (s *self) nodes(ctx context.Context, payload []byte) (page nodePage, err error) {
	var ask struct{ After string }
	if len(payload) > 0 && string(payload) != "null" {
		if err := json.Unmarshal(payload, &ask); err != nil {
			return page, fmt.Errorf(`want {"after": "NAME"}, or nothing: %w`, err)
		}
	}
	all, err := s.daemon.nodes(ctx)
	page.Nodes = []nodeStatus{}
	for _, n := range all {
		if n.Session.Node <= ask.After && ask.After != "" {
			continue
		}
		if len(page.Nodes) == maxPage {
			page.Next = page.Nodes[maxPage-1].Session.Node
			break
		}
		page.Nodes = append(page.Nodes, n)
	}
	return page, err
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
