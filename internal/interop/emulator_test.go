//go:build interop

package interop

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// host is the emulated hub's name. Clients reach it by that name, too.
const host = "localhost"

// device is the device that clients connect as.
const device = "lora1"

// key is a device key that is visibly none.
func key(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }

var (
	deviceKey = key("interop test key, not a secret 1")
	otherKey  = key("interop test key, not a secret 2")
	groupKey  = key("interop test key, not a secret 3")
	policyKey = key("interop test key, not a secret 4")
)

// idScope is the emulated provisioning service's.
const idScope = "0ne00000000"

// record is one line of the emulator's record.
type record struct {
	Event      string            `json:"event"`
	Device     string            `json:"device"`
	Reason     string            `json:"reason"`
	Topic      string            `json:"topic"`
	QoS        int               `json:"qos"`
	Properties map[string]string `json:"properties"`
	Body       []byte            `json:"body"`
	At         time.Time         `json:"at"`
}

// emulator is a running "gatewayd emulate-hub".
type emulator struct {
	port, dps    string
	admin        string // base URL of the service API
	ca           string // file
	recordFile   string
	seen, latest int // records before the current client, and at the last look
}

// emulate starts an emulator with two devices and a provisioning service.
func emulate(t *testing.T, args ...string) *emulator {
	t.Helper()
	dir := t.TempDir()
	ports := freePorts(t, 3)
	admin := "127.0.0.1:" + ports[2]
	e := &emulator{
		port:       ports[0],
		dps:        ports[1],
		admin:      "http://" + admin,
		ca:         filepath.Join(dir, "ca.pem"),
		recordFile: filepath.Join(dir, "record.jsonl"),
	}
	start(t, gatewayd, append([]string{
		"emulate-hub",
		"--listen", "127.0.0.1:" + e.port,
		"--dps-listen", "127.0.0.1:" + e.dps, "--id-scope", idScope, "--group-key", groupKey,
		"--hostname", host,
		"--device", device + "=" + deviceKey,
		"--device", "lora2=" + otherKey,
		"--ca-out", e.ca,
		"--record", e.recordFile,
		"--admin", admin, "--policy-key", policyKey,
	}, args...)...)
	await(t, "the emulator's CA", func() (struct{}, bool) {
		b, err := os.ReadFile(e.ca)
		return struct{}{}, err == nil && bytes.Contains(b, []byte("END CERTIFICATE"))
	})
	return e
}

// records returns what was recorded of device since the last forget.
func (e *emulator) records(t *testing.T) []record {
	t.Helper()
	content, err := os.ReadFile(e.recordFile)
	if err != nil {
		t.Fatal(err)
	}
	var all []record
	for line := range bytes.Lines(content) {
		if !bytes.HasSuffix(line, []byte("\n")) {
			break // still being written
		}
		var r record
		if err := json.Unmarshal(line, &r); err != nil {
			t.Fatalf("record line %q: %v", line, err)
		}
		if r.Device == device {
			all = append(all, r)
		}
	}
	e.latest = len(all)
	return all[e.seen:]
}

// forget makes records start after what there is now.
func (e *emulator) forget(t *testing.T) {
	t.Helper()
	e.records(t)
	e.seen = e.latest
}

// await waits for an event of device.
func (e *emulator) await(t *testing.T, event string) record {
	t.Helper()
	return await(t, "a record of "+event, func() (record, bool) {
		for _, r := range e.records(t) {
			if r.Event == event {
				return r, true
			}
		}
		return record{}, false
	})
}

// token is what "gatewayd sas-token" prints.
func token(t *testing.T, forDevice, withKey string, life ...string) string {
	t.Helper()
	args := append([]string{"sas-token", "--host", host, "--device", forDevice, "--key", withKey}, life...)
	out, err := command(t, gatewayd, args...).Output()
	if err != nil {
		t.Fatalf("gatewayd %s: %v", args[0], err)
	}
	text := strings.TrimSuffix(string(out), "\n")
	if !strings.HasPrefix(text, "SharedAccessSignature ") || strings.ContainsAny(text, "\r\n") {
		t.Fatalf("sas-token printed more than a token: %q", text)
	}
	return text
}

// login is a token to connect as device with, and what must come of it.
type login struct {
	name, token string
	refused     string // reason; "" if the token is good
}

func logins(t *testing.T) []login {
	t.Helper()
	past := strconv.FormatInt(time.Now().Add(-time.Hour).Unix(), 10)
	future := strconv.FormatInt(time.Now().Add(time.Hour).Unix(), 10)
	return []login{
		{"ttl", token(t, device, deviceKey, "--ttl", "1h"), ""},
		{"expiry", token(t, device, deviceKey, "--expiry", future), ""},
		{"expired", token(t, device, deviceKey, "--expiry", past), "expired_token"},
		{"wrong key", token(t, device, otherKey, "--ttl", "1h"), "bad_signature"},
		{"foreign", token(t, "lora2", otherKey, "--ttl", "1h"), "foreign_token"},
	}
}

// check compares what the emulator recorded of a client with what was due: a
// message with that body, or a refusal and no message.
func (e *emulator) check(t *testing.T, l login, body string) {
	t.Helper()
	if l.refused == "" {
		r := e.await(t, "d2c")
		if string(r.Body) != body || !strings.HasPrefix(r.Topic, "devices/"+device+"/messages/events") {
			t.Errorf("got %q on %s, want %q", r.Body, r.Topic, body)
		}
		return
	}
	if r := e.await(t, "refused"); r.Reason != l.refused {
		t.Errorf("refused for %q, want %q", r.Reason, l.refused)
	}
	for _, r := range e.records(t) {
		if r.Event == "d2c" || r.Event == "connected" {
			t.Errorf("a bad token led to %s", r.Event)
		}
	}
}

// tryLogins runs a client with each login. run gets the token and the text to
// send, and returns what the client printed.
func (e *emulator) tryLogins(t *testing.T, run func(t *testing.T, token, text string) string) {
	t.Helper()
	for _, l := range logins(t) {
		t.Run(l.name, func(t *testing.T) {
			e.forget(t)
			text := "hello from " + t.Name()
			printed := run(t, l.token, text)
			defer func() {
				if t.Failed() {
					t.Logf("the client printed:\n%s", printed)
				}
			}()
			e.check(t, l, text)
		})
	}
}
