package hub_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"gatewayd/hub"
	"gatewayd/hub/hubtest"
	"gatewayd/internal/secret"
)

// told is a Handler that passes on what it is called with.
type told struct{ words chan string }

func newTold() *told { return &told{make(chan string, 100)} }

func (h *told) CloudMessage(_ context.Context, m hub.CloudMessage) error {
	h.words <- fmt.Sprintf("cloud %s %s %v", m.ID, m.Body, m.Properties)
	return nil
}

func (h *told) Method(_ context.Context, call hub.MethodCall) hub.MethodResult {
	h.words <- "method " + call.Name
	return hub.MethodResult{Status: 201, Payload: call.Payload}
}

func (h *told) Twin(_ context.Context, d hub.Desired) {
	h.words <- fmt.Sprintf("twin %d %v %s", d.Version, d.Full, d.JSON)
}

// expect waits for the next word.
func (h *told) expect(t *testing.T, want string) {
	t.Helper()
	select {
	case got := <-h.words:
		if !strings.HasPrefix(got, want) {
			t.Fatalf("told %s, want %s", got, want)
		}
	case <-time.After(patience):
		t.Fatalf("not told %s", want)
	}
}

// reportOnce are Reports of one patch.
type reportOnce struct {
	mu    sync.Mutex
	patch string
	done  chan int64
}

func (r *reportOnce) Patch() ([]byte, uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return []byte(r.patch), 1
}

func (r *reportOnce) Done(_ uint64, version int64, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.patch = ""
	if err == nil {
		r.done <- version
	}
}

func (*reportOnce) Ready() *hub.Signal { return nil }

// The whole conversation with the emulator, over both transports.
func TestConversation(t *testing.T) {
	for _, transport := range []hub.Transport{hub.TransportTLS, hub.TransportWebSocket} {
		t.Run(string(transport), func(t *testing.T) {
			t.Parallel()
			s := emulator(t, hubtest.Options{})
			s.options.Transport = transport
			if transport == hub.TransportWebSocket {
				s.options.Dial = dialTo(listenWebSocket(t, s.emulator))
			}
			converse(t, s)
		})
	}
}

func listenWebSocket(t *testing.T, h *hubtest.Hub) string {
	t.Helper()
	address, err := h.ListenWebSocket("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return address
}

func dialTo(address string) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, address)
	}
}

func converse(t *testing.T, s *server) {
	t.Helper()
	h, f, done := newTold(), hub.NewTestFeed(ids(1, 20)...), make(chan uint64, 100)
	f.Notify(done)
	d := hub.NewTestDevice(t, "lora1", f)
	r := &reportOnce{patch: `{"battery":3}`, done: make(chan int64, 1)}
	d.Handler, d.Reports, d.ModelID = h, r, "dtmi:com:example:LoraSensor;1"
	if err := s.emulator.SendC2D("lora1", hubtest.C2D{ID: "c1", Body: []byte("before")}); err != nil {
		t.Fatal(err)
	}
	supervisor := run(t, s.options, d)

	words := map[string]bool{}
	for range 2 { // in either order
		select {
		case word := <-h.words:
			words[strings.Join(strings.Fields(word)[:2], " ")] = true
		case <-time.After(patience):
			t.Fatalf("told %v only", words)
		}
	}
	if !words["twin 1"] || !words["cloud c1"] {
		t.Errorf("told %v, want a full twin and c1", words)
	}
	awaitDone(t, done, 20)
	if version := <-r.done; version < 2 {
		t.Errorf("reported version %d", version)
	}
	if _, err := s.emulator.SetDesired("lora1", []byte(`{"adr":true}`)); err != nil {
		t.Fatal(err)
	}
	h.expect(t, "twin 2 false")
	if err := s.emulator.SendC2D("lora1", hubtest.C2D{ID: "c2", Body: []byte("x"), Properties: map[string]string{"FPort": "7"}}); err != nil {
		t.Fatal(err)
	}
	h.expect(t, "cloud c2 x [{FPort 7}]")
	result, err := s.emulator.Invoke(t.Context(), "lora1", hubtest.Method{Name: "ping", Payload: json.RawMessage(`{"n":1}`)})
	if err != nil || result.Status != 201 || string(result.Payload) != `{"n":1}` {
		t.Errorf("method: %+v, %v", result, err)
	}
	h.expect(t, "method ping")

	if !supervisor.Reconnect("lora1") || supervisor.Reconnect("nobody") {
		t.Error("Reconnect is mistaken about who is connected")
	}
	h.expect(t, "twin 2 true")
	for _, e := range s.emulator.History() {
		if e.Kind == hubtest.EventDisconnected && e.Reason != hubtest.ReasonClientDisconnect {
			t.Errorf("disconnected: %s %s", e.Reason, e.Detail)
		}
	}
}

// identityFiles writes a self-signed client certificate for id.
func identityFiles(t *testing.T, dir, id string) (certFile, keyFile, thumbprint string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: id},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	writePEM(t, certFile, "CERTIFICATE", der)
	writePEM(t, keyFile, "PRIVATE KEY", pkcs8)
	sum := sha256.Sum256(der)
	return certFile, keyFile, hex.EncodeToString(sum[:])
}

func writePEM(t *testing.T, name, kind string, der []byte) {
	t.Helper()
	if err := os.WriteFile(name, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestCertificateAgainstEmulator(t *testing.T) {
	t.Parallel()
	s := emulator(t, hubtest.Options{})
	dir := t.TempDir()
	certFile, keyFile, thumbprint := identityFiles(t, dir, "lora2")
	if err := s.emulator.AddDeviceThumbprint("lora2", thumbprint); err != nil {
		t.Fatal(err)
	}
	c, err := hub.NewCertificate(certFile, keyFile)
	if err != nil {
		t.Fatal(err)
	}
	f, done := hub.NewTestFeed(ids(1, 3)...), make(chan uint64, 10)
	f.Notify(done)
	// Another device with a key goes first: its TLS session is not the other's.
	if err := hub.PublishOnce(t.Context(), s.options, "lora1", hub.NewTestDevice(t, "lora1", nil).Credential, hub.Message{Body: []byte("x")}); err != nil {
		t.Fatal(err)
	}
	supervisor := run(t, s.options, hub.Device{ID: "lora2", Credential: c, Feed: f})
	awaitDone(t, done, 3)
	if status := supervisor.Status()[0]; status.CertificateExpires.IsZero() || !status.TokenExpires.IsZero() {
		t.Errorf("status %+v", status)
	}
}

// newcomers are devices that the hub does not know before the provisioning
// service puts them there.
func TestProvisioningAgainstEmulator(t *testing.T) {
	t.Parallel()
	s := emulator(t, hubtest.Options{})
	dps, err := hubtest.NewProvisioning(hubtest.ProvisioningOptions{IDScope: "0ne00000000", RetryAfter: time.Second, Polls: 1}, s.emulator)
	if err != nil {
		t.Fatal(err)
	}
	if err := dps.Listen("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = dps.Close() })
	groupKey := base64.StdEncoding.EncodeToString([]byte("an-example-group-key-for-the-tests"))
	if err := dps.EnrollGroup(hubtest.Enrollment{ID: "nodes", Keys: []string{groupKey}}); err != nil {
		t.Fatal(err)
	}
	certFile, keyFile, thumbprint := identityFiles(t, t.TempDir(), "lora-x509")
	if err := dps.Enroll(hubtest.Enrollment{ID: "lora-x509", Thumbprints: []string{thumbprint}}); err != nil {
		t.Fatal(err)
	}
	group, err := hub.NewGroupKey(secret.NewText(groupKey))
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := hub.NewCertificate(certFile, keyFile)
	if err != nil {
		t.Fatal(err)
	}
	cache := &assignments{kept: map[string]hub.Assignment{}}
	provisioner, err := hub.NewProvisioner(hub.ProvisionerOptions{
		IDScope: "0ne00000000", Roots: s.emulator.Roots(), Clock: systemClock{}, Cache: cache, Dial: dialTo(dps.Addr()),
	})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan uint64, 10)
	var devices []hub.Device
	for id, c := range map[string]hub.Credential{"Lora-A1": group.DeviceKey("Lora-A1"), "lora-a2": group.DeviceKey("lora-a2"), "lora-x509": certificate} {
		f := hub.NewTestFeed(id)
		f.Notify(done)
		devices = append(devices, hub.Device{
			Credential: c, Feed: f, Handler: newTold(), Provisioning: hub.Provisioning{Provisioner: provisioner, RegistrationID: id},
		})
	}
	supervisor := run(t, s.options, devices...)
	awaitDone(t, done, 3)
	for _, d := range supervisor.Status() {
		if d.State != hub.StateConnected || d.Hub != s.options.Host {
			t.Errorf("status %+v", d)
		}
	}
	if got := cache.kept["lora-a1"]; got != (hub.Assignment{Host: s.options.Host, DeviceID: "lora-a1"}) || len(cache.kept) != 3 {
		t.Errorf("kept %v", cache.kept)
	}
}

// assignments is an AssignmentCache in memory.
type assignments struct {
	mu   sync.Mutex
	kept map[string]hub.Assignment
}

func (c *assignments) Load(id string) (hub.Assignment, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.kept[id], nil
}

func (c *assignments) Save(id string, a hub.Assignment) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.kept[id] = a
	return nil
}

// A proxy stands between, for both transports, with a password.
func TestProxy(t *testing.T) {
	t.Parallel()
	s := emulator(t, hubtest.Options{})
	webSocket := listenWebSocket(t, s.emulator)
	tests := []struct {
		name      string
		transport hub.Transport
		to        string
		user      *url.Userinfo
		want      string // error
	}{
		{"TLS", hub.TransportTLS, s.emulator.Addr(), url.UserPassword("gateway", "example"), ""},
		{"WebSocket", hub.TransportWebSocket, webSocket, url.UserPassword("gateway", "example"), ""},
		{"no password", hub.TransportTLS, s.emulator.Addr(), nil, "wants a user and a password"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			proxy := httptest.NewServer(tunnel(t, tt.to, "gateway:example"))
			defer proxy.Close()
			o := s.options
			o.Transport, o.Dial = tt.transport, nil
			o.Proxy = func(u *url.URL) (*url.URL, error) {
				if u.Hostname() != o.Host {
					return nil, errors.New("asked for " + u.String())
				}
				return &url.URL{Scheme: "http", Host: strings.TrimPrefix(proxy.URL, "http://"), User: tt.user}, nil
			}
			d := hub.NewTestDevice(t, "lora1", nil)
			err := hub.PublishOnce(t.Context(), o, d.ID, d.Credential, hub.Message{ID: tt.name, Body: []byte("x")})
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
			if err != nil && strings.Contains(err.Error(), "example") {
				t.Errorf("the error tells the password: %v", err)
			}
		})
	}
}

// tunnel is an HTTP proxy that leads to one address wherever one wants to go.
func tunnel(t *testing.T, to, user string) http.Handler {
	t.Helper()
	want := "Basic " + base64.StdEncoding.EncodeToString([]byte(user))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodConnect || r.Header.Get("Proxy-Authorization") != want {
			w.WriteHeader(http.StatusProxyAuthRequired)
			return
		}
		server, err := new(net.Dialer).DialContext(r.Context(), "tcp", to)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		client, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = io.WriteString(client, "HTTP/1.1 200 Connection established\r\n\r\n")
		go func() {
			_, _ = io.Copy(server, client)
			_ = server.Close()
		}()
		_, _ = io.Copy(client, server)
		_ = client.Close()
	})
}

// Devices of two hubs in one supervisor.
func TestSeveralHubs(t *testing.T) {
	t.Parallel()
	first, second := emulator(t, hubtest.Options{}), emulator(t, hubtest.Options{Hostname: "fabrikam.azure-devices.net"})
	o := first.options
	o.Hubs = []hub.Hub{{Host: "fabrikam.azure-devices.net", Roots: second.emulator.Roots(), Tier: "S3"}}
	o.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		to := map[string]string{
			"contoso.azure-devices.net:8883":  first.emulator.Addr(),
			"fabrikam.azure-devices.net:8883": second.emulator.Addr(),
		}[address]
		return new(net.Dialer).DialContext(ctx, network, to)
	}
	done := make(chan uint64, 10)
	var devices []hub.Device
	for i, host := range []string{"", "Fabrikam.azure-devices.net"} {
		f := hub.NewTestFeed(fmt.Sprint("m", i))
		f.Notify(done)
		d := hub.NewTestDevice(t, "lora1", f)
		if host != "" {
			if err := second.emulator.AddDevice("lora9", hub.DeviceTestKey()); err != nil {
				t.Fatal(err)
			}
			d.ID, d.Hub = "lora9", host
		}
		devices = append(devices, d)
	}
	supervisor := run(t, o, devices...)
	awaitDone(t, done, 2)
	if len(first.emulator.Messages()) != 1 || len(second.emulator.Messages()) != 1 {
		t.Errorf("%d and %d messages, want one each", len(first.emulator.Messages()), len(second.emulator.Messages()))
	}
	if q := supervisor.Quota(); len(q) != 1 || !strings.EqualFold(q[0].Host, "fabrikam.azure-devices.net") || q[0].Used != 1 {
		t.Errorf("quota %+v", q)
	}
}
