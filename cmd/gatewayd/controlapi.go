package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"go.uber.org/zap"

	"gatewayd/bridge"
	"gatewayd/internal/control"
)

// controlTimeout bounds one request on the control socket.
const controlTimeout = 20 * time.Second

// controls serves the control socket until ctx ends.
func (d *daemon) controls(ctx context.Context) error {
	l, err := control.Listen(d.cfg.ControlSocket)
	if err != nil {
		d.log.Error("commands cannot reach the daemon: see control_socket", zap.Error(err))
		return nil
	}
	s := &http.Server{Handler: d.controlAPI(), ReadTimeout: controlTimeout, WriteTimeout: controlTimeout}
	stop := context.AfterFunc(ctx, func() { _ = s.Close() })
	defer stop()
	if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		d.log.Error("the control socket is closed: commands cannot reach the daemon", zap.Error(err))
	}
	return nil
}

// controlAPI is what commands ask of the daemon, under /v1.
func (d *daemon) controlAPI() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/status", func(w http.ResponseWriter, _ *http.Request) { control.Answer(w, d.snapshot()) })
	mux.HandleFunc("GET /v1/nodes", func(w http.ResponseWriter, r *http.Request) {
		nodes, err := d.nodes(r.Context())
		reply(w, nodes, err)
	})
	mux.HandleFunc("GET /v1/airtime", func(w http.ResponseWriter, r *http.Request) {
		airtime, err := d.airtime(r.Context())
		reply(w, airtime, err)
	})
	mux.HandleFunc("GET /v1/gateways", func(w http.ResponseWriter, _ *http.Request) { control.Answer(w, d.fleet.gateways()) })
	mux.HandleFunc("GET /v1/history", d.getHistory)
	mux.HandleFunc("GET /v1/timing", d.getTiming)
	mux.HandleFunc("GET /v1/frames", d.getFrames)
	mux.HandleFunc("GET /v1/events", d.getEvents)
	mux.HandleFunc("POST /v1/explain", d.postExplain)
	mux.HandleFunc("GET /v1/verdicts", func(w http.ResponseWriter, _ *http.Request) { control.Answer(w, bridge.Meanings()) })
	mux.HandleFunc("POST /v1/reload", func(w http.ResponseWriter, _ *http.Request) {
		d.requestReload()
		control.Answer(w, struct{}{})
	})
	d.node(mux, "GET /v1/nodes/{name}", func(ctx context.Context, device string, _ *http.Request) (any, error) {
		return d.nodeOf(ctx, device)
	})
	d.node(mux, "GET /v1/nodes/{name}/queue", func(ctx context.Context, device string, _ *http.Request) (any, error) {
		return d.bridge.Queue(ctx, device)
	})
	d.node(mux, "DELETE /v1/nodes/{name}/queue", func(ctx context.Context, device string, _ *http.Request) (any, error) {
		dropped, err := d.bridge.FlushQueue(ctx, device)
		return map[string]int{"dropped": dropped}, err
	})
	d.node(mux, "DELETE /v1/nodes/{name}/queue/{id}", func(ctx context.Context, device string, r *http.Request) (any, error) {
		dropped, err := d.bridge.CancelDownlink(ctx, device, r.PathValue("id"))
		return map[string]int{"dropped": dropped}, err
	})
	d.node(mux, "GET /v1/nodes/{name}/history", func(_ context.Context, device string, _ *http.Request) (any, error) {
		return d.historyOf(device), nil
	})
	d.node(mux, "GET /v1/nodes/{name}/twin", func(ctx context.Context, device string, _ *http.Request) (any, error) {
		return d.bridge.Twin(ctx, device)
	})
	d.node(mux, "POST /v1/nodes/{name}/downlinks", d.postDownlink)
	d.node(mux, "POST /v1/nodes/{name}/reset-nonces", func(ctx context.Context, device string, _ *http.Request) (any, error) {
		return struct{}{}, d.bridge.ResetNonces(ctx, device)
	})
	d.node(mux, "POST /v1/nodes/{name}/force-rejoin", func(ctx context.Context, device string, _ *http.Request) (any, error) {
		return struct{}{}, d.bridge.ForceRejoin(ctx, device)
	})
	d.node(mux, "POST /v1/nodes/{name}/reconnect", func(_ context.Context, device string, _ *http.Request) (any, error) {
		return map[string]bool{"reconnecting": d.Reconnect(device)}, nil
	})
	return mux
}

// node registers an action on one node, by its name or device identity.
func (d *daemon) node(mux *http.ServeMux, pattern string, act func(context.Context, string, *http.Request) (any, error)) {
	mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		device, ok := d.deviceOf(r.Context(), r.PathValue("name"))
		if !ok {
			control.Refuse(w, http.StatusNotFound, "unknown_node", fmt.Sprintf("there is no node %q; see gatewayd nodes", r.PathValue("name")))
			return
		}
		v, err := act(r.Context(), device, r)
		reply(w, v, err)
	})
}

// deviceOf is the device identity of a node's name.
func (d *daemon) deviceOf(ctx context.Context, name string) (string, bool) {
	sessions, err := d.bridge.Sessions(ctx)
	if err != nil {
		return "", false
	}
	if _, ok := sessions[name]; ok {
		return name, true
	}
	for device, s := range sessions {
		if s.Node == name {
			return device, true
		}
	}
	return "", false
}

func (d *daemon) nodeOf(ctx context.Context, device string) (nodeStatus, error) {
	nodes, err := d.nodes(ctx)
	if err != nil {
		return nodeStatus{}, err
	}
	for _, n := range nodes {
		if n.Device == device {
			return n, nil
		}
	}
	return nodeStatus{}, fmt.Errorf("device %s is being taken off", device)
}

// maxDownlinkBody bounds a downlink in JSON, in bytes.
const maxDownlinkBody = 64 << 10

func (d *daemon) postDownlink(ctx context.Context, device string, r *http.Request) (any, error) {
	raw, err := io.ReadAll(io.LimitReader(r.Body, maxDownlinkBody))
	if err != nil {
		return nil, err
	}
	id, err := d.bridge.EnqueueJSON(ctx, device, raw)
	return map[string]string{"id": id}, err
}

// reply answers with v, or with what went wrong.
func reply(w http.ResponseWriter, v any, err error) {
	var rejected *bridge.RejectError
	switch {
	case err == nil:
		control.Answer(w, v)
	case errors.As(err, &rejected):
		control.Refuse(w, http.StatusConflict, string(rejected.Reason), rejected.Detail)
	default:
		control.Refuse(w, http.StatusServiceUnavailable, "unavailable", err.Error())
	}
}

// airtimeStatus is what one gateway has sent within an hour, in one sub-band.
type airtimeStatus struct {
	Concentrator string  `json:"concentrator"`
	Gateway      string  `json:"gatewayEui,omitempty"`
	Band         string  `json:"band"`
	Used         float64 `json:"usedSeconds"`
	Limit        float64 `json:"limitSeconds"` // 0: none
	Share        float64 `json:"share"`
}

func (d *daemon) airtime(ctx context.Context) ([]airtimeStatus, error) {
	all, err := d.bridge.Airtime(ctx)
	list := []airtimeStatus{}
	for _, a := range all {
		for _, u := range a.Usage {
			s := airtimeStatus{
				Concentrator: a.Concentrator, Band: u.SubBand.String(),
				Used: u.Used.Seconds(), Limit: u.Limit.Seconds(), Share: u.Share,
			}
			if !a.Gateway.IsZero() {
				s.Gateway = a.Gateway.String()
			}
			list = append(list, s)
		}
	}
	return list, err
}

// requestReload has the configuration read again.
func (d *daemon) requestReload() {
	select {
	case d.reloadNow <- struct{}{}:
	default: // one is due already
	}
}
