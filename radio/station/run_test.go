package station

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"gatewayd/internal/secret"
	"gatewayd/radio"
	"gatewayd/radio/station/lns"
)

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(*Options){
		`listen "6090"`:         func(o *Options) { o.Listen = "6090" },
		"EUI of zeros":          func(o *Options) { o.AllowedGateways = []radio.EUI64{{}} },
		"at most 256":           func(o *Options) { o.AllowedGateways = make([]radio.EUI64, 257) },
		"belong together":       func(o *Options) { o.TLSKey = "key.pem" },
		"client_ca needs":       func(o *Options) { o.ClientCA = "ca.pem" },
		"no region":             func(o *Options) { o.Plan = lns.Plan{} },
		"no channel to listen ": func(o *Options) { o.Plan.Channels = nil },
	} {
		o := Options{Name: "roof", Plan: plan868()}
		change(&o)
		if _, err := New(o); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), `"roof"`) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	c, err := New(Options{Name: "roof", Plan: plan868()})
	if err != nil || c.String() != "roof" || c.o.Listen != "127.0.0.1:6090" {
		t.Errorf("%v, %v", c, err)
	}
	if s := c.Stats(); s.State != "not started" {
		t.Errorf("state %q", s.State)
	}
	if err := c.Transmit(radio.Downlink{}); reason(err) != radio.TxNotRunning {
		t.Errorf("before Run: %v", err)
	}
}

// A port that is taken is tried ever less often, and spoken of once.
func TestAddressInUse(t *testing.T) {
	bubble(t, func(t *testing.T) {
		core, logs := observer.New(zap.InfoLevel)
		p := plan868()
		p.Channels = append(p.Channels, lns.Channel{Frequency: 863_100_000, MaxDR: 5}, lns.Channel{Frequency: 865_100_000, MaxDR: 5})
		c, err := New(Options{Name: "roof", Listen: "0.0.0.0:6090", Plan: p, Log: zap.New(core)})
		if err != nil {
			t.Fatal(err)
		}
		tries := 0
		c.bind = func(_ context.Context, address string) (net.Listener, error) {
			tries++
			return nil, bindError(address, syscall.EADDRINUSE)
		}
		ctx, stop := context.WithTimeout(t.Context(), 10*time.Minute)
		defer stop()
		if err := c.Run(ctx, nil, nil); err != nil {
			t.Error(err)
		}
		if tries < 15 || tries > 60 {
			t.Errorf("%d tries in 10 minutes", tries)
		}
		for _, once := range []string{"trying again", "allowed_gateways", "will not listen on every channel"} {
			if n := logs.FilterMessageSnippet(once).Len(); n != 1 {
				t.Errorf("%d lines with %q", n, once)
			}
		}
		if s := c.Stats(); !strings.Contains(s.LastError, "in use") || !strings.Contains(s.LastError, "0.0.0.0:6090") || s.State != "stopped" {
			t.Errorf("got %+v", s)
		}
	})
}

// A certificate that cannot be read is spoken of with its name.
func TestNoCertificate(t *testing.T) {
	t.Parallel()
	c, err := New(Options{Name: "roof", Plan: plan868(), TLSCert: "/nonexistent/crt.pem", TLSKey: "/nonexistent/key.pem"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.listen(t.Context()); err == nil || !strings.Contains(err.Error(), "/nonexistent/crt.pem") {
		t.Errorf("got %v", err)
	}
}

func TestBindError(t *testing.T) {
	t.Parallel()
	for err, want := range map[error]string{
		syscall.EADDRINUSE:    "in use",
		syscall.EADDRNOTAVAIL: "does not have the address",
		syscall.EACCES:        "below 1024",
		errors.New("odd"):     "odd",
	} {
		if got := bindError("x:1", err).Error(); !strings.Contains(got, want) || !strings.Contains(got, "x:1") {
			t.Errorf("%v: %q", err, got)
		}
	}
}

func TestLoopback(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]bool{
		"127.0.0.1:1": true, "localhost:1": true, "[::1]:1": true,
		"0.0.0.0:1": false, ":1": false, "192.0.2.1:1": false, "gateway.example:1": false, "127.0.0.1": false,
	} {
		if got := loopback(address); got != want {
			t.Errorf("%s: %t", address, got)
		}
	}
}

func TestSameSite(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		origin, host string
		want         bool
	}{
		{"", "192.0.2.1:6090", true},
		{"http://192.0.2.1", "192.0.2.1:6090", true},
		{"ws://[2001:db8::1]:6090", "[2001:db8::1]:6090", true},
		{"http://gw.example", "gw.example", true},
		{"http://localhost/", "192.0.2.1:6090", true},
		{"http://127.0.0.1:8080", "localhost:6090", true},
		{"https://evil.example", "localhost:6090", false},
		{"https://localhost.evil.example", "localhost:6090", false},
		{"null", "localhost:6090", false},
		{"%", "localhost:6090", false},
	} {
		r := &http.Request{Host: tt.host, Header: http.Header{}}
		if tt.origin != "" {
			r.Header.Set("Origin", tt.origin)
		}
		if got := sameSite(r); got != tt.want {
			t.Errorf("origin %q at %s: %t", tt.origin, tt.host, got)
		}
	}
}

func TestToken(t *testing.T) {
	t.Parallel()
	c, err := New(Options{Name: "roof", Plan: plan868(), Token: secret.NewText("fake-token")})
	if err != nil {
		t.Fatal(err)
	}
	for header, want := range map[string]bool{
		"fake-token": true, "Bearer fake-token": true, " fake-token\t": true,
		"": false, "Bearer": false, "fake-toke": false, "fake-token2": false, "bearer fake": false,
	} {
		if got := c.knows(header); got != want {
			t.Errorf("%q: %t", header, got)
		}
	}
}

func TestEndpoint(t *testing.T) {
	t.Parallel()
	eui := radio.EUI64{0, 1, 2, 3, 4, 5, 6, 7}
	for host, want := range map[string]string{
		"192.0.2.1:6090":     "ws://192.0.2.1:6090/gateway/0001020304050607",
		"gw.example":         "ws://gw.example:80/gateway/0001020304050607",
		"[2001:db8::1]:6090": "ws://[2001:db8::1]:6090/gateway/0001020304050607",
		"[2001:db8::1]":      "ws://[2001:db8::1]:80/gateway/0001020304050607",
	} {
		if got := endpoint(&http.Request{Host: host}, eui); got != want {
			t.Errorf("%s: %s, want %s", host, got, want)
		}
	}
}
