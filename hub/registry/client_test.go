package registry_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"gatewayd/hub/hubtest"
	"gatewayd/hub/registry"
	"gatewayd/internal/secret"
)

const (
	policyKey = "ZmFrZSBrZXkgb2YgYSBwb2xpY3ksIDMyIGJ5dGVzIGw="
	deviceKey = "ZmFrZSBrZXkgb2YgbG9yYTEsIDMyIGJ5dGVzIGxvbmc="
	policyOf  = "HostName=contoso.azure-devices.net;SharedAccessKeyName=iothubowner;SharedAccessKey="
)

// clock is a time that passes when it is waited for.
type clock struct {
	now    time.Time
	waited []time.Duration
}

func (c *clock) wait(_ context.Context, d time.Duration) error {
	c.now = c.now.Add(d)
	c.waited = append(c.waited, d)
	return nil
}

// newClient asks the service API that serve answers for.
func newClient(t *testing.T, serve http.Handler, policy string, c *clock) *registry.Client {
	t.Helper()
	server := httptest.NewServer(serve)
	t.Cleanup(server.Close)
	p, err := registry.ParsePolicy(secret.NewText(policy))
	if err != nil {
		t.Fatal(err)
	}
	return registry.New(registry.Options{
		Policy: p, BaseURL: server.URL, HTTP: server.Client(), Now: func() time.Time { return c.now }, Wait: c.wait, Limit: registry.Rate("", 1),
	})
}

func newHub(t *testing.T, c *clock) *hubtest.Hub {
	t.Helper()
	h, err := hubtest.New(hubtest.Options{PolicyKey: secret.NewText(policyKey), Now: func() time.Time { return c.now }})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestEnsure(t *testing.T) {
	t.Parallel()
	c := &clock{now: time.Unix(1_800_000_000, 0)}
	h := newHub(t, c)
	if err := h.AddDevice("there", deviceKey); err != nil {
		t.Fatal(err)
	}
	client := newClient(t, h.Service(), policyOf+policyKey, c)
	made, err := client.Ensure(t.Context(), "lora1")
	if err != nil || made.Existed || made.Key.IsZero() || made.ID != "lora1" {
		t.Fatalf("made: %v, %v", made, err)
	}
	again, err := client.Ensure(t.Context(), "lora1")
	if err != nil || !again.Existed || again.Key != made.Key {
		t.Errorf("made again: %v, %v", again, err)
	}
	there, err := client.Ensure(t.Context(), "there")
	if err != nil || !there.Existed || there.Key.Reveal() != deviceKey {
		t.Errorf("there already: %v, %v", there, err)
	}
	if len(c.waited) != 4 || c.waited[0] < 700*time.Millisecond { // 5 requests, 80 a minute
		t.Errorf("requests were %v apart", c.waited)
	}
	if _, err := client.Ensure(t.Context(), "a/b"); err == nil {
		t.Error("a/b is no device id")
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	c := &clock{now: time.Unix(1_800_000_000, 0)}
	_, err := newClient(t, newHub(t, c).Service(), policyOf+deviceKey, c).Ensure(t.Context(), "lora1")
	if !errors.Is(err, registry.ErrRefused) || strings.Contains(fmt.Sprint(err), deviceKey) {
		t.Errorf("a wrong key: %v", err)
	}
}

// TestWaits checks that throttling and faults are waited out as the hub wants,
// and not for ever.
func TestWaits(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		status     int
		after      string
		times      int
		wait       time.Duration
		givenUp    bool
		wantStatus string
	}{
		"throttled":           {status: 429, after: "7", times: 1, wait: 7 * time.Second},
		"throttled, no word":  {status: 429, times: 2, wait: 2 * time.Second},
		"unavailable":         {status: 503, after: "90", times: 2, wait: 90 * time.Second},
		"unavailable, a date": {status: 503, after: time.Unix(1_800_000_030, 0).UTC().Format(http.TimeFormat), times: 1, wait: 30 * time.Second},
		"down":                {status: 500, times: 1000, givenUp: true},
		"a bad request":       {status: 400, times: 1000, givenUp: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := &clock{now: time.Unix(1_800_000_000, 0)}
			h, failures := newHub(t, c), 0
			client := newClient(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if failures++; failures <= tt.times {
					w.Header().Set("Retry-After", tt.after)
					w.WriteHeader(tt.status)
					return
				}
				h.Service().ServeHTTP(w, r)
			}), policyOf+policyKey, c)
			d, err := client.Ensure(t.Context(), "lora1")
			if (err != nil) != tt.givenUp {
				t.Fatalf("%v, %v after waiting %v", d, err, c.waited)
			}
			if tt.givenUp {
				if c.now.Sub(time.Unix(1_800_000_000, 0)) > 11*time.Minute || !strings.Contains(err.Error(), fmt.Sprint(tt.status)) {
					t.Errorf("given up after %v: %v", c.waited, err)
				}
				return
			}
			longest := time.Duration(0)
			for _, d := range c.waited {
				longest = max(longest, d)
			}
			if longest != tt.wait {
				t.Errorf("waited %v, want %v", c.waited, tt.wait)
			}
		})
	}
}

func TestCertificate(t *testing.T) {
	t.Parallel()
	c := &clock{now: time.Unix(1_800_000_000, 0)}
	_, err := newClient(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut {
			w.WriteHeader(http.StatusConflict)
			return
		}
		_, _ = w.Write([]byte(`{"deviceId":"lora1","authentication":{"type":"certificateAuthority","symmetricKey":{"primaryKey":null}}}`))
	}), policyOf+policyKey, c).Ensure(t.Context(), "lora1")
	if !errors.Is(err, registry.ErrNoKey) {
		t.Error(err)
	}
}

func TestParsePolicy(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "HostName", policyOf, policyOf + "secret!", "HostName=a;DeviceId=d;SharedAccessKey=" + policyKey,
		"HostName=a b;SharedAccessKeyName=p;SharedAccessKey=" + policyKey, "HostName=a:1;SharedAccessKeyName=p;SharedAccessKey=" + policyKey,
		"HostName=a;SharedAccessKey=" + policyKey,
	} {
		p, err := registry.ParsePolicy(secret.NewText(text))
		if err == nil || strings.Contains(err.Error(), "secret!") || strings.Contains(err.Error(), policyKey) {
			t.Errorf("%q: %v", text, err)
		}
		if s := fmt.Sprintf("%v %+v %#v", p, p, p); strings.Contains(s, policyKey) {
			t.Errorf("printed: %s", s)
		}
	}
}
