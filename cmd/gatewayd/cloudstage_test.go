package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"gatewayd/hub"
	"gatewayd/hub/hubtest"
	"gatewayd/internal/config"
	"gatewayd/internal/notify"
	"gatewayd/internal/secret"
	"gatewayd/internal/simulator"
	"gatewayd/radio/radiotest/forwarder"
)

// policyKey is that of the hub's policy iothubowner.
const policyKey = "ZmFrZSBrZXkgb2YgaW90aHVib3duZXIsIDMyIGJ5dGU="

// patience bounds every wait.
const patience = time.Minute

// cloud is a daemon between a gateway with a packet forwarder and an IoT Hub
// with its service API, all in this process.
type cloud struct {
	t       *testing.T
	dir     string
	hub     *hubtest.Hub
	service *httptest.Server
	udp     string // where the daemon listens for the forwarder
	config  string // path
	world   *simulator.World

	daemon *daemon
	logs   *observer.ObservedLogs
	hup    chan os.Signal
	stop   func()
}

// newCloud starts everything but the daemon and the nodes.
func newCloud(t *testing.T, o hubtest.Options) *cloud {
	t.Helper()
	t.Parallel()
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	c := &cloud{t: t, dir: t.TempDir(), udp: ownAddress()}
	c.config = filepath.Join(c.dir, "gatewayd.toml")
	o.PolicyKey = secret.NewText(policyKey)
	c.hub = newHub(t, o)
	if err := os.WriteFile(filepath.Join(c.dir, "ca.pem"), c.hub.CAPEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	c.service = httptest.NewUnstartedServer(c.hub.Service())
	c.service.TLS = c.hub.ServiceTLS()
	c.service.StartTLS()
	t.Cleanup(c.service.Close)
	return c
}

// newHub is a hub that listens.
func newHub(t *testing.T, o hubtest.Options) *hubtest.Hub {
	t.Helper()
	if o.Hostname == "" {
		o.Hostname = demoHost
	}
	h, err := hubtest.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.Close() })
	if err := h.Listen("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	return h
}

// stages counts the clouds of this process.
var stages atomic.Uint32

// ownAddress is an address of this machine that no other test has, in this
// process or another.
func ownAddress() string {
	pid := os.Getpid()
	return fmt.Sprintf("127.%d.%d.%d:1700", 1+pid>>8&0x7f, pid&0xff, 1+stages.Add(1)%254)
}

// configure writes the configuration: that of every cloud, and more.
func (c *cloud) configure(more ...string) {
	c.t.Helper()
	common := fmt.Sprintf("state_dir = %q\n[clock]\nrequire_sync = \"never\"\n[[concentrator]]\ntype = \"semtech-udp\"\nlisten = %q\nregion = \"EU868\"\n",
		filepath.Join(c.dir, "state"), c.udp)
	if err := os.WriteFile(c.config, []byte(common+strings.Join(more, "\n")), 0o600); err != nil {
		c.t.Fatal(err)
	}
}

// hubTable is the [hub] table, with further lines.
func (c *cloud) hubTable(lines ...string) string {
	return c.table("[hub]", fmt.Sprintf("host = %q", demoHost+":"+portOf(c.hub.Addr())), strings.Join(lines, "\n"))
}

// table is one that trusts the hub's authority.
func (c *cloud) table(lines ...string) string {
	lines = append(lines, fmt.Sprintf("ca_file = %q\n", filepath.Join(c.dir, "ca.pem")))
	return strings.Join(lines, "\n")
}

// nodeTables are [[node]] tables; the devices are made in the hub.
func (c *cloud) nodeTables(nodes ...castNode) string {
	c.t.Helper()
	var b strings.Builder
	for _, n := range nodes {
		if err := c.hub.AddDevice(n.device, n.deviceKey); err != nil {
			c.t.Fatal(err)
		}
		n.writeTo(&b)
	}
	return b.String()
}

// start runs the daemon as "gatewayd run" does.
func (c *cloud) start() {
	c.t.Helper()
	cfg, err := config.Load(c.config, func(string) string { return "" })
	if err != nil {
		c.t.Fatal(err)
	}
	core, logs := observer.New(zap.InfoLevel)
	c.logs = logs
	if c.daemon, err = newDaemon(cfg, zap.New(core), nil); err != nil {
		c.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	silent, err := notify.New(func(string) string { return "" })
	if err != nil {
		c.t.Fatal(err)
	}
	c.hup = make(chan os.Signal, 1)
	a := &app{getenv: func(string) string { return "" }, stdout: io.Discard, stderr: io.Discard}
	done := make(chan error, 1)
	go a.reloads(ctx, c.hup, c.daemon, c.config, silent)
	go c.daemon.report(ctx, silent)
	go func() { done <- c.daemon.run(ctx) }()
	var once atomic.Bool
	c.stop = func() {
		if once.Swap(true) {
			return
		}
		cancel()
		if err := <-done; err != nil {
			c.t.Error(err)
		}
		if c.t.Failed() {
			for _, e := range c.logs.All() {
				c.t.Log(e.Level, e.LoggerName, e.Message, e.ContextMap())
			}
			for _, e := range c.hub.History() {
				if e.Kind != hubtest.EventService {
					c.t.Logf("%s %s %s %s %d %s", e.Kind, e.Device, e.Reason, e.Topic, e.Code, e.Body)
				}
			}
		}
	}
	c.t.Cleanup(c.stop)
}

// onAir puts nodes on the air, once downlinks have a way.
func (c *cloud) onAir(nodes ...simulator.Config) {
	c.t.Helper()
	f, err := forwarder.New(forwarder.Options{Server: c.udp, KeepAlive: 50 * time.Millisecond})
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { _ = f.Close() })
	c.within("the gateway's forwarder", f.Ready())
	if c.world, err = simulator.New(f, nodes, simulator.Options{}); err != nil {
		c.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- c.world.Run(ctx) }()
	c.t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			c.t.Error(err)
		}
	})
}

func (c *cloud) within(what string, done <-chan struct{}) {
	c.t.Helper()
	select {
	case <-done:
	case <-time.After(patience):
		c.t.Fatalf("%s: not within %v", what, patience)
	}
}

// until asks again and again.
func (c *cloud) until(what string, reached func() bool) {
	c.t.Helper()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(patience)
	for !reached() {
		select {
		case <-tick.C:
		case <-deadline:
			c.t.Fatalf("%s: not within %v", what, patience)
		}
	}
}

// events waits until n events of h match.
func (c *cloud) events(h *hubtest.Hub, n int, match func(hubtest.Event) bool) []hubtest.Event {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	found, err := h.WaitEvents(ctx, n, match)
	if err != nil {
		c.t.Fatal(err)
	}
	return found
}

// downlinkAirtime is more than any downlink here takes. Who speaks while the
// gateway sends is not heard.
const downlinkAirtime = 300 * time.Millisecond

// send has a node send an uplink with one byte until the gateway hears it, and
// waits for what it is answered.
func (c *cloud) send(node string, fPort, payload byte) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		sent, err := c.world.Node(node).Send(ctx, simulator.Message{FPort: fPort, Payload: []byte{payload}})
		if err != nil {
			c.t.Fatal(err)
		}
		<-time.After(downlinkAirtime)
		if sent.Heard > 0 {
			return
		}
	}
}

// request asks the service API and returns the answer's body.
func (c *cloud) request(method, path, body string, headers ...string) []byte {
	c.t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), method, c.service.URL+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	key := []byte("fake key of iothubowner, 32 byte")
	r.Header.Set("Authorization", hub.SignSAS(demoHost, key, time.Now().Add(time.Hour))+"&skn=iothubowner")
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	client := http.Client{Transport: &http.Transport{TLSClientConfig: c.hub.ClientTLS()}, Timeout: patience}
	defer client.CloseIdleConnections()
	answer, err := client.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	content, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode >= 300 {
		c.t.Fatalf("%s %s: %s %v\n%s", method, path, answer.Status, err, content)
	}
	return content
}

// c2d sends a C2D message.
func (c *cloud) c2d(device, body string, headers ...string) {
	c.t.Helper()
	c.request("POST", "/devices/"+device+"/messages/devicebound", body, headers...)
}

// method calls a direct method; the device may still be connecting.
func (c *cloud) method(device, name, payload string) (status int, answer string) {
	c.t.Helper()
	body := fmt.Sprintf(`{"methodName":%q,"payload":%s,"connectTimeoutInSeconds":30,"responseTimeoutInSeconds":30}`, name, payload)
	var result struct {
		Status  int
		Payload json.RawMessage
	}
	c.decode(c.request("POST", "/twins/"+device+"/methods", body), &result)
	return result.Status, string(result.Payload)
}

func (c *cloud) decode(text []byte, v any) {
	c.t.Helper()
	if err := json.Unmarshal(text, v); err != nil {
		c.t.Fatalf("%v: %s", err, text)
	}
}

// told is what the tests look at in the body of a message.
type told struct {
	Event, State, Reason, DeviceID, DownlinkID, PayloadHex string
	Stats                                                  json.RawMessage
}

func toldBy(e hubtest.Event) (m told) {
	if e.Kind == hubtest.EventD2C {
		_ = json.Unmarshal(e.Body, &m) // an array stays empty
	}
	return m
}

// uplink matches the message with an uplink's payload.
func uplink(device, payloadHex string) func(hubtest.Event) bool {
	return func(e hubtest.Event) bool {
		m := toldBy(e)
		return e.Device == device && m.Event == "up" && m.PayloadHex == payloadHex
	}
}

// kindOf matches what happened to a device.
func kindOf(kind hubtest.Kind, device string) func(hubtest.Event) bool {
	return func(e hubtest.Event) bool { return e.Kind == kind && e.Device == device }
}
