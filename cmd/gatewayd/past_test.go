package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"

	"gatewayd/bridge"
	"gatewayd/hub"
	"gatewayd/internal/history"
)

func TestNumbers(t *testing.T) {
	t.Parallel()
	for data, want := range map[string]map[string]float64{
		`{"t":21.5,"text":"x","on":true,"none":null,"list":[1,2]}`:            {"t": 21.5},
		`{"gps":{"lat":1,"lon":2},"deep":{"a":{"b":{"c":{"d":9}}}}}`:          {"gps.lat": 1, "gps.lon": 2},
		`{"` + strings.Repeat("n", 41) + `":1}`:                               {},
		`{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6,"g":7,"h":8,"i":9,"j":{"k":1}}`: {"a": 1, "b": 2, "c": 3, "d": 4, "e": 5, "f": 6, "g": 7, "h": 8},
		`7`:   {},
		`[1]`: {},
		`{`:   nil,
	} {
		if diff := cmp.Diff(want, numbers(json.RawMessage(data))); diff != "" {
			t.Errorf("%s: %s", data, diff)
		}
	}
}

func TestNoteworthy(t *testing.T) {
	t.Parallel()
	at := time.Unix(0, 0)
	status := func(state hub.State, minute int, reason string) hub.DeviceStatus {
		return hub.DeviceStatus{State: state, Since: at.Add(time.Duration(minute) * time.Minute), Reason: reason}
	}
	var was hub.DeviceStatus
	for i, step := range []struct {
		is   hub.DeviceStatus
		want bool
	}{
		{status(hub.StateConnecting, 0, ""), false},
		{status(hub.StateConnected, 1, ""), true},
		{status(hub.StateConnected, 1, ""), false},
		{status(hub.StateConnected, 2, ""), true}, // it was away in between
		{status(hub.StateConnecting, 3, ""), true},
		{status(hub.StateBackingOff, 3, "refused"), true},
		{status(hub.StateConnecting, 4, ""), false},
		{status(hub.StateBackingOff, 5, "refused"), false},
		{status(hub.StateBackingOff, 6, "no such name"), true},
		{status(hub.StateConnected, 7, ""), true},
	} {
		if got := noteworthy(was, step.is); got != step.want {
			t.Errorf("step %d: %v", i, got)
		}
		if step.want {
			was = step.is
		}
	}
}

// What the page asks, of a daemon that has heard its nodes; and what is left of
// it for the next one.
func TestPageAPI(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes a quarter of a minute")
	}
	d := demoDaemon(t)
	api := d.controlAPI()
	raw := func(method, path, body string, want int) string {
		t.Helper()
		w := httptest.NewRecorder()
		api.ServeHTTP(w, httptest.NewRequest(method, path, strings.NewReader(body)))
		if w.Code != want {
			t.Errorf("%s %s: status %d: %s", method, path, w.Code, w.Body)
		}
		return w.Body.String()
	}
	into := func(v any, method, path, body string) {
		t.Helper()
		text := raw(method, path, body, http.StatusOK)
		if err := json.Unmarshal([]byte(text), v); err != nil {
			t.Errorf("%s %s: %v: %s", method, path, err, text)
		}
	}

	for query, ok := range map[string]func(bridge.Heard) bool{
		"node=greenhouse":                  func(h bridge.Heard) bool { return h.Device == "greenhouse" },
		"node=greenhouse&verdict=accepted": func(h bridge.Heard) bool { return h.Device == "greenhouse" && h.Verdict == "accepted" },
		"verdict=joined":                   func(h bridge.Heard) bool { return h.Verdict == "joined" },
	} {
		lines := strings.Split(strings.TrimSpace(raw("GET", "/v1/frames?"+query, "", http.StatusOK)), "\n")
		for _, line := range lines {
			var h bridge.Heard
			if err := json.Unmarshal([]byte(line), &h); err != nil || !ok(h) {
				t.Errorf("%s: %v, %s", query, err, line)
			}
		}
	}
	if got := raw("GET", "/v1/frames?verdict=dropped&node=nobody", "", http.StatusOK); got != "" {
		t.Errorf("frames of nobody: %s", got)
	}

	var early timing
	into(&early, "GET", "/v1/timing", "")
	if total := sum(early.Counts); len(early.Counts) != len(early.Bounds)+1 || total == 0 {
		t.Errorf("timing %+v", early)
	}

	d.connections(map[string]hub.DeviceStatus{"cellar": {ID: "cellar", State: hub.StateBackingOff}})
	var past nodeHistory
	into(&past, "GET", "/v1/nodes/cellar/history", "")
	if len(past.Uplinks) != 1 || past.Uplinks[0].RSSI == 0 || len(past.Connections) == 0 || past.Connections[0].State == "" {
		t.Errorf("history %+v", past)
	}
	var twin bridge.TwinInfo
	into(&twin, "GET", "/v1/nodes/cellar/twin", "")
	if twin.Reported == nil || len(twin.Errors) != 0 {
		t.Errorf("twin %+v", twin)
	}
	raw("GET", "/v1/nodes/nobody/history", "", http.StatusNotFound)
	var dropped struct{ Dropped int }
	into(&dropped, "DELETE", "/v1/nodes/cellar/queue/no-such-id", "")
	if dropped.Dropped != 0 {
		t.Errorf("dropped %+v", dropped)
	}

	d.decoded("cellar", past.Uplinks[0].At, json.RawMessage(`{"t":3}`))
	d.chronicle(history.Entry{Kind: history.Outbox, Messages: 5})
	d.past.Save()
	next := history.Open(filepath.Join(d.cfg.StateDir, historyFile), zap.NewNop())
	var uplinks, waits []history.Entry
	next.Each(history.Uplink, "cellar", func(e history.Entry) { uplinks = append(uplinks, e) })
	next.Each(history.Outbox, "", func(e history.Entry) { waits = append(waits, e) })
	if len(uplinks) != 1 || uplinks[0].Values["t"] != 3 || len(waits) != 1 || waits[0].Messages != 5 {
		t.Errorf("after a restart: %+v and %+v", uplinks, waits)
	}
}

func sum(counts []uint64) (total uint64) {
	for _, n := range counts {
		total += n
	}
	return total
}
