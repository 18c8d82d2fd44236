package status

import (
	"context"
	"encoding/json"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"gatewayd/internal/metric"
)

func testServer(token string, parts ...Part) *Server {
	api := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Method+" "+r.URL.Path) })
	return New(Options{
		Listen: "127.0.0.1:0", Token: token, Log: zap.NewNop(), Page: Page(api),
		Alive:   func() (bool, string) { return len(parts) == 0 || parts[0].Name != "hung", "" },
		Ready:   func() []Part { return parts },
		Metrics: func(_ context.Context, t *metric.Text) { t.One("up", metric.Gauge, "Up.", 1) },
	})
}

func TestHandlers(t *testing.T) {
	t.Parallel()
	const token = "a token of the test"
	for name, tt := range map[string]struct {
		token, method, path, host string
		header                    map[string]string
		user, password            string
		parts                     []Part
		status                    int
		body                      string
	}{
		"page":                  {path: "/", status: 200, body: "<title>gatewayd</title>"},
		"script":                {path: "/app.js", status: 200, body: "textContent"},
		"none such":             {path: "/etc/passwd", status: 404},
		"api":                   {path: "/v1/status", status: 200, body: "GET /v1/status"},
		"metrics":               {path: "/metrics", status: 200, body: "up 1\n"},
		"alive":                 {path: "/healthz", status: 200, body: `"ok":true`},
		"hung":                  {path: "/healthz", parts: []Part{{Name: "hung"}}, status: 503, body: `"ok":false`},
		"ready":                 {path: "/readyz", parts: []Part{{"radio", true, ""}}, status: 200, body: `"ok":true`},
		"not ready":             {path: "/readyz", parts: []Part{{"radio", true, ""}, {"hub", false, "away"}}, status: 503, body: `"reason":"away"`},
		"post to health":        {method: "POST", path: "/healthz", header: map[string]string{"Origin": "http://127.0.0.1:8380"}, status: 404},
		"localhost":             {path: "/", host: "localhost:8380", status: 200},
		"IPv6":                  {path: "/", host: "[::1]:8380", status: 200},
		"another name for us":   {path: "/v1/status", host: "evil.example:8380", status: 421},
		"post from the page":    {method: "POST", path: "/v1/x", header: map[string]string{"Origin": "http://127.0.0.1:8380", "Sec-Fetch-Site": "same-origin"}, status: 200, body: "POST /v1/x"},
		"post from a script":    {method: "POST", path: "/v1/x", header: map[string]string{"X-Gatewayd": "curl"}, status: 200},
		"post from nowhere":     {method: "POST", path: "/v1/x", status: 403},
		"post from another":     {method: "POST", path: "/v1/x", header: map[string]string{"Origin": "http://evil.example"}, status: 403},
		"post, claimed origin":  {method: "POST", path: "/v1/x", header: map[string]string{"Origin": "http://127.0.0.1:8380", "Sec-Fetch-Site": "cross-site"}, status: 403},
		"delete from another":   {method: "DELETE", path: "/v1/x", header: map[string]string{"Origin": "null"}, status: 403},
		"no password":           {token: token, path: "/", status: 401},
		"no password, metrics":  {token: token, path: "/metrics", status: 401},
		"no password, alive":    {token: token, path: "/healthz", status: 200},
		"wrong password":        {token: token, path: "/", user: "gatewayd", password: "guess", status: 401},
		"wrong user":            {token: token, path: "/", user: "root", password: token, status: 401},
		"password":              {token: token, path: "/", user: "gatewayd", password: token, status: 200},
		"password, other place": {token: token, path: "/v1/status", host: "evil.example", user: "gatewayd", password: token, status: 421},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest(or(tt.method, "GET"), "http://"+or(tt.host, "127.0.0.1:8380")+tt.path, nil)
			for k, v := range tt.header {
				r.Header.Set(k, v)
			}
			if tt.user != "" {
				r.SetBasicAuth(tt.user, tt.password)
			}
			w := httptest.NewRecorder()
			testServer(tt.token, tt.parts...).Handler().ServeHTTP(w, r)
			if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.body) {
				t.Errorf("status %d, want %d: %.200s", w.Code, tt.status, w.Body)
			}
			if strings.Contains(w.Body.String(), token) {
				t.Error("the answer has the token in it")
			}
			for _, want := range []string{"default-src 'none'", "frame-ancestors 'none'"} {
				if !strings.Contains(w.Header().Get("Content-Security-Policy"), want) {
					t.Errorf("policy %q, want %s", w.Header().Get("Content-Security-Policy"), want)
				}
			}
		})
	}
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// Passwords cannot be tried at will, and the right one is still taken.
func TestLoginIsSlow(t *testing.T) {
	t.Parallel()
	h := testServer("the right one").Handler()
	try := func(password string) int {
		r := httptest.NewRequest(http.MethodGet, "http://127.0.0.1/", nil)
		r.SetBasicAuth(User, password)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w.Code
	}
	refused := 0
	for range 50 {
		if try("guess") == http.StatusTooManyRequests {
			refused++
		}
	}
	if refused < 35 {
		t.Errorf("%d of 50 guesses were turned away", refused)
	}
	if got := try("the right one"); got != http.StatusOK {
		t.Errorf("the right password: %d", got)
	}
}

// An address that is taken is said once; when it is free, or the daemon stops,
// it goes on.
func TestRun(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	core, logs := observer.New(zap.WarnLevel)
	s := testServer("")
	s.o.Listen, s.o.Log = taken.Addr().String(), zap.New(core)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := s.Run(ctx); err != nil || logs.Len() != 1 {
		t.Errorf("%v, %d lines", err, logs.Len())
	}

	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	serving, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- testServer("").serve(serving, free) }()
	resp, err := http.Get("http://" + free.Addr().String() + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var body struct{ OK bool }
	if err := json.NewDecoder(resp.Body).Decode(&body); err != nil || !body.OK {
		t.Errorf("%+v, %v", body, err)
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// What comes from outside never becomes markup, and the page has no script or
// style of another place.
func TestPageIsSafe(t *testing.T) {
	t.Parallel()
	names, err := fs.Glob(pageFiles, "page/*")
	if err != nil || len(names) < 3 {
		t.Fatalf("%q, %v", names, err)
	}
	for _, name := range names {
		text, err := pageFiles.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, bad := range []string{"innerHTML", "outerHTML", "insertAdjacentHTML", "srcdoc", ".style", "document.write", "eval(", "new Function", "https://", "onclick=", "style=\""} {
			if strings.Contains(string(text), bad) {
				t.Errorf("%s has %s", name, bad)
			}
		}
	}
}
