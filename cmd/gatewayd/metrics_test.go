package main

import (
	"bytes"
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"gatewayd/hub"
	"gatewayd/internal/metric"
)

// TestMetrics scrapes a running daemon: what it says is in the format, follows
// Prometheus' rules for names, has no node's name in it unless asked for, and is
// what docs/metrics.md lists.
func TestMetrics(t *testing.T) {
	t.Parallel()
	d := demoDaemon(t)
	d.cfg.Status.NodeMetrics = true
	var text metric.Text
	d.metrics(t.Context(), &text)
	problems, err := promlint.New(bytes.NewReader(text.Bytes())).Lint()
	if err != nil {
		t.Fatalf("%v\n%s", err, text.Bytes())
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
	page, err := os.ReadFile("../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]bool{}
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z_]+)").FindAllStringSubmatch(string(page), -1) {
		listed[m[1]] = true
	}
	for _, m := range regexp.MustCompile(`(?m)^# TYPE (\S+)`).FindAllStringSubmatch(string(text.Bytes()), -1) {
		if !listed[m[1]] {
			t.Errorf("docs/metrics.md does not list %s", m[1])
		}
		delete(listed, m[1])
	}
	for name := range listed {
		t.Errorf("docs/metrics.md lists %s, which there is not", name)
	}
	if !strings.Contains(string(text.Bytes()), `gatewayd_node_rssi_dbm{node="`) {
		t.Error("no series for nodes, which were asked for")
	}
	d.cfg.Status.NodeMetrics = false
	var fewer metric.Text
	if d.metrics(t.Context(), &fewer); strings.Contains(string(fewer.Bytes()), "{node=") {
		t.Error("series for nodes, which were not asked for")
	}
}

func TestReady(t *testing.T) {
	t.Parallel()
	well := snapshot{
		ClockTrusted: true, Devices: 3, Connected: 2, States: map[hub.State]int{"connected": 2, "idle": 1},
		Concentrators: []concentratorStatus{{Name: "roof", State: "receiving"}, {Name: "udp", State: "listening, 1 gateway"}},
	}
	for name, tt := range map[string]struct {
		change func(*snapshot)
		bad    string // the part that is not ready
	}{
		"well":       {func(*snapshot) {}, ""},
		"radio down": {func(s *snapshot) { s.Concentrators = []concentratorStatus{{Name: "roof", State: "down"}} }, "radio"},
		"nobody came": {func(s *snapshot) {
			s.Concentrators = []concentratorStatus{{Name: "udp", State: "listening, 0 gateways"}}
		}, "radio"},
		"clock":           {func(s *snapshot) { s.ClockTrusted, s.ClockReason = false, "1970" }, "clock"},
		"disk":            {func(s *snapshot) { s.Outbox.Failure = "no space" }, "queue"},
		"a device away":   {func(s *snapshot) { s.Connected = 1 }, "hub"},
		"quota runs out":  {func(s *snapshot) { s.Quota = []quotaStatus{{Hub: "h", Short: true}} }, "hub"},
		"no concentrator": {func(s *snapshot) { s.Concentrators = nil }, "radio"},
	} {
		s := well
		tt.change(&s)
		for _, p := range s.ready() {
			if p.OK == (p.Name == tt.bad) {
				t.Errorf("%s: %+v", name, p)
			}
			if !p.OK && p.Reason == "" && p.Name != "radio" {
				t.Errorf("%s: %s says no reason", name, p.Name)
			}
		}
	}
}

func TestParseStat(t *testing.T) {
	t.Parallel()
	const stat = "12 (a b) c) S 1 12 12 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 9 0 1000 1234567 300 18446744073709551615 1 1 0 0 0"
	p, ok := parseStat(stat, 4096)
	if !ok || p.cpu != 3 || p.resident != 300*4096 {
		t.Errorf("got %+v, %v", p, ok)
	}
	for _, bad := range []string{"", "12 (x", "12 (x) S 1 2", strings.Replace(stat, " 250 ", " x ", 1)} {
		if _, ok := parseStat(bad, 4096); ok {
			t.Errorf("%q passes", bad)
		}
	}
	if now, ok := readProcess(); !ok || now.resident < 1<<20 || now.descriptors < 3 {
		t.Errorf("this process: %+v, %v", now, ok)
	}
}

// TestDashboard wants every metric that the dashboard asks for to be there.
func TestDashboard(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../docs/grafana/gatewayd.json")
	if err != nil {
		t.Fatal(err)
	}
	var dashboard struct {
		UID    string
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(raw, &dashboard); err != nil || dashboard.UID == "" || len(dashboard.Panels) < 10 {
		t.Fatalf("%v: %+v", err, dashboard)
	}
	page, err := os.ReadFile("../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range dashboard.Panels {
		for _, target := range p.Targets {
			names := regexp.MustCompile(`(?:gatewayd|process|go)_[a-z_]+`).FindAllString(target.Expr, -1)
			if len(names) == 0 {
				t.Errorf("%s asks for no metric", p.Title)
			}
			for _, name := range names {
				if !strings.Contains(string(page), "| `"+strings.TrimSuffix(name, "_bucket")+"`") {
					t.Errorf("%s asks for %s, which there is not", p.Title, name)
				}
			}
		}
	}
}
