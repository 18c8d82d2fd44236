package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gatewayd/hub/hubtest"
	"gatewayd/internal/simulator"
	"gatewayd/internal/store"
)

// castOf are some of the demo's nodes, who speak when told to.
func castOf(names ...string) (both []castNode, air []simulator.Config) {
	for _, n := range demoCast() {
		for _, name := range names {
			if n.device == name {
				n.interval, n.confirmed = 0, false
				both = append(both, n)
			}
		}
	}
	return both, simulated(both)
}

// Cloud-to-device messages become downlinks, each is acknowledged to the hub
// when it is on disk, and the sender is told what became of it.
func TestC2DToDownlink(t *testing.T) {
	var copies sync.Map // message's body: copy of the store when the hub was told
	var dir string
	number := 0
	c := newCloud(t, hubtest.Options{Recorder: func(e hubtest.Event) {
		if e.Kind == hubtest.EventC2DComplete {
			number++
			to := filepath.Join(dir, fmt.Sprint("copy", number))
			copies.Store(number, os.CopyFS(to, os.DirFS(filepath.Join(dir, "state", storeDir))))
		}
	}})
	dir = c.dir
	nodes, air := castOf("greenhouse")
	c.configure(c.hubTable(), c.nodeTables(nodes...))
	c.start()
	c.onAir(air...)
	c.send("greenhouse", 1, 0xA0)

	c.c2d("greenhouse", `{"fPort":10,"payloadHex":"0102","confirmed":true}`, "iothub-messageid", "json-1", "iothub-correlationid", "order-7")
	c.c2d("greenhouse", "\x03\x04", "iothub-messageid", "raw-1", "iothub-app-fPort", "11", "iothub-app-confirmed", "true")
	c.c2d("greenhouse", `{"fPort":0}`, "iothub-messageid", "bad-1")
	c.events(c.hub, 3, kindOf(hubtest.EventC2DComplete, "greenhouse"))
	for i, want := range []string{"json-1", "raw-1"} {
		if err, _ := copies.Load(i + 1); err != nil {
			t.Fatal(err)
		}
		if !queued(t, filepath.Join(dir, fmt.Sprint("copy", i+1)), want) {
			t.Errorf("the hub was told that %s is durable, and it was not", want)
		}
	}
	for n := byte(1); n <= 3; n++ {
		c.send("greenhouse", 1, 0xA0+n)
	}
	acked := func(e hubtest.Event) bool { return toldBy(e).State == "acked" }
	c.events(c.hub, 2, acked)
	got := map[string][]string{}
	cid := map[string]string{}
	for _, e := range c.hub.History() {
		if m := toldBy(e); m.DownlinkID != "" {
			got[m.DownlinkID] = append(got[m.DownlinkID], m.State)
			cid[m.DownlinkID] = e.Properties["$.cid"]
		}
	}
	want := map[string][]string{
		"json-1": {"queued", "transmitted", "acked"}, "raw-1": {"queued", "transmitted", "acked"}, "bad-1": {"rejected"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("states (-want +got)\n%s", diff)
	}
	if diff := cmp.Diff(map[string]string{"json-1": "order-7", "raw-1": "raw-1", "bad-1": "bad-1"}, cid); diff != "" {
		t.Errorf("correlation ids (-want +got)\n%s", diff)
	}
	var heard []string
	for _, r := range c.world.Received() {
		if r.HasFPort && r.FPort > 0 {
			heard = append(heard, fmt.Sprintf("%d:%x", r.FPort, r.Payload))
		}
	}
	if diff := cmp.Diff([]string{"10:0102", "11:0304"}, heard); diff != "" {
		t.Errorf("the node heard (-want +got)\n%s", diff)
	}
	if v := c.world.Violations(); len(v) > 0 {
		t.Errorf("violations %v", v)
	}
}

// queued reports whether the downlink is in a copy of the store.
func queued(t *testing.T, dir, id string) bool {
	t.Helper()
	s, err := store.Open(dir, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	found := false
	s.Each("queue", "", func(_ string, v []byte) {
		var i struct{ ID string }
		found = found || json.Unmarshal(v, &i) == nil && i.ID == id
	})
	return found
}

// Direct methods of a node, through the service API.
func TestDirectMethods(t *testing.T) {
	c := newCloud(t, hubtest.Options{})
	nodes, air := castOf("beehive")
	c.configure(c.hubTable(), c.nodeTables(nodes...))
	c.start()
	c.onAir(air...)
	if err := c.world.Node("beehive").Join(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.send("beehive", 1, 1)
	for _, tt := range []struct {
		name, payload string
		status        int
		want          string
	}{
		{"downlink", `{"id":"m-1","fPort":7,"payloadHex":"0a0b"}`, 200, `"id":"m-1"`},
		{"queue", `null`, 200, `"m-1"`},
		{"flush-queue", `null`, 200, `"dropped":1`},
		{"queue", `null`, 200, `"queue":[]`},
		{"downlink", `{"fPort":7,"payloadText":"hello"}`, 200, `"id":"`},
		{"downlink", `{"fPort":0}`, 400, `"reason":"f_port"`},
		{"downlink", `"open"`, 400, `"reason":"malformed"`},
		{"downlink", `{"fPort":7,"payloadHex":"` + strings.Repeat("00", 300) + `"}`, 400, `"reason":`},
		{"session", `null`, 200, `"fCntUp":`},
		{"reset-nonces", `null`, 200, `{}`},
		{"force-rejoin", `null`, 400, `1.1`},
		{"ping", `null`, 200, `"pong":"20`},
		{"reboot", `null`, 404, `"reason":"unknown_method"`},
		{"reconnect", `null`, 200, `"reconnecting":true`},
		{"ping", `null`, 200, `"pong":"20`},
	} {
		status, answer := c.method("beehive", tt.name, tt.payload)
		if status != tt.status || !strings.Contains(answer, tt.want) {
			t.Errorf("%s %.60s: %d %s, want %d with %s", tt.name, tt.payload, status, answer, tt.status, tt.want)
		}
		if tt.name == "reconnect" { // a call that comes before is lost with the old connection
			c.events(c.hub, 2, func(e hubtest.Event) bool {
				return e.Kind == hubtest.EventSubscribed && e.Device == "beehive" && strings.Contains(e.Topic, "methods")
			})
		}
		if key := regexp.MustCompile(`[0-9A-Fa-f]{32}|[A-Za-z0-9+/]{22}==`).FindString(answer); key != "" {
			t.Errorf("%s: looks like a key in %s", tt.name, answer)
		}
	}
	if n := len(c.events(c.hub, 2, kindOf(hubtest.EventConnected, "beehive"))); n != 2 {
		t.Errorf("connected %d times, want a second time after reconnect", n)
	}
}

// reported is what the tests look at in a node's twin.
type reported struct {
	Properties struct {
		Reported struct {
			Gatewayd struct {
				AppliedVersion int64
				Errors         map[string]string
				State          map[string]any
			}
		}
	}
}

// Desired properties take effect at once and are answered.
func TestTwinSettings(t *testing.T) {
	c := newCloud(t, hubtest.Options{})
	nodes, air := castOf("cellar")
	air[0].Class = simulator.ClassC // the configuration says A
	c.configure(c.hubTable(), c.nodeTables(nodes...))
	c.start()
	c.onAir(air...)
	c.send("cellar", 1, 0xB1)
	c.request("PATCH", "/twins/cellar", `{"properties":{"desired":{"colour":"red","gatewayd":{"class":"C","fPorts":[2],"adr":"sideways","speed":1}}}}`)
	twin := func(version int64) (r reported) {
		t.Helper()
		c.until(fmt.Sprint("appliedVersion ", version), func() bool {
			r = reported{}
			c.decode(c.request("GET", "/twins/cellar", ""), &r)
			return r.Properties.Reported.Gatewayd.AppliedVersion == version
		})
		return r
	}
	g := twin(2).Properties.Reported.Gatewayd
	if diff := cmp.Diff(map[string]string{"adr": `want "off" or "on"`, "speed": "is no setting"}, g.Errors); diff != "" {
		t.Errorf("errors (-want +got)\n%s", diff)
	}
	if g.State["dataRate"] != "SF7BW125" || g.State["rssi"] == nil || g.State["lastSeen"] == nil {
		t.Errorf("state %v", g.State)
	}

	// Class C: at once, without an uplink.
	if status, answer := c.method("cellar", "downlink", `{"id":"now","fPort":9,"payloadHex":"c0"}`); status != 200 {
		t.Fatalf("%d %s", status, answer)
	}
	c.until("the downlink", func() bool {
		for _, r := range c.world.Received() {
			if r.Window == "RXC" && r.FPort == 9 {
				return true
			}
		}
		return false
	})
	// Only FPort 2 is published.
	c.send("cellar", 1, 0xB2)
	c.send("cellar", 2, 0xB3)
	c.events(c.hub, 1, uplink("cellar", "b3"))
	for _, e := range c.hub.History() {
		if uplink("cellar", "b2")(e) {
			t.Error("an uplink on FPort 1 was published")
		}
	}
	// Back to the configuration.
	c.request("PATCH", "/twins/cellar", `{"properties":{"desired":{"gatewayd":null}}}`)
	if g := twin(3).Properties.Reported.Gatewayd; len(g.Errors) != 0 {
		t.Errorf("errors %v stay", g.Errors)
	}
	if _, answer := c.method("cellar", "session", "null"); !strings.Contains(answer, `"class":"A"`) {
		t.Errorf("session %s", answer)
	}
}

// SIGHUP adds a node; the others keep their connections.
func TestReloadAddsANode(t *testing.T) {
	c := newCloud(t, hubtest.Options{})
	nodes, air := castOf("greenhouse", "cellar")
	first := c.nodeTables(nodes[0])
	c.configure(c.hubTable(), first)
	c.start()
	c.onAir(air...)
	c.send("greenhouse", 1, 0xD1)
	c.send("cellar", 1, 0xD2) // nobody's
	c.configure(c.hubTable(), first, c.nodeTables(nodes[1]))
	c.hup <- syscall.SIGHUP
	c.events(c.hub, 1, kindOf(hubtest.EventConnected, "cellar"))
	c.send("cellar", 1, 0xD3)
	c.send("greenhouse", 1, 0xD4)
	c.events(c.hub, 1, uplink("cellar", "d3"))
	c.events(c.hub, 1, uplink("greenhouse", "d4"))
	for _, e := range c.hub.History() {
		if e.Kind == hubtest.EventDisconnected || uplink("cellar", "d2")(e) {
			t.Errorf("%s %s %s %s", e.Kind, e.Device, e.Reason, e.Body)
		}
	}
}
