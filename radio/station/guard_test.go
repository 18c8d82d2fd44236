package station_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"gatewayd/internal/secret"
	"gatewayd/radio"
	fake "gatewayd/radio/radiotest/station"
	"gatewayd/radio/station"
)

// world is a certificate authority with two certificates from it, and one
// from nobody, in files.
type world struct {
	dir  string
	pool *x509.CertPool
}

func (w world) file(name string) string { return filepath.Join(w.dir, name) }

func newWorld(t *testing.T) world {
	t.Helper()
	w := world{dir: t.TempDir(), pool: x509.NewCertPool()}
	ca, caKey := w.issue(t, "ca", nil, nil)
	w.pool.AddCert(ca)
	w.issue(t, "server", ca, caKey)
	w.issue(t, "station", ca, caKey)
	w.issue(t, "stranger", nil, nil)
	return w
}

// issue writes name.crt and name.key. Without a parent it signs itself.
func (w world) issue(t *testing.T, name string, parent *x509.Certificate, parentKey *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}, BasicConstraintsValid: true, IsCA: parent == nil,
	}
	if parent == nil {
		parent, parentKey = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, parentKey)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for suffix, block := range map[string]*pem.Block{
		".crt": {Type: "CERTIFICATE", Bytes: der}, ".key": {Type: "PRIVATE KEY", Bytes: keyDER},
	} {
		if err := os.WriteFile(w.file(name+suffix), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert, key
}

func TestTLS(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := listen(t, func(o *station.Options) { o.TLSCert, o.TLSKey = w.file("server.crt"), w.file("server.key") })
	s := a.gateway(t, fake.Options{Server: "wss://" + a.addr, TLS: clientTLS(t, w)})
	u := a.hear(t, s, packet())
	if err := a.c.Transmit(downlink(u, 1, 300*time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	wait(t, s.Emissions())
	wait(t, a.tx)
	// A certificate that is renewed takes effect with the next connection.
	w.issue(t, "server", nil, nil)
	if err := s.Restart(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the new certificate is refused", func() bool { return strings.Contains(s.Stats().LastError, "certificate") })
	plain := a.power(t, fake.Options{})
	eventually(t, "no TLS is refused", func() bool { return plain.Stats().LastError != "" })
}

func TestMutualTLS(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := listen(t, func(o *station.Options) {
		o.TLSCert, o.TLSKey, o.ClientCA = w.file("server.crt"), w.file("server.key"), w.file("ca.crt")
	})
	s := a.gateway(t, fake.Options{Server: "wss://" + a.addr, TLS: clientTLS(t, w, "station")})
	a.hear(t, s, packet())
	for name, o := range map[string]fake.Options{
		"no certificate": {TLS: clientTLS(t, w)},
		"a stranger's":   {TLS: clientTLS(t, w, "stranger")},
	} {
		o.Server, o.Gateway = "wss://"+a.addr, radio.EUI64{7}
		bad := a.power(t, o)
		eventually(t, name+" is refused", func() bool { return bad.Stats().LastError != "" })
		if st := bad.Stats(); st.Discoveries != 0 {
			t.Errorf("%s: %+v", name, st)
		}
	}
	if n := len(a.c.Stats().Gateways); n != 1 {
		t.Errorf("%d gateways", n)
	}
}

func TestTokenIsAsked(t *testing.T) {
	t.Parallel()
	a := listen(t, func(o *station.Options) { o.Token = secret.NewText("fake-token") })
	a.gateway(t, fake.Options{Token: "Bearer fake-token"})
	bad := a.power(t, fake.Options{Gateway: radio.EUI64{7}, Token: "fake"})
	eventually(t, "a wrong token is refused", func() bool { return strings.Contains(bad.Stats().LastError, "401") })
	if st := a.c.Stats(); st.Unauthorized == 0 || len(st.Gateways) != 1 {
		t.Errorf("got %+v", st)
	}
}

func TestAllowedGateways(t *testing.T) {
	t.Parallel()
	a := listen(t, func(o *station.Options) { o.AllowedGateways = []radio.EUI64{{1}} })
	a.gateway(t, fake.Options{Gateway: radio.EUI64{1}})
	bad := a.power(t, fake.Options{Gateway: radio.EUI64{2}})
	eventually(t, "it is turned away", func() bool { return strings.Contains(bad.Stats().LastError, "not allowed") })
	_, answer, err := websocket.DefaultDialer.Dial("ws://"+a.addr+"/gateway/0200000000000000", nil)
	if err == nil || answer == nil || answer.StatusCode != http.StatusForbidden {
		t.Errorf("without asking: %v, %v", answer, err)
	}
	eventually(t, "refusals are counted", func() bool { return a.c.Stats().Refused >= 3 })
	if n := a.logs.FilterMessageSnippet("not allowed").Len(); n != 1 {
		t.Errorf("%d lines", n)
	}
}

func TestOtherRequests(t *testing.T) {
	t.Parallel()
	a := listen(t, nil)
	a.gateway(t, fake.Options{})
	for path, want := range map[string]int{
		"/": 404, "/gateway": 404, "/gateway/": 404, "/gateway/xyz": 404, "/gateway/0000000000000000": 404,
		"/router-info": 400, "/gateway/0000000000000001": 400, "/update-info": 404,
	} {
		answer, err := http.Get("http://" + a.addr + path)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		if answer.StatusCode != want {
			t.Errorf("%s: %d, want %d", path, answer.StatusCode, want)
		}
	}
}

// A message that is too long ends the connection; a binary one is ignored.
func TestMessageLimits(t *testing.T) {
	t.Parallel()
	a := listen(t, nil)
	conn, _, err := websocket.DefaultDialer.Dial("ws://"+a.addr+"/gateway/0000000000000001", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if err := conn.WriteMessage(websocket.BinaryMessage, make([]byte, 100)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the binary one is counted", func() bool {
		st := a.c.Stats()
		return len(st.Gateways) == 1 && st.Gateways[0].Unknown == 1 && st.Gateways[0].Reachable
	})
	_ = conn.WriteMessage(websocket.TextMessage, make([]byte, 1<<20)) // may be cut short
	for err == nil {
		_, _, err = conn.ReadMessage()
	}
	eventually(t, "the connection is gone", func() bool { st := a.c.Stats(); return len(st.Gateways) == 1 && !st.Gateways[0].Reachable })
}

// A flood of connections and of messages does not keep a station from being
// served.
func TestFlood(t *testing.T) {
	t.Parallel()
	a := listen(t, nil)
	s := a.gateway(t, fake.Options{})
	conn, _, err := websocket.DefaultDialer.Dial("ws://"+a.addr+"/gateway/0000000000000009", nil)
	if err != nil {
		t.Fatal(err)
	}
	var flood sync.WaitGroup
	flood.Go(func() {
		for range 5000 {
			if conn.WriteMessage(websocket.TextMessage, []byte(`{"msgtype":"updf"}`)) != nil {
				return
			}
		}
	})
	for range 4 {
		flood.Go(func() {
			for range 100 {
				if c, err := net.Dial("tcp", a.addr); err == nil {
					_ = c.Close()
				}
			}
		})
	}
	for id := range uint64(3) {
		u := a.hear(t, s, packet())
		if err := a.c.Transmit(downlink(u, id, 500*time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		if e := wait(t, s.Emissions()); e.Count != u.Ticks.Count()+500_000 {
			t.Errorf("emitted %d µs off", int32(e.Count-u.Ticks.Count()-500_000))
		}
		if res := wait(t, a.tx); res.Err != nil {
			t.Errorf("got %+v", res)
		}
	}
	flood.Wait()
	eventually(t, "connections were turned away", func() bool { return a.c.Stats().TurnedAway > 0 })
	if n := a.logs.Len(); n > 15 {
		t.Errorf("%d lines of log", n)
	}
	_ = conn.Close()
}
