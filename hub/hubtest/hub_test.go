package hubtest

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

func TestAddDeviceRefuses(t *testing.T) {
	h, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{
		"empty id":     h.AddDevice("", keyV1),
		"slash in id":  h.AddDevice("a/b", keyV1),
		"long id":      h.AddDevice(strings.Repeat("a", 129), keyV1),
		"no key":       h.AddDevice("lora1"),
		"empty key":    h.AddDevice("lora1", ""),
		"not base64":   h.AddDevice("lora1", keyV1, "secret key!"),
		"not there":    h.RemoveDevice("lora1"),
		"nor disabled": h.DisableDevice("lora1"),
		"nor closed":   h.Disconnect("lora1"),
	} {
		if err == nil {
			t.Errorf("%s: accepted", name)
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: the key is in %q", name, err)
		}
	}
}

func TestClose(t *testing.T) {
	h := serve(t, Options{})
	addr := h.Addr()
	idle, connected := dial(t, h), open(t, h, "lora1", true)
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	idle.closed()
	connected.closed()
	if e := wait(t, h, EventDisconnected, "lora1", 1); e.Reason != ReasonShutdown {
		t.Errorf("got %+v", e)
	}
	if err := h.Listen(addr); !errors.Is(err, errClosed) {
		t.Errorf("listens after Close: %v", err)
	}
	for _, function := range []string{"hubtest.(*session)", "hubtest.(*server)"} {
		ends(t, function)
	}
}

// ends waits until no goroutine runs function. One that has said that it is
// done takes a moment more to be gone.
func ends(t *testing.T, function string) {
	t.Helper()
	stacks := make([]byte, 1<<20)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(5 * time.Second); ; {
		if !strings.Contains(string(stacks[:runtime.Stack(stacks, true)]), function) {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Errorf("%s is still running", function)
			return
		}
	}
}

func TestDisconnect(t *testing.T) {
	h := serve(t, Options{})
	c := open(t, h, "lora1", true)
	if err := h.Disconnect("lora1"); err != nil {
		t.Fatal(err)
	}
	c.closed()
	if e := wait(t, h, EventDisconnected, "lora1", 1); e.Reason != ReasonKicked {
		t.Errorf("got %+v", e)
	}
}

// A client that never reads does not stop Close, nor another device.
func TestDeafClient(t *testing.T) {
	h := serve(t, Options{})
	deaf := open(t, h, "lora1", true)
	deaf.subscribe(1, c2dFilter("lora1"))
	for range maxC2DPending {
		if err := h.SendC2D("lora1", C2D{Body: make([]byte, 60000)}); err != nil {
			t.Fatal(err)
		}
	}
	other := open(t, h, "lora2", true)
	other.send(publishPacket("devices/lora2/messages/events/", 1, 1, "x"))
	receive[*packets.PubackPacket](other)
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestCertificateNames(t *testing.T) {
	h, err := New(Options{Hostname: "hub.example", Names: []string{"192.0.2.7", "pi.example"}})
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(h.CAPEM())
	if block == nil {
		t.Fatal("CAPEM is not PEM")
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(h.CAPEM())
	leaf, err := x509.ParseCertificate(h.ca.server.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"hub.example", "localhost", "127.0.0.1", "::1", "192.0.2.7", "pi.example"} {
		if _, err := leaf.Verify(x509.VerifyOptions{DNSName: name, Roots: roots}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
