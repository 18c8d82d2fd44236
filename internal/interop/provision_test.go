//go:build interop

package interop

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// derived is the key of a group's device, as the documents say.
func derived(t *testing.T, registration string) string {
	t.Helper()
	group, err := base64.StdEncoding.DecodeString(groupKey)
	if err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(sha256.New, group)
	mac.Write([]byte(registration))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// assignment is what the provisioning SDK's script printed.
type assignment struct{ Hub, Device, Status, Refused string }

func (e *emulator) provision(t *testing.T, id string, credential ...string) assignment {
	t.Helper()
	cmd := command(t, "node", append([]string{"testdata/node/provision.js", host + ":" + e.dps, idScope, id}, credential...)...)
	cmd.Env = append(cmd.Env, "NODE_EXTRA_CA_CERTS="+e.ca)
	complaints := &output{}
	cmd.Stderr = complaints
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s%s", err, out, complaints)
	}
	var a assignment
	if err := json.Unmarshal(out, &a); err != nil {
		t.Fatalf("the script printed %q: %v\n%s", out, err, complaints)
	}
	return a
}

// TestNodeProvisioningSDK registers a device of a group, which then connects
// to its hub with the same key.
func TestNodeProvisioningSDK(t *testing.T) {
	e := emulate(t)
	if got, want := e.provision(t, "newcomer", derived(t, "newcomer")), (assignment{host, "newcomer", "assigned", ""}); got != want {
		t.Fatalf("got %+v, want %+v", got, want)
	}
	out, err := command(t, gatewayd, "publish", "--host", host+":"+e.port, "--device", "newcomer",
		"--key", derived(t, "newcomer"), "--ca-file", e.ca, "-m", "hello").CombinedOutput()
	if err != nil {
		t.Errorf("the assigned device cannot connect: %v\n%s", err, out)
	}
	if got := e.provision(t, "stranger", otherKey); got.Refused == "" || got.Status != "" {
		t.Errorf("a key that is not the group's: got %+v", got)
	}
}

// TestNodeSDKX509 registers and connects devices with certificates: one known
// by its thumbprint, one through the provisioning service.
func TestNodeSDKX509(t *testing.T) {
	e := emulate(t)
	dir := t.TempDir()
	thumbprint := certificate(t, dir, "sensor")
	connect := func(id, certOf, text string) error {
		// With certificates the SDK does not heed GatewayHostName.
		where := "HostName=" + host + ":" + e.port + ";DeviceId=" + id + ";x509=true"
		out, err := command(t, "node", "testdata/node/connect.js", where, e.ca,
			filepath.Join(dir, certOf+".pem"), filepath.Join(dir, certOf+".key"), text).CombinedOutput()
		if err != nil {
			return fmt.Errorf("%w: %s", err, out)
		}
		return nil
	}

	e.service(t, "PUT", "/devices/sensor", `{"deviceId":"sensor","authentication":{"type":"selfSigned","x509Thumbprint":{"primaryThumbprint":"`+thumbprint+`"}}}`)
	if err := connect("sensor", "sensor", "by thumbprint"); err != nil {
		t.Error(err)
	}
	e.awaitMessage(t, "by thumbprint")
	other := certificate(t, dir, "other")
	if err := connect("sensor", "other", "never"); err == nil || !strings.Contains(err.Error(), "Unauthorized") {
		t.Errorf("a certificate of another name: %v", err)
	}

	e.service(t, "PUT", "/emulator/dps/enrollments/other", `{"thumbprints":["`+other+`"],"deviceId":"provisioned-other"}`)
	cert, key := filepath.Join(dir, "other.pem"), filepath.Join(dir, "other.key")
	if got, want := e.provision(t, "other", cert, key), (assignment{host, "provisioned-other", "assigned", ""}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := e.provision(t, "other", filepath.Join(dir, "sensor.pem"), filepath.Join(dir, "sensor.key")); got.Refused == "" {
		t.Errorf("a certificate of another registration id: got %+v", got)
	}
}

// awaitMessage waits for a message of any device.
func (e *emulator) awaitMessage(t *testing.T, body string) {
	t.Helper()
	await(t, "the message "+body, func() (struct{}, bool) {
		content, err := os.ReadFile(e.recordFile)
		if err != nil {
			t.Fatal(err)
		}
		want := `"body":"` + base64.StdEncoding.EncodeToString([]byte(body)) + `"`
		return struct{}{}, strings.Contains(string(content), want)
	})
}

// certificate writes NAME.pem and NAME.key with a self-signed certificate, and
// returns its thumbprint.
func certificate(t *testing.T, dir, name string) string {
	t.Helper()
	key := newKey(t)
	cert := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	der := sign(t, cert, cert, key, key)
	writePEM(t, filepath.Join(dir, name+".pem"), "CERTIFICATE", der)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, name+".key"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}))
	sum := sha256.Sum256(der)
	return fmt.Sprintf("%X", sum)
}
