package config

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gatewayd/radio/picocell"
)

// The keys of these nodes look random: no warning is wanted for them.
const (
	nodeA = `
[[node]]
device_id = "a"
device_key = "0ZkQp2vH6s1Jx8bYtLr4Wg=="
dev_addr = "26011BDA"
nwk_s_key = "8F1120CE5A3B77E1094C6D2B10FA99E7"
app_s_key = "1CF08A9E33D14B7720B5E64D9C02AF58"
dev_eui = "70B3D57ED0000009"
`
	nodeB = `
[[node]]
name = "second"
connection_string = "HostName=contoso.azure-devices.net;DeviceId=b;SharedAccessKey=0ZkQp2vH6s1Jx8bYtLr4Wg=="
dev_eui = "70B3D57ED0000001"
join_eui = "0000000000000001"
app_key = "8F1120CE5A3B77E1094C6D2B10FA99E7"
`
	groupA = `
[[group]]
device_id = "lights"
device_key = "0ZkQp2vH6s1Jx8bYtLr4Wg=="
dev_addr = "26011BFF"
nwk_s_key = "9F1120CE5A3B77E1094C6D2B10FA99E7"
app_s_key = "2CF08A9E33D14B7720B5E64D9C02AF58"
`
)

// write puts files into a folder and returns the path of the first.
func write(t *testing.T, mode os.FileMode, files ...string) string {
	t.Helper()
	dir := t.TempDir()
	for i := 0; i < len(files); i += 2 {
		path := filepath.Join(dir, files[i])
		if err := os.WriteFile(path, []byte(files[i+1]), mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil { // whatever the umask
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, files[0])
}

func TestLoadNodesFromBothFiles(t *testing.T) {
	t.Parallel()
	path := write(t, 0o600, "gatewayd.toml", `nodes_file = "nodes.toml"`+required+nodeA, "nodes.toml", nodeB)
	c, err := Load(path, noEnv)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Warnings) != 0 {
		t.Errorf("warnings: %v", c.Warnings)
	}
	a, b := c.Nodes[0], c.Nodes[1]
	type summary struct {
		Name, DeviceID, Position, DevEUI, JoinEUI, DevAddr string
		OTAA                                               bool
	}
	dir := filepath.Dir(path)
	got := []summary{
		{a.Name, a.DeviceID, a.Position.String(), a.DevEUI.String(), a.JoinEUI.String(), a.DevAddr.String(), a.OTAA},
		{b.Name, b.DeviceID, b.Position.String(), b.DevEUI.String(), b.JoinEUI.String(), b.DevAddr.String(), b.OTAA},
	}
	want := []summary{
		{"a", "a", dir + "/gatewayd.toml:9:3", "70B3D57ED0000009", "0000000000000000", "26011bda", false},
		{"second", "b", dir + "/nodes.toml:2:3", "70B3D57ED0000001", "0000000000000001", "00000000", true},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("nodes (-want +got):\n%s", diff)
	}
	if a.Credential == nil || a.Credential != b.Credential {
		t.Error("a device key and a connection string with the same key give different credentials")
	}
	if k := b.AppKey.Reveal(); k[0] != 0x8F || k[15] != 0xE7 || b.AppKey != a.NwkSKey {
		t.Error("keys are not what the file says")
	}
}

func TestLoadAbsentFile(t *testing.T) {
	t.Parallel()
	_, err := Load(filepath.Join(t.TempDir(), "none.toml"), noEnv)
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want %v", err, fs.ErrNotExist)
	}
}

func TestLoadErrorsAreTyped(t *testing.T) {
	t.Parallel()
	_, err := Load(write(t, 0o600, "c.toml", required+"[log]\nlevel = \"x\"\n"), noEnv)
	var e *Error
	if !errors.As(err, &e) || e.Key != "log.level" || e.Position.Line != 9 || e.Position.Column != 1 {
		t.Errorf("got %v", err)
	}
}

func TestWarnings(t *testing.T) {
	t.Parallel()
	c, err := Load(write(t, 0o644, "c.toml", `nodes_file = "n.toml"`+required+nodeA, "n.toml", nodeB), noEnv)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Warnings) != 2 || !strings.Contains(c.Warnings[0], "c.toml:1:1: node: every user") ||
		!strings.Contains(c.Warnings[1], "n.toml:1:1: node: every user") {
		t.Errorf("two readable files give the warnings %q", c.Warnings)
	}
	got := mustCheck(t, required).Warnings
	if len(got) != 1 || !strings.HasPrefix(got[0], "gatewayd.toml:1:1: node: no node") {
		t.Errorf("no node gives the warnings %q", got)
	}
	zero := strings.Replace(nodeB, "70B3D57ED0000001", "0000000000000000", 1)
	got = mustCheck(t, required+zero).Warnings
	if len(got) != 1 || !strings.Contains(got[0], ":12:1: node.dev_eui: all zero") {
		t.Errorf("a zero DevEUI gives the warnings %q", got)
	}
}

func TestPaths(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, top, concentrator, stateDirectory string
		wantState, wantFirmware                 string
	}{
		{"defaults", "", "", "", "/var/lib/gatewayd", "/var/lib/gatewayd/firmware"},
		{"systemd", "", "", "/run/state", "/run/state", "/run/state/firmware"},
		{"systemd with two", "", "", "/run/state:/run/other", "/run/state", "/run/state/firmware"},
		{"configured", `state_dir = "/data"`, "", "/run/state", "/data", "/data/firmware"},
		{"relative", `state_dir = "state"`, `firmware_dir = "fw"`, "", "/etc/gatewayd/state", "/etc/gatewayd/fw"},
		{"absolute", "", `firmware_dir = "/opt/fw"`, "", "/var/lib/gatewayd", "/opt/fw"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			env := environment{getenv: func(name string) string {
				return map[string]string{"STATE_DIRECTORY": tt.stateDirectory}[name]
			}}
			c, err := check(source{name: "/etc/gatewayd/gatewayd.toml", data: []byte(tt.top + required + tt.concentrator)}, env)
			if err != nil {
				t.Fatal(err)
			}
			if c.StateDir != tt.wantState || c.Concentrators[0].FirmwareDir != tt.wantFirmware {
				t.Errorf("got %s and %s, want %s and %s", c.StateDir, c.Concentrators[0].FirmwareDir, tt.wantState, tt.wantFirmware)
			}
		})
	}
}

func TestHub(t *testing.T) {
	t.Parallel()
	text := strings.Replace(required, `.net"`, `.net:9883"
sas_ttl = "1d"
connect_rate = 0.5
keep_alive = "1177s"
ca_file = "ca.pem"`, 1)
	c, err := Load(write(t, 0o600, "c.toml", text, "ca.pem", certificate(t)+certificate(t)), noEnv)
	if err != nil {
		t.Fatal(err)
	}
	h := c.Hub
	if h.Host != "contoso.azure-devices.net" || h.Port != 9883 || h.SASTTL != 24*time.Hour || h.ConnectRate != 0.5 ||
		h.KeepAlive != 1177*time.Second {
		t.Errorf("got %+v", h)
	}
	if h.RootCAs == nil || h.RootCAs.Equal(x509.NewCertPool()) {
		t.Error("the certificates of ca_file are missing")
	}
}

// certificate makes a self-signed one.
func certificate(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

func TestFirmwarePins(t *testing.T) {
	t.Parallel()
	sum := strings.Repeat("0A", 32)
	c := mustCheck(t, required+"gateway_eui = \"B8-27-EB-FF-FE-01-02-03\"\n[concentrator.firmware_sha256]\nagc = \"\"\ncal5_12 = \""+sum+"\"\n")
	want := picocell.DefaultPins()
	want[picocell.ImageCal5to12] = strings.ToLower(sum)
	if diff := cmp.Diff(want, c.Concentrators[0].FirmwarePins); diff != "" {
		t.Errorf("pins (-want +got):\n%s", diff)
	}
	if got := c.Concentrators[0].GatewayEUI.String(); got != "B827EBFFFE010203" {
		t.Errorf("gateway EUI %s", got)
	}
}

// TestSyntaxErrorsQuoteNothing checks that not even one character of what
// may be a secret is quoted.
func TestSyntaxErrorsQuoteNothing(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"k = Zab", "k = \"a\\Zb\"", "k = 'a' Z", "k = \"\\uZZZZ\"", "k = 1Z", "k = [1 Z]", "k = 2026-01-01TZ", "Z"} {
		_, err := check(source{name: "c.toml", data: []byte(text + "\n")}, badEnvironment())
		if err == nil || strings.ContainsAny(strings.TrimPrefix(err.Error(), "c.toml"), "Z+") {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// TestAccepted checks what looks like a mistake and is none.
func TestAccepted(t *testing.T) {
	t.Parallel()
	sameDevAddr := strings.NewReplacer(`"a"`, `"c"`, "8F1120CE", "8F1120CF", "70B3D57ED0000009", "70-b3-d5-7e-d0-00-00-0a").Replace(nodeA)
	for name, text := range map[string]string{
		"one DevAddr, two network keys":        required + nodeA + sameDevAddr,
		"host in another case":                 required + strings.Replace(nodeB, "contoso.azure", "Contoso.Azure", 1),
		"device_id as in connection_string":    required + nodeB + `device_id = "b"`,
		"host with port and connection_string": strings.Replace(required, `.net"`, `.net:8884"`, 1) + nodeB,
		"keys of tables with dots":             `log.level = "debug"` + required + nodeA,
		"Windows line ends":                    strings.ReplaceAll(required+nodeA, "\n", "\r\n"),
	} {
		if got := mustCheck(t, text).Warnings; len(got) != 0 {
			t.Errorf("%s: warnings %q", name, got)
		}
	}
}
