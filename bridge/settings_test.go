package bridge

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gatewayd/bridge/mac"
)

// Each setting changes its field of the node, and nothing else.
func TestSettings(t *testing.T) {
	t.Parallel()
	base := Node{
		Class: ClassA, MAC: mac.Desired{ADR: mac.ADR{Mode: mac.ADRStatic}},
		Downlink: DownlinkPolicy{Attempts: 9}, Ports: []uint8{1}, ReportInterval: time.Minute,
	}
	type node = func(*Node)
	for name, values := range map[string]map[string]node{
		"class": {`"A"`: func(n *Node) { n.Class = ClassA }, `"C"`: func(n *Node) { n.Class = ClassC }},
		"adr": {
			`"on"`: func(n *Node) { n.MAC.ADR.Mode = mac.ADROn }, `"off"`: func(n *Node) { n.MAC.ADR.Mode = mac.ADROff },
		},
		"minDataRate":       {`0`: func(n *Node) { n.MAC.ADR.MinDR = 0 }, `15`: func(n *Node) { n.MAC.ADR.MinDR = 15 }},
		"maxDataRate":       {`5`: func(n *Node) { n.MAC.ADR.MaxDR = 5 }},
		"statusInterval":    {`"24h"`: func(n *Node) { n.MAC.StatusInterval = 24 * time.Hour }},
		"downlinkWindow":    {`"rx2"`: func(n *Node) { n.Downlink.RX2First = true }, `"rx1"`: func(*Node) {}},
		"confirmedAttempts": {`1`: func(n *Node) { n.Downlink.Attempts = 1 }, `15`: func(n *Node) { n.Downlink.Attempts = 15 }},
		"ackTimeout":        {`0.5`: func(n *Node) { n.Downlink.AckTimeout = time.Second / 2 }},
		"downlinkExpiry":    {`"90m"`: func(n *Node) { n.Downlink.Expiry = 90 * time.Minute }},
		"flushOnJoin":       {`true`: func(n *Node) { n.Downlink.FlushOnJoin = true }, `false`: func(*Node) {}},
		"fPorts":            {`[1, 2, 255]`: func(n *Node) { n.Ports = []uint8{1, 2, 255} }, `[]`: func(n *Node) { n.Ports = []uint8{} }},
		"reportInterval":    {`60`: func(n *Node) { n.ReportInterval = time.Minute }},
	} {
		for v, change := range values {
			s, bad := parseSettings(json.RawMessage(`{"` + name + `":` + v + `,"absent":null}`))
			want := base
			change(&want)
			if got := s.over(base); len(bad) != 0 || !reflect.DeepEqual(want, got) {
				t.Errorf("%s %s: got %+v, %v", name, v, got, bad)
			}
		}
	}
}

func TestSettingsRefused(t *testing.T) {
	t.Parallel()
	const age, ports = `want a time such as "15m", or a number of seconds`, "want a list of numbers from 1 to 255"
	refused := map[string]map[string]string{
		"class":             {`"B"`: `want "A" or "C"`, `1`: `want "A" or "C"`, `""`: `want "A" or "C"`},
		"adr":               {`"static"`: `want "off" or "on"`, `true`: `want "off" or "on"`},
		"minDataRate":       {`16`: "want a number from 0 to 15", `-1`: "want a number from 0 to 15", `"5"`: "want a number from 0 to 15"},
		"maxDataRate":       {`300`: "want a number from 0 to 15", `1.5`: "want a number from 0 to 15"},
		"statusInterval":    {`0`: age, `"soon"`: age, `-5`: age, `[]`: age, `1e30`: age},
		"downlinkWindow":    {`"rx3"`: `want "rx1" or "rx2"`},
		"confirmedAttempts": {`0`: "want a number from 1 to 15", `16`: "want a number from 1 to 15", `{}`: "want a number from 1 to 15"},
		"ackTimeout":        {`"-1s"`: age},
		"downlinkExpiry":    {`""`: age},
		"flushOnJoin":       {`"yes"`: "want true or false", `1`: "want true or false"},
		"fPorts":            {`[0]`: ports, `[256]`: ports, `1`: ports, `["1"]`: ports},
		"reportInterval":    {`true`: age},
		"codec":             {`1`: "want the name of a codec", `[]`: "want the name of a codec"},
		"bogus":             {`1`: "is no setting"},
	}
	for name, values := range refused {
		for v, want := range values {
			s, bad := parseSettings(json.RawMessage(`{"` + name + `":` + v + `}`))
			if diff := cmp.Diff(map[string]string{name: want}, bad); diff != "" || !reflect.DeepEqual(s, Settings{}) {
				t.Errorf("%s %s: got %+v (-want +got):\n%s", name, v, s, diff)
			}
		}
	}
	for name := range settings() {
		if refused[name] == nil {
			t.Errorf("%s: nothing is refused", name)
		}
	}
	for _, raw := range []string{`5`, `"x"`, `[]`} {
		if _, bad := parseSettings(json.RawMessage(raw)); bad["gatewayd"] == "" {
			t.Errorf("%s: refused as %v", raw, bad)
		}
	}
}

// One setting that cannot be applied does not cost the others.
func TestSettingsBesideABadOne(t *testing.T) {
	t.Parallel()
	s, bad := parseSettings(json.RawMessage(`{"class":"C","adr":"maybe","maxDataRate":3}`))
	n := s.over(Node{})
	if len(bad) != 1 || n.Class != ClassC || n.MAC.ADR.MaxDR != 3 {
		t.Errorf("refused %v, got %+v", bad, n)
	}
}

func TestMergePatch(t *testing.T) {
	t.Parallel()
	// RFC 7396, appendix A, as far as desired properties can hold it, and more.
	for _, tt := range []struct{ base, patch, want string }{
		{`{"a":"b"}`, `{"a":"c"}`, `{"a":"c"}`},
		{`{"a":"b"}`, `{"b":"c"}`, `{"a":"b","b":"c"}`},
		{`{"a":"b"}`, `{"a":null}`, `{}`},
		{`{"a":"b","b":"c"}`, `{"a":null}`, `{"b":"c"}`},
		{`{"a":["b"]}`, `{"a":"c"}`, `{"a":"c"}`},
		{`{"a":"c"}`, `{"a":["b"]}`, `{"a":["b"]}`},
		{`{"a":{"b":"c"}}`, `{"a":{"b":"d","c":null}}`, `{"a":{"b":"d"}}`},
		{`{"a":[{"b":"c"}]}`, `{"a":[1]}`, `{"a":[1]}`},
		{`["a","b"]`, `["c","d"]`, `["c","d"]`},
		{`{"a":"b"}`, `["c"]`, `["c"]`},
		{`{"a":"foo"}`, `null`, ``},
		{`{"a":"foo"}`, `"bar"`, `"bar"`},
		{`{"e":1}`, `{"a":1}`, `{"a":1,"e":1}`},
		{`[1,2]`, `{"a":"b","c":null}`, `{"a":"b"}`},
		{`{}`, `{"a":{"bb":{"ccc":null}}}`, `{"a":{"bb":{}}}`},
		{``, `{"a":1}`, `{"a":1}`},
		{`{"a":1}`, ``, ``},
		{`{"a":{"b":1}}`, `{"a":{}}`, `{"a":{"b":1}}`},
	} {
		if got := string(mergePatch(json.RawMessage(tt.base), json.RawMessage(tt.patch))); got != tt.want {
			t.Errorf("%s over %s: got %s, want %s", tt.patch, tt.base, got, tt.want)
		}
	}
}

// Whatever stands in a twin, what is taken over is within bounds, and merging
// it again changes nothing.
func FuzzSettings(f *testing.F) {
	f.Add(`{"class":"C","adr":"on","minDataRate":0,"maxDataRate":5,"statusInterval":"24h"}`, `{"class":null}`)
	f.Add(`{"fPorts":[1,2],"flushOnJoin":true,"ackTimeout":1e9}`, `{"fPorts":{"a":null}}`)
	f.Add(`5`, `{"a":{"b":null}}`)
	f.Fuzz(func(t *testing.T, base, patch string) {
		if !json.Valid([]byte(base)) || !json.Valid([]byte(patch)) {
			return
		}
		merged := mergePatch(json.RawMessage(base), json.RawMessage(patch))
		if again := mergePatch(merged, merged); len(merged) > 0 && strings.HasPrefix(string(merged), "{") && !sameJSON(t, merged, again) {
			t.Errorf("%s over itself is %s", merged, again)
		}
		s, bad := parseSettings(merged)
		n := s.over(Node{Class: ClassA})
		if n.Class != ClassA && n.Class != ClassC || n.MAC.StatusInterval < 0 || n.Downlink.AckTimeout < 0 ||
			n.Downlink.Attempts < 0 || n.Downlink.Attempts > maxAttempts || slices.Contains(n.Ports, 0) {
			t.Errorf("%s became %+v", merged, n)
		}
		for name, why := range bad {
			if why == "" {
				t.Errorf("%s is refused without a reason", name)
			}
		}
	})
}

func sameJSON(t *testing.T, a, b json.RawMessage) bool {
	t.Helper()
	var x, y any
	if err := json.Unmarshal(a, &x); err != nil {
		t.Fatal(err)
	}
	return json.Unmarshal(b, &y) == nil && reflect.DeepEqual(x, y)
}
