package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gatewayd/hub"
	"gatewayd/hub/hubtest"
	"gatewayd/internal/store"
)

// provisioning is a DPS in front of the hub, with an enrolment group.
func (c *cloud) provisioning(groupKey string) *hubtest.Provisioning {
	c.t.Helper()
	p, err := hubtest.NewProvisioning(hubtest.ProvisioningOptions{IDScope: "0ne00ABCDEF", RetryAfter: time.Second, Polls: 1}, c.hub)
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { _ = p.Close() })
	if err := p.EnrollGroup(hubtest.Enrollment{ID: "nodes", Keys: []string{groupKey}}); err != nil {
		c.t.Fatal(err)
	}
	if err := p.Listen("127.0.0.1:0"); err != nil {
		c.t.Fatal(err)
	}
	return p
}

// A node of which nothing but its LoRaWAN keys is configured becomes a device
// when it is heard; a restart remembers where; a device that was removed is
// made again.
func TestZeroTouch(t *testing.T) {
	const groupKey = "ZmFrZSBrZXkgb2YgYW4gZW5yb2xtZW50IGdyb3VwISE="
	c := newCloud(t, hubtest.Options{})
	p := c.provisioning(groupKey)
	nodes, air := castOf("beehive", "greenhouse")
	// Device ids with upper case: what is remembered must be found again.
	beehive := fmt.Sprintf("[[node]]\ndev_eui = %q\njoin_eui = \"0000000000000000\"\napp_key = %q\n", nodes[1].devEUI, nodes[1].appKey)
	greenhouse := fmt.Sprintf("[[node]]\ndevice_id = \"GreenHouse\"\ndev_addr = \"%08X\"\nnwk_s_key = %q\napp_s_key = %q\n",
		nodes[0].devAddr, nodes[0].nwkSKey, nodes[0].appSKey)
	if nodes[0].device != "greenhouse" {
		t.Fatal("the cast's order has changed")
	}
	c.configure(c.hubTable(), c.table("[dps]", `id_scope = "0ne00ABCDEF"`, fmt.Sprintf("host = %q", "localhost:"+portOf(p.Addr())),
		fmt.Sprintf("group_key = %q", groupKey), "all_nodes = true"), beehive, greenhouse)
	c.start()
	c.onAir(air...)
	const device = "lora-70b3d57ed0000001"
	if names := registered(c); len(names) > 0 {
		t.Fatalf("devices %v before any node was heard", names)
	}
	if got := ask(t, 0, "node", "GreenHouse", "--socket", c.daemon.cfg.ControlSocket); !strings.Contains(got, notYetHeard) {
		t.Errorf("before the first frame:\n%s", got)
	}
	if err := c.world.Node("beehive").Join(t.Context()); err != nil {
		t.Fatal(err)
	}
	<-time.After(downlinkAirtime)
	c.send("beehive", 1, 0xE1)
	c.send("greenhouse", 1, 0xE2)
	c.events(c.hub, 1, uplink(device, "e1"))
	c.events(c.hub, 1, func(e hubtest.Event) bool { return toldBy(e).PayloadHex == "e2" })
	assigned := func(e hubtest.Event) bool { return e.Kind == hubtest.EventDPSAssigned }
	if n := len(c.events(c.hub, 2, assigned)); n != 2 {
		t.Errorf("%d registrations, want 2", n)
	}

	c.stop()
	c.start()
	c.events(c.hub, 4, func(e hubtest.Event) bool { return e.Kind == hubtest.EventConnected })
	if n := len(c.events(c.hub, 2, assigned)); n != 2 {
		t.Errorf("%d registrations after a restart, want the 2 of before", n)
	}

	c.request("DELETE", "/devices/"+device, "")
	c.events(c.hub, 3, assigned)
	c.send("beehive", 1, 0xE3)
	c.events(c.hub, 1, uplink(device, "e3"))
}

// registered are the hub's devices.
func registered(c *cloud) (names []string) {
	var list []struct{ DeviceID string }
	c.decode(c.request("GET", "/devices?top=100", ""), &list)
	for _, d := range list {
		names = append(names, d.DeviceID)
	}
	return names
}

// A device with a certificate, beside one with a key.
func TestCertificateDevice(t *testing.T) {
	c := newCloud(t, hubtest.Options{})
	cert, key, thumbprint := deviceCertificate(t, c.dir, "greenhouse")
	nodes, air := castOf("greenhouse", "cellar")
	table := strings.Replace(c.nodeTables(nodes[0]), fmt.Sprintf("device_key = %q", nodes[0].deviceKey),
		fmt.Sprintf("x509_cert = %q\nx509_key = %q", cert, key), 1)
	if err := c.hub.AddDeviceThumbprint("greenhouse", thumbprint); err != nil {
		t.Fatal(err)
	}
	c.configure(c.hubTable(), table, c.nodeTables(nodes[1]))
	c.start()
	c.onAir(air...)
	c.send("greenhouse", 1, 0xF1)
	c.send("cellar", 1, 0xF2)
	c.events(c.hub, 1, uplink("greenhouse", "f1"))
	c.events(c.hub, 1, uplink("cellar", "f2"))
}

// deviceCertificate writes a self-signed certificate and its key.
func deviceCertificate(t *testing.T, dir, device string) (certFile, keyFile, thumbprint string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: device},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certFile, keyFile = filepath.Join(dir, device+".pem"), filepath.Join(dir, device+"-key.pem")
	for name, block := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: der}, keyFile: {Type: "PRIVATE KEY", Bytes: pkcs8}} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return certFile, keyFile, fmt.Sprintf("%x", sha256.Sum256(der))
}

// MQTT over WebSocket: uplinks, C2D, methods.
func TestWebSocketTransport(t *testing.T) {
	c := newCloud(t, hubtest.Options{})
	address, err := c.hub.ListenWebSocket("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nodes, air := castOf("greenhouse")
	c.configure(c.table("[hub]", fmt.Sprintf("host = \"localhost:%s\"\ntransport = \"websocket\"", portOf(address))), c.nodeTables(nodes...))
	c.start()
	c.onAir(air...)
	c.send("greenhouse", 1, 0xF3)
	c.events(c.hub, 1, uplink("greenhouse", "f3"))
	c.c2d("greenhouse", `{"fPort":3,"payloadHex":"01"}`)
	c.events(c.hub, 1, kindOf(hubtest.EventC2DComplete, "greenhouse"))
	if status, answer := c.method("greenhouse", "queue", "null"); status != 200 || !strings.Contains(answer, `"fPort":3`) {
		t.Errorf("queue: %d %s", status, answer)
	}
}

// The gateway is a device too: statistics, health, methods for all nodes.
func TestGatewayIdentity(t *testing.T) {
	c := newCloud(t, hubtest.Options{})
	nodes, _ := castOf("greenhouse", "cellar")
	first := c.nodeTables(nodes[0])
	if err := c.hub.AddDevice("gateway1", nodes[0].deviceKey); err != nil {
		t.Fatal(err)
	}
	gateway := fmt.Sprintf("[gateway]\ndevice_id = \"gateway1\"\ndevice_key = %q\nstats_interval = \"10s\"\n", nodes[0].deviceKey)
	c.configure(c.hubTable(), gateway, first)
	c.start()
	for _, tt := range []struct {
		name   string
		status int
		want   string
	}{
		{"nodes", 200, `"greenhouse"`},
		{"stats", 200, `"concentrators":[{"name":"semtech-udp0"`},
		{"ping", 200, `"pong":"20`},
		{"downlink", 404, `unknown_method`},
	} {
		if status, answer := c.method("gateway1", tt.name, "null"); status != tt.status || !strings.Contains(answer, tt.want) {
			t.Errorf("%s: %d %s, want %d with %s", tt.name, status, answer, tt.status, tt.want)
		}
	}
	c.configure(c.hubTable(), gateway, first, c.nodeTables(nodes[1]))
	if status, answer := c.method("gateway1", "reload", "null"); status != 200 {
		t.Errorf("reload: %d %s", status, answer)
	}
	c.events(c.hub, 1, kindOf(hubtest.EventConnected, "cellar"))
	c.until("status", func() bool {
		return strings.Contains(ask(t, 0, "status", "--socket", c.daemon.cfg.ControlSocket), "3 of 3 devices connected")
	})
	if err := c.hub.DisableDevice("greenhouse"); err != nil {
		t.Fatal(err)
	}
	var twin struct {
		Properties struct {
			Reported struct{ Gatewayd health }
		}
	}
	c.until("health", func() bool {
		c.decode(c.request("GET", "/twins/gateway1", ""), &twin)
		h := twin.Properties.Reported.Gatewayd
		return h.Version == version && h.Nodes == 2 && h.Connected == 2 && h.ClockTrusted && !h.Healthy &&
			len(h.Problems) == 1 && strings.Contains(h.Problems[0], "greenhouse")
	})
	stats := c.events(c.hub, 1, func(e hubtest.Event) bool { return toldBy(e).Event == "stats" })[0]
	var s snapshot
	if err := json.Unmarshal(toldBy(stats).Stats, &s); err != nil || s.Nodes != 2 || stats.Device != "gateway1" || stats.Properties["event"] != "stats" {
		t.Errorf("stats of %s: %+v, %v", stats.Device, s, err)
	}
}

// The twin names the devices in trouble, but not without end.
func TestTroubledIsBounded(t *testing.T) {
	t.Parallel()
	devices := []hub.DeviceStatus{
		{ID: "fine", State: hub.StateConnected},
		{ID: "new", State: hub.StateConnecting},
		{ID: "once", State: hub.StateBackingOff, Attempts: 1},
		{ID: "refused", State: hub.StateBackingOff, Attempts: 2, Reason: "unknown"},
	}
	if got := troubled(devices); len(got) != 1 || got[0] != "device refused: backing-off: unknown" {
		t.Errorf("got %q", got)
	}
	for range 2 * maxTroubled {
		devices = append(devices, hub.DeviceStatus{State: hub.StateQuarantined})
	}
	if got := troubled(devices); len(got) != maxTroubled+1 || got[maxTroubled] != "and 11 devices more" {
		t.Errorf("got %q", got)
	}
}

// Nodes of one gateway may belong to different hubs.
func TestTwoHubs(t *testing.T) {
	c := newCloud(t, hubtest.Options{})
	north := newHub(t, hubtest.Options{Hostname: "127.0.0.1"})
	if err := os.WriteFile(filepath.Join(c.dir, "north.pem"), north.CAPEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	nodes, air := castOf("greenhouse", "cellar")
	if err := north.AddDevice(nodes[1].device, nodes[1].deviceKey); err != nil {
		t.Fatal(err)
	}
	var cellar strings.Builder
	nodes[1].writeTo(&cellar)
	c.configure(c.hubTable(), fmt.Sprintf("[[other_hub]]\nname = \"north\"\nhost = %q\nca_file = %q\n", north.Addr(), filepath.Join(c.dir, "north.pem")),
		c.nodeTables(nodes[0]), cellar.String()+"hub = \"north\"\n")
	c.start()
	c.onAir(air...)
	c.send("greenhouse", 1, 0x51)
	c.send("cellar", 1, 0x52)
	c.events(c.hub, 1, uplink("greenhouse", "51"))
	c.events(north, 1, uplink("cellar", "52"))
	if err := north.SendC2D("cellar", hubtest.C2D{ID: "n-1", Body: []byte(`{"fPort":2,"payloadHex":"00"}`)}); err != nil {
		t.Fatal(err)
	}
	c.events(north, 1, kindOf(hubtest.EventC2DComplete, "cellar"))
}

// The day's quota is remembered over a restart, and what happens when it runs
// short is the policy's choice.
func TestQuotaPolicies(t *testing.T) {
	for _, policy := range []hub.QuotaPolicy{hub.QuotaBatch, hub.QuotaDropLow} {
		t.Run(string(policy), func(t *testing.T) { quotaRunsShort(t, policy) })
	}
}

func quotaRunsShort(t *testing.T, policy hub.QuotaPolicy) {
	c := newCloud(t, hubtest.Options{Tier: hubtest.TierF1})
	nodes, air := castOf("greenhouse")
	c.configure(c.hubTable(`tier = "F1"`, fmt.Sprintf("quota = %q", policy)), c.nodeTables(nodes...))
	// An earlier process has used nearly all of it.
	if err := os.Mkdir(filepath.Join(c.dir, "state"), 0o700); err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(filepath.Join(c.dir, "state", storeDir), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().UTC()
	used := hub.QuotaCount{Day: now.Format(time.DateOnly), Since: now.Add(-time.Hour), Used: 7900}
	if err := (kept[hub.QuotaCount]{s, quotaBucket}).Save(demoHost, used); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := c.hub.Inject("greenhouse", hubtest.Fault{Kind: hubtest.FaultRefuse}); err != nil {
		t.Fatal(err)
	}
	c.start()
	c.onAir(air...)
	c.send("greenhouse", 1, 0x61)
	ask(t, 0, "downlink", "greenhouse", "--fport", "7", "--hex", "01", "--socket", c.daemon.cfg.ControlSocket)
	c.send("greenhouse", 1, 0x62)
	c.hub.ClearFaults("greenhouse")
	if policy == hub.QuotaBatch {
		c.batched()
		return
	}
	c.events(c.hub, 1, uplink("greenhouse", "62"))
	for _, e := range c.hub.History() {
		if toldBy(e).State == "queued" {
			t.Errorf("an event was sent while the quota runs short: %s", e.Body)
		}
	}
}

// batched checks that everything came in one message.
func (c *cloud) batched() {
	c.t.Helper()
	batch := c.events(c.hub, 1, func(e hubtest.Event) bool { return e.Properties["event"] == "batch" })[0]
	var parts []told
	c.decode(batch.Body, &parts)
	var all strings.Builder
	for _, p := range parts {
		all.WriteString(p.Event + p.State + p.PayloadHex + " ")
	}
	if got := all.String(); !strings.HasPrefix(got, "up61 txackqueued ") || !strings.Contains(got, "up62 ") {
		c.t.Errorf("the batch holds %s", got)
	}
}
