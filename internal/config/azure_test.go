package config

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"gatewayd/hub"
	"gatewayd/internal/secret"
)

// Tables of the Azure side. The group's key is made up.
const (
	otherHub = `
[[other_hub]]
name = "north"
host = "Fabrikam.azure-devices.net"
tier = "s1"
units = 2
`
	groupKeyText = "Xr2cQ0nT5w8ZbL1uVf6yHk3sJd9aMe4gPi7oRt0qWlE="
	zeroTouch    = `
[dps]
id_scope = "0ne00ABCDEF"
group_key = "` + groupKeyText + `"
all_nodes = true
`
	loraOnly = `
[[node]]
dev_eui = "70B3D57ED000000A"
join_eui = "0000000000000001"
app_key = "8F1120CE5A3B77E1094C6D2B10FA99E7"
`
)

func TestHubSettings(t *testing.T) {
	t.Parallel()
	h := mustCheck(t, strings.Replace(required, `.net"`, `.net"
tier = "f1"
units = 1
transport = "websocket"
quota = "drop-low-priority"
connect_burst = 3
method_timeout = "5s"`, 1)).Hub
	want := Hub{
		Host: "contoso.azure-devices.net", Port: 443, SASTTL: time.Hour, KeepAlive: 230 * time.Second,
		PubackTimeout: time.Minute, ConnectTimeout: 30 * time.Second, MethodTimeout: 5 * time.Second,
		ConnectRate: 0, ConnectBurst: 3, APIVersion: "2021-04-12",
		Tier: "F1", Units: 1, Transport: hub.TransportWebSocket, Quota: hub.QuotaDropLow,
	}
	if diff := cmp.Diff(want, h, cmpopts.EquateComparable(Proxy{})); diff != "" {
		t.Errorf("hub (-want +got):\n%s", diff)
	}
	port := strings.Replace(required, `.net"`, `.net:8443"
transport = "websocket"`, 1)
	if got := mustCheck(t, port).Hub.Port; got != 8443 {
		t.Errorf("port %d, want the one that is given", got)
	}
}

func TestOtherHubs(t *testing.T) {
	t.Parallel()
	c := mustCheck(t, strings.Replace(required, `.net"`, `.net"
transport = "websocket"
api_version = "2020-09-30"
tier = "F1"
connect_rate = 2
quota = "batch"`, 1)+otherHub+`
[[other_hub]]
name = "south"
host = "adatum.azure-devices.net:9883"
transport = "mqtt"
quota = "hold"
api_version = "2021-04-12"
connect_rate = 7.5
`+nodeA)
	want := []OtherHub{
		{Name: "north", Hub: hub.Hub{
			Host: "Fabrikam.azure-devices.net", Port: 443, APIVersion: "2020-09-30", Tier: "S1", Units: 2,
			Transport: hub.TransportWebSocket, Quota: hub.QuotaBatch, ConnectBurst: 10,
		}},
		{Name: "south", Hub: hub.Hub{
			Host: "adatum.azure-devices.net", Port: 9883, APIVersion: "2021-04-12", Units: 1,
			Transport: hub.TransportTLS, Quota: hub.QuotaHold, ConnectRate: 7.5, ConnectBurst: 10,
		}},
	}
	if diff := cmp.Diff(want, c.OtherHubs); diff != "" {
		t.Errorf("hubs (-want +got):\n%s", diff)
	}
}

// TestHubOfNode checks which hub a node's device is in.
func TestHubOfNode(t *testing.T) {
	t.Parallel()
	elsewhere := strings.Replace(nodeB, "contoso", "fabrikam", 1)
	for name, tt := range map[string]struct{ node, want string }{
		"the main one":                  {nodeA, ""},
		"named":                         {nodeA + `hub = "north"`, "Fabrikam.azure-devices.net"},
		"of its connection string":      {elsewhere, "Fabrikam.azure-devices.net"},
		"both":                          {elsewhere + `hub = "north"`, "Fabrikam.azure-devices.net"},
		"main one of connection string": {nodeB, ""},
	} {
		if got := mustCheck(t, required+otherHub+tt.node).Nodes[0].Hub; got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}

// TestZeroTouch checks that a node needs nothing but its LoRaWAN keys.
func TestZeroTouch(t *testing.T) {
	t.Parallel()
	c := mustCheck(t, required+zeroTouch+loraOnly+nodeA+nodeB+`
[[node]]
device_id = "c"
device_key = "0ZkQp2vH6s1Jx8bYtLr4Wg=="
provisioning = "none"
dev_addr = "26011BDB"
nwk_s_key = "8F1120CE5A3B77E1094C6D2B10FA99E7"
`)
	k, err := hub.NewGroupKey(secret.NewText(groupKeyText))
	if err != nil {
		t.Fatal(err)
	}
	device, err := hub.NewDeviceKey(secret.NewText("0ZkQp2vH6s1Jx8bYtLr4Wg=="))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []Identity{
		{DeviceID: "lora-70b3d57ed000000a", RegistrationID: "lora-70b3d57ed000000a", Credential: k.DeviceKey("lora-70b3d57ed000000a")},
		{DeviceID: "a", RegistrationID: "a", Credential: device},
		{DeviceID: "b", Credential: device}, // its connection string names a hub
		{DeviceID: "c", Credential: device},
	} {
		if got := c.Nodes[i].Identity; got != want {
			t.Errorf("node %d: got %+v, want %+v", i, got, want)
		}
	}
	if n := c.Nodes[0]; n.Name != n.DeviceID {
		t.Errorf("name %q", n.Name)
	}
	if c.Gateway.DeviceID != "" {
		t.Errorf("a gateway device %q out of nothing", c.Gateway.DeviceID)
	}
	if d := c.DPS; d.IDScope != "0ne00ABCDEF" || d.Host != hub.GlobalProvisioningHost || d.Port != 8883 || d.RootCAs != nil {
		t.Errorf("got %+v", d)
	}
}

func TestProvisionedNode(t *testing.T) {
	t.Parallel()
	c := mustCheck(t, required+`
[dps]
id_scope = "0ne00ABCDEF"
host = "127.0.0.1:9884"
`+nodeA+`
provisioning = "dps"
registration_id = "Sensor-A"
`)
	if id := c.Nodes[0].Identity; id.DeviceID != "a" || id.RegistrationID != "Sensor-A" || id.Credential == nil || id.Hub != "" {
		t.Errorf("got %+v", id)
	}
	if c.DPS.Host != "127.0.0.1" || c.DPS.Port != 9884 {
		t.Errorf("got %+v", c.DPS)
	}
}

func TestGateway(t *testing.T) {
	t.Parallel()
	if g := mustCheck(t, required+nodeA).Gateway; g != (Gateway{StatsInterval: 5 * time.Minute}) {
		t.Errorf("without a word: %+v", g)
	}
	g := mustCheck(t, required+otherHub+nodeA+`
[gateway]
device_id = "roof"
device_key = "0ZkQp2vH6s1Jx8bYtLr4Wg=="
connection_string = "" # as in the reference
registration_id = ""
hub = "north"
stats_interval = "1h"
`).Gateway
	if g.DeviceID != "roof" || g.Credential == nil || g.Hub != "Fabrikam.azure-devices.net" || g.StatsInterval != time.Hour {
		t.Errorf("got %+v", g)
	}
	g = mustCheck(t, required+strings.Replace(zeroTouch, "all_nodes = true", "", 1)+nodeA+`
[gateway]
registration_id = "roof"
provisioning = "dps"
`).Gateway
	if g.DeviceID != "roof" || g.RegistrationID != "roof" || g.Credential == nil {
		t.Errorf("provisioned: %+v", g)
	}
}

func TestConnection(t *testing.T) {
	t.Parallel()
	c := mustCheck(t, required+nodeA+`
policy = "linger"
linger = "90s"
model_id = "dtmi:com:example:Soil_Sensor2;12"
keep_alive = "60s"
api_version = "2020-09-30"
f_ports = [2, 223]
report_interval = "6h"
`+nodeB+`policy = "on-demand"`+groupA+`
policy = "linger"
downlink_expiry = "2h"
downlink_queue = 9
codec = "cayenne-lpp"
`)
	n, g := c.Nodes[0], c.Groups[0]
	want := Connection{
		Policy: hub.PolicyLinger, Linger: 90 * time.Second, ModelID: "dtmi:com:example:Soil_Sensor2;12",
		KeepAlive: time.Minute, APIVersion: "2020-09-30",
	}
	if n.Connection != want {
		t.Errorf("got %+v, want %+v", n.Connection, want)
	}
	if diff := cmp.Diff([]uint8{2, 223}, n.Ports); diff != "" || n.ReportInterval != 6*time.Hour {
		t.Errorf("report interval %v, ports (-want +got):\n%s", n.ReportInterval, diff)
	}
	if got := c.Nodes[1]; got.Connection != (Connection{Policy: hub.PolicyOnDemand}) || got.Ports != nil || got.ReportInterval != time.Hour {
		t.Errorf("got %+v", got)
	}
	if g.Connection != (Connection{Policy: hub.PolicyLinger}) || g.Codec != "cayenne-lpp" ||
		g.Downlink != (Downlink{Expiry: 2 * time.Hour, MaxWaiting: 9}) {
		t.Errorf("got %+v", g)
	}
}

func TestCodec(t *testing.T) {
	t.Parallel()
	c := mustCheck(t, required+nodeA+`
codec = "files/works.js"
codec_variables = { offset = "-0.5", "serial no" = "12" }
`+nodeB)
	if n := c.Nodes[0]; n.Codec != "files/works.js" || !cmp.Equal(n.CodecVariables, map[string]string{"offset": "-0.5", "serial no": "12"}) {
		t.Errorf("%q with %v", n.Codec, n.CodecVariables)
	}
	if n := c.Nodes[1]; n.Codec != "none" || n.CodecVariables != nil {
		t.Errorf("%q with %v", n.Codec, n.CodecVariables)
	}
	if len(c.Warnings) != 0 {
		t.Errorf("warnings: %q", c.Warnings)
	}
}

// writePair writes a certificate for a device and its key.
func writePair(t *testing.T, dir, id string, keyMode os.FileMode) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: id},
		NotBefore: time.Unix(1_700_000_000, 0), NotAfter: time.Unix(4_000_000_000, 0),
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	for name, f := range map[string]struct {
		kind string
		der  []byte
		mode os.FileMode
	}{"cert.pem": {"CERTIFICATE", cert, 0o644}, "key.pem": {"PRIVATE KEY", der, keyMode}} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: f.kind, Bytes: f.der}), f.mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, f.mode); err != nil { // whatever the umask
			t.Fatal(err)
		}
	}
}

func TestX509(t *testing.T) {
	t.Parallel()
	lines := "x509_cert = \"cert.pem\"\nx509_key = \"key.pem\"\n"
	node := strings.Replace(nodeA, "device_key = \"0ZkQp2vH6s1Jx8bYtLr4Wg==\"\n", lines, 1)
	provisioned := strings.Replace(required+zeroTouch+loraOnly, "[[node]]", "[[node]]\nregistration_id = \"A\"\n"+lines, 1)
	for name, tt := range map[string]struct {
		text, id string
		keyMode  os.FileMode
		want     string // of the error; "" for none
	}{
		"device":         {required + node, "a", 0o600, ""},
		"provisioned":    {provisioned, "a", 0o400, ""},
		"another device": {required + node, "b", 0o600, `node.x509_cert: certificate `},
		"readable key":   {required + node, "a", 0o640, `node.x509_key: key of the device certificate: `},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := write(t, 0o600, "gatewayd.toml", tt.text)
			writePair(t, filepath.Dir(path), tt.id, tt.keyMode)
			c, err := Load(path, noEnv)
			switch {
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("got %v, want %q in it", err, tt.want)
			case tt.want == "" && err != nil:
				t.Error(err)
			case tt.want == "":
				if expires, ok := hub.Expiry(c.Nodes[0].Credential); !ok || expires.Unix() != 4_000_000_000 {
					t.Errorf("the credential expires at %v", expires)
				}
			}
		})
	}
}
