//go:build interop

package interop

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// policyToken is a token of the policy iothubowner, as the documents say.
func policyToken(t *testing.T) string {
	t.Helper()
	secret, err := base64.StdEncoding.DecodeString(policyKey)
	if err != nil {
		t.Fatal(err)
	}
	expiry := time.Now().Add(time.Hour).Unix()
	mac := hmac.New(sha256.New, secret)
	fmt.Fprintf(mac, "%s\n%d", host, expiry)
	sig := url.QueryEscape(base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	return fmt.Sprintf("SharedAccessSignature sr=%s&sig=%s&se=%d&skn=iothubowner", host, sig, expiry)
}

// service sends a request to the service API and returns the answer's body.
func (e *emulator) service(t *testing.T, method, path, body string, headers ...string) []byte {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, e.admin+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", policyToken(t))
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode >= 300 {
		t.Fatalf("%s %s: %s %v\n%s", method, path, response.Status, err, answer)
	}
	return answer
}

// needs443 skips a test whose SDK knows no other port.
func needs443(t *testing.T) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:443")
	if err != nil {
		t.Skipf("this SDK needs port 443 on the loopback address: %v", err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestNodeServiceSDK is Microsoft's service SDK for Node.js against the
// service API, with a device of Microsoft's device SDK at the other end.
func TestNodeServiceSDK(t *testing.T) {
	needs443(t)
	e := emulate(t, "--admin", "127.0.0.1:443", "--admin-tls")
	deviceOut := &output{}
	dev := startDevice(t, e, "methods.js", deviceOut)
	cmd := command(t, "node", "testdata/node/service.js", "HostName="+host+";SharedAccessKeyName=iothubowner;SharedAccessKey="+policyKey, device)
	cmd.Env = append(cmd.Env, "NODE_EXTRA_CA_CERTS="+e.ca)
	got := steps(t, cmd)
	if err := dev.Wait(); err != nil {
		t.Errorf("the device: %v\n%s", err, deviceOut)
	}
	want := map[string]string{
		"create":                "{\"id\":\"made\",\"status\":\"enabled\",\"key\":true}",
		"create twice":          `"DeviceAlreadyExistsError"`,
		"get":                   `"made"`,
		"get unknown":           `"DeviceNotFoundError"`,
		"update":                `"disabled"`,
		"list":                  `["lora1","lora2","made"]`,
		"modules":               `["m1"]`,
		"statistics":            `{"disabledDeviceCount":1,"enabledDeviceCount":2,"totalDeviceCount":3}`,
		"get deleted":           `"DeviceNotFoundError"`,
		"twin":                  `{"tags":{"site":"Hall 3"},"desired":60,"version":2}`,
		"twin with an old etag": `"InvalidEtagError"`,
		"query":                 `{"ids":["lora1","lora2"],"pages":2}`,
		"method":                `{"payload":{"called":"reboot","with":{"delay":5}},"status":202}`,

		"method of a device that is away": `"Error"`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// startDevice starts a script of the device SDK.
func startDevice(t *testing.T, e *emulator, script string, printed *output) *exec.Cmd {
	t.Helper()
	dev := command(t, "node", "testdata/node/"+script, e.connectionString(device, "SharedAccessKey="+deviceKey), e.ca)
	dev.Stdout, dev.Stderr = printed, printed
	if err := dev.Start(); err != nil {
		t.Fatal(err)
	}
	return dev
}

// connectionString is a device's; GatewayHostName is the only way to tell the
// SDK a port.
func (e *emulator) connectionString(id, credential string) string {
	return strings.Join([]string{"HostName=" + host, "DeviceId=" + id, credential, "GatewayHostName=" + host + ":" + e.port}, ";")
}

// steps runs a script and returns the values it printed, as JSON, by step.
func steps(t *testing.T, cmd *exec.Cmd) map[string]string {
	t.Helper()
	complaints := &output{}
	cmd.Stderr = complaints
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s%s", err, out, complaints)
	}
	got := map[string]string{}
	for line := range bytes.Lines(out) {
		var step struct {
			Step  string          `json:"step"`
			Value json.RawMessage `json:"value"`
		}
		if err := json.Unmarshal(line, &step); err != nil {
			t.Fatalf("the script printed %q: %v", line, err)
		}
		got[step.Step] = string(step.Value)
	}
	return got
}
