//go:build interop

package interop

import (
	"bufio"
	"encoding/json"
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestNodeSDK is Microsoft's device SDK for Node.js: it signs its own tokens,
// sends with properties, and completes a cloud-to-device message.
func TestNodeSDK(t *testing.T) {
	t.Run("TCP", func(t *testing.T) {
		e := emulate(t)
		e.session(t, e.connectionString(device, "SharedAccessKey="+deviceKey), "Mqtt")
	})
	t.Run("WebSocket", func(t *testing.T) {
		needs443(t)
		e := emulate(t, "--ws-listen", "127.0.0.1:443")
		e.session(t, "HostName="+host+";DeviceId="+device+";SharedAccessKey="+deviceKey, "MqttWs")
	})
}

// session runs the SDK's script and checks both ends.
func (e *emulator) session(t *testing.T, connectionString, transport string) {
	t.Helper()
	cmd := command(t, "node", "testdata/node/sdk.js", connectionString, e.ca, transport)
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
			query := url.Values{"iothub-contenttype": {"text/plain"}, "iothub-app-maßEinheit": {"°C & more"}}
			e.service(t, "POST", "/devices/"+device+"/messages/devicebound?"+query.Encode(), "valve open",
				"iothub-messageid", "order-1", "iothub-ack", "full", "iothub-app-port", "7")
		default:
			if err := json.Unmarshal([]byte(line), &received); err != nil {
				t.Errorf("the SDK's script printed %q: %v", line, err)
			}
		}
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, complaints)
	}

	if received.ID != "order-1" || received.Body != "valve open" || received.Properties["maßEinheit"] != "°C & more" || received.Properties["port"] != "7" {
		t.Errorf("the SDK received %+v", received)
	}
	sent := e.await(t, "d2c")
	if string(sent.Body) != `{"temperature":21.5}` {
		t.Errorf("the hub received %q", sent.Body)
	}
	want := map[string]string{"$.mid": "message-1", "$.ct": "application/json", "$.ce": "utf-8", "level": "high & rising", "größe": "1/2"}
	if diff := cmp.Diff(want, sent.Properties); diff != "" {
		t.Errorf("the hub received properties (-want +got)\n%s", diff)
	}
	e.await(t, "c2d_complete")
	var feedback []struct{ OriginalMessageID, StatusCode string }
	if err := json.Unmarshal(e.service(t, "GET", "/messages/serviceBound/feedback", ""), &feedback); err != nil {
		t.Fatal(err)
	}
	if len(feedback) != 1 || feedback[0].OriginalMessageID != "order-1" || feedback[0].StatusCode != "Success" {
		t.Errorf("feedback %+v", feedback)
	}
}

// TestNodeSDKTwin is the twin of Microsoft's device SDK: read, reported
// properties, a change of desired properties.
func TestNodeSDKTwin(t *testing.T) {
	e := emulate(t)
	e.service(t, "PATCH", "/twins/"+device, `{"properties":{"desired":{"interval":300,"radio":{"adr":true}}}}`)
	cmd := command(t, "node", "testdata/node/twin.js", e.connectionString(device, "SharedAccessKey="+deviceKey), e.ca)
	done := make(chan struct{})
	go func() {
		defer close(done)
		await(t, "the device's subscription to desired properties", func() (struct{}, bool) {
			for _, r := range e.records(t) {
				if r.Event == "subscribed" && r.Topic == "$iothub/twin/PATCH/properties/desired/#" {
					return struct{}{}, true
				}
			}
			return struct{}{}, false
		})
		e.service(t, "PATCH", "/twins/"+device, `{"properties":{"desired":{"interval":60,"radio":null}}}`)
	}()
	got := steps(t, cmd)
	<-done
	want := map[string]string{
		"read":     `{"desired":{"$version":2,"interval":300,"radio":{"adr":true}},"reported":{"$version":1}}`,
		"reported": `"1.2"`,
		"desired":  `{"delta":{"$version":3,"interval":60,"radio":null},"desired":{"$version":3,"interval":60}}`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	var twin struct {
		Properties struct {
			Reported struct {
				Firmware string         `json:"firmware"`
				Radio    map[string]any `json:"radio"`
				Version  int            `json:"$version"`
			} `json:"reported"`
		} `json:"properties"`
	}
	if err := json.Unmarshal(e.service(t, "GET", "/twins/"+device, ""), &twin); err != nil {
		t.Fatal(err)
	}
	if r := twin.Properties.Reported; r.Firmware != "1.2" || r.Radio["grüße"] != "ß & €" || r.Version != 2 {
		t.Errorf("reported %+v", r)
	}
}

// TestNodeSDKMethods calls methods of Microsoft's device SDK through the
// service API.
func TestNodeSDKMethods(t *testing.T) {
	e := emulate(t)
	printed := &output{}
	dev := startDevice(t, e, "methods.js", printed)
	for _, call := range []struct{ name, payload, want string }{
		{"reboot", `{"delay":5}`, `{"payload":{"called":"reboot","with":{"delay":5}},"status":202}`},
		{"reboot", `null`, `{"payload":{"called":"reboot","with":null},"status":202}`},
		{"stop", `""`, `{"payload":null,"status":200}`},
	} {
		body := `{"methodName":"` + call.name + `","payload":` + call.payload + `,"connectTimeoutInSeconds":20,"responseTimeoutInSeconds":20}`
		got := e.service(t, "POST", "/twins/"+device+"/methods", body)
		if diff := cmp.Diff(call.want+"\n", string(got)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", call.name, diff)
		}
	}
	if err := dev.Wait(); err != nil {
		t.Errorf("the device: %v\n%s", err, printed)
	}
}
