//go:build interop

package interop

import (
	"bufio"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// TestNodeSDK is Microsoft's device SDK for Node.js: it signs its own tokens,
// sends with properties, and completes a cloud-to-device message.
func TestNodeSDK(t *testing.T) {
	e := emulate(t)
	// GatewayHostName is the only way to tell the SDK a port.
	connectionString := strings.Join([]string{
		"HostName=" + host, "DeviceId=" + device, "SharedAccessKey=" + deviceKey, "GatewayHostName=" + host + ":" + e.port,
	}, ";")
	cmd := command(t, "node", "testdata/node/sdk.js", connectionString, e.ca)
	complaints := &output{}
	cmd.Stderr = complaints
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}

	var received struct {
		ID         string            `json:"id"`
		Body       string            `json:"body"`
		Properties map[string]string `json:"properties"`
	}
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		switch line := lines.Text(); line {
		case "subscribed":
			sendC2D(t, e, "valve open", url.Values{"$.mid": {"order-1"}, "$.ct": {"text/plain"}, "unit": {"°C & more"}})
		default:
			if err := json.Unmarshal([]byte(line), &received); err != nil {
				t.Errorf("the SDK's script printed %q: %v", line, err)
			}
		}
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, complaints)
	}

	if received.ID != "order-1" || received.Body != "valve open" || received.Properties["unit"] != "°C & more" {
		t.Errorf("the SDK received %+v", received)
	}
	sent := e.await(t, "d2c")
	if string(sent.Body) != `{"temperature":21.5}` {
		t.Errorf("the hub received %q", sent.Body)
	}
	want := map[string]string{"$.mid": "message-1", "$.ct": "application/json", "$.ce": "utf-8", "level": "high & rising", "größe": "1/2"}
	for name, value := range sent.Properties {
		if want[name] == value {
			delete(want, name)
		}
	}
	if len(want) > 0 {
		t.Errorf("the hub received properties %v, not %v", sent.Properties, want)
	}
	e.await(t, "c2d_complete")
}

// sendC2D orders the emulator to send a message to device.
func sendC2D(t *testing.T, e *emulator, body string, properties url.Values) {
	t.Helper()
	target := url.URL{Scheme: "http", Host: e.admin, Path: "/devices/" + device + "/messages/devicebound", RawQuery: properties.Encode()}
	resp, err := http.Post(target.String(), "application/octet-stream", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusNoContent {
		t.Fatalf("send C2D: %s", resp.Status)
	}
}
