package main

import (
	"bytes"
	"context"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"gatewayd/internal/config"
)

// startedDaemon is demoDaemon's control socket.
func startedDaemon(t *testing.T) string { return demoDaemon(t).cfg.ControlSocket }

// demoDaemon is a daemon on a demo stage, in this process, that has heard its
// nodes.
func demoDaemon(t *testing.T) *daemon {
	t.Helper()
	s, err := newStage(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.close() })
	cfg, err := config.Load(s.config, func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	d, err := newDaemon(cfg, zap.NewNop(), nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 2)
	go func() { done <- d.run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	<-s.picocell.Ready()
	airCtx, stopAir := context.WithCancel(ctx)
	air := make(chan error, 1)
	go func() { air <- s.world.Run(airCtx) }()
	t.Cleanup(func() {
		stopAir()
		if err := <-air; err != nil {
			t.Error(err)
		}
	})
	wait, stop := context.WithTimeout(ctx, time.Minute)
	defer stop()
	if _, err := s.hub.WaitMessages(wait, 6); err != nil {
		t.Fatal(err)
	}
	return d
}

// ask runs a command and returns what it prints.
func ask(t *testing.T, wantCode int, args ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	if code := run(args, func(string) string { return "" }, &out, &errs); code != wantCode {
		t.Errorf("gatewayd %s: exit code %d, want %d: %s", strings.Join(args, " "), code, wantCode, errs.String())
	}
	return out.String() + errs.String()
}

func TestCommandsToTheDaemon(t *testing.T) {
	t.Parallel()
	socket := startedDaemon(t)
	for _, tt := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"status"}, 0, "picocell0"},
		{[]string{"nodes"}, 0, "greenhouse"},
		{[]string{"node", "greenhouse"}, 0, "DevAddr"},
		{[]string{"node", "nobody"}, 1, `there is no node "nobody"`},
		{[]string{"node"}, 2, "name one node"},
		{[]string{"airtime"}, 0, "869.4"},
		{[]string{"gateways"}, 0, "receiving"},
		{[]string{"downlink", "greenhouse", "--fport", "300"}, 2, "300"},
		{[]string{"downlink", "greenhouse", "--fport", "0"}, 1, "FPort 0"},
		{[]string{"downlink", "greenhouse", "--hex", "zz"}, 1, "payloadHex"},
		{[]string{"queue", "greenhouse"}, 0, "FPORT"},
		{[]string{"queue", "greenhouse", "--flush"}, 0, "empty"},
		{[]string{"reset-nonces", "greenhouse"}, 0, "can join again"},
		{[]string{"reconnect", "greenhouse"}, 0, "made anew"},
	} {
		if got := ask(t, tt.code, append(tt.args, "--socket", socket)...); !strings.Contains(got, tt.want) {
			t.Errorf("gatewayd %s: %q not in\n%s", strings.Join(tt.args, " "), tt.want, got)
		}
	}
	var queued struct{ ID string }
	raw := ask(t, 0, "downlink", "greenhouse", "--fport", "7", "--hex", "0102", "--json", "--socket", socket)
	if err := json.Unmarshal([]byte(raw), &queued); err != nil || queued.ID == "" {
		t.Errorf("downlink --json: %s, %v", raw, err)
	}
	var status snapshot
	if err := json.Unmarshal([]byte(ask(t, 0, "status", "--json", "--socket", socket)), &status); err != nil || status.Frames.Accepted == 0 {
		t.Errorf("status --json: %+v, %v", status, err)
	}
	gone := filepath.Join(t.TempDir(), "none.sock")
	if got := ask(t, 1, "status", "--socket", gone); !strings.Contains(got, "does not run") {
		t.Errorf("no daemon: %s", got)
	}
}
