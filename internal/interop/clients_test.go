//go:build interop

package interop

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestPahoPython is publish.single of Eclipse Paho for Python, as articles on
// IoT Hub use it.
func TestPahoPython(t *testing.T) {
	e := emulate(t)
	e.tryLogins(t, func(t *testing.T, token, text string) string {
		// Debian's interpreter: another python3 in PATH does not see Debian's packages.
		out, _ := command(t, "/usr/bin/python3", "testdata/publish_single.py", host, e.port, device, token, e.ca, text).CombinedOutput()
		return string(out)
	})
}

// TestMQTTjs is the command line tool of MQTT.js, on the topic without the
// slash at its end.
func TestMQTTjs(t *testing.T) {
	e := emulate(t)
	e.tryLogins(t, func(t *testing.T, token, text string) string {
		out, _ := command(t, "testdata/node/node_modules/.bin/mqtt", "publish",
			"-C", "mqtts", "-h", host, "-p", e.port, "-i", device, "-u", host+"/"+device, "-P", token,
			"-t", "devices/"+device+"/messages/events", "-m", text, "--ca", e.ca).CombinedOutput()
		return string(out)
	})
}

// TestPublish is our own one-shot client. Unlike the others it must also say
// by its exit code what became of the message, and never print the token.
func TestPublish(t *testing.T) {
	e := emulate(t)
	publish := func(t *testing.T, text string, args ...string) (string, error) {
		t.Helper()
		args = append([]string{"publish", "--host", host + ":" + e.port, "--device", device, "--ca-file", e.ca, "-m", text}, args...)
		out, err := command(t, gatewayd, args...).CombinedOutput()
		return string(out), err
	}
	for _, l := range logins(t) {
		t.Run(l.name, func(t *testing.T) {
			e.forget(t)
			text := "hello from " + t.Name()
			out, err := publish(t, text, "--sas-token", l.token)
			if (err == nil) != (l.refused == "") {
				t.Errorf("exit: %v; printed:\n%s", err, out)
			}
			if _, sig, _ := strings.Cut(l.token, "sig="); strings.Contains(out, sig[:20]) {
				t.Error("the token is in the output")
			}
			// An expired or foreign token is refused on this side already.
			if l.refused == "" || l.refused == "bad_signature" {
				e.check(t, l, text)
			} else if got := e.records(t); len(got) != 0 {
				t.Errorf("recorded %v", got)
			}
		})
	}
	t.Run("key and properties", func(t *testing.T) {
		e.forget(t)
		out, err := publish(t, "21.5", "--key", deviceKey, "--property", "unit=°C", "--property", "a&b=c/d e")
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		r := e.await(t, "d2c")
		if r.QoS != 1 || r.Properties["unit"] != "°C" || r.Properties["a&b"] != "c/d e" {
			t.Errorf("QoS %d, properties %v", r.QoS, r.Properties)
		}
	})
	t.Run("another CA", func(t *testing.T) {
		e.forget(t)
		out, err := publish(t, "never", "--key", deviceKey, "--ca-file", filepath.Join(throwAwayCA(t), "ca.pem"))
		if err == nil || !strings.Contains(out, "certificate") {
			t.Errorf("a hub with a certificate of an unknown authority: %v\n%s", err, out)
		}
		if got := e.records(t); len(got) != 0 {
			t.Errorf("recorded %v", got)
		}
	})
}
