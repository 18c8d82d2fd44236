package hub

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// clientFiles writes a certificate and its key.
func clientFiles(t *testing.T, dir, commonName string, until time.Time) (certFile, keyFile string) {
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
		SerialNumber: serial, Subject: pkix.Name{CommonName: commonName},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: until,
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
	for name, block := range map[string]*pem.Block{
		certFile: {Type: "CERTIFICATE", Bytes: der},
		keyFile:  {Type: "PRIVATE KEY", Bytes: pkcs8},
	} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return certFile, keyFile
}

func TestNewCertificate(t *testing.T) {
	tests := []struct {
		name   string
		change func(t *testing.T, certFile, keyFile string)
		want   string
	}{
		{"good", func(*testing.T, string, string) {}, ""},
		{"key of another", func(t *testing.T, _, keyFile string) {
			_, other := clientFiles(t, t.TempDir(), "x", time.Now().Add(time.Hour))
			content, err := os.ReadFile(other)
			if err != nil {
				t.Fatal(err)
			}
			rewrite(t, keyFile, content)
		}, "does not match"},
		{"key for the group", func(t *testing.T, _, keyFile string) { mode(t, keyFile, 0o640) }, "chmod 600"},
		{"key for all", func(t *testing.T, _, keyFile string) { mode(t, keyFile, 0o604) }, "chmod 600"},
		{"certificate for all", func(t *testing.T, certFile, _ string) { mode(t, certFile, 0o644) }, ""},
		{"no certificate", func(t *testing.T, certFile, _ string) { rewrite(t, certFile, []byte("hello")) }, "device certificate"},
		{"no file", func(t *testing.T, certFile, _ string) {
			if err := os.Remove(certFile); err != nil {
				t.Fatal(err)
			}
		}, "no such file"},
		{"too large", func(t *testing.T, certFile, _ string) { rewrite(t, certFile, make([]byte, maxPEM+1)) }, "too large"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			certFile, keyFile := clientFiles(t, t.TempDir(), "lora1", time.Now().Add(time.Hour))
			tt.change(t, certFile, keyFile)
			_, err := NewCertificate(certFile, keyFile)
			checkError(t, err, tt.want, "BEGIN PRIVATE")
		})
	}
}

func rewrite(t *testing.T, name string, content []byte) {
	t.Helper()
	if err := os.WriteFile(name, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

func mode(t *testing.T, name string, mode os.FileMode) {
	t.Helper()
	if err := os.Chmod(name, mode); err != nil {
		t.Fatal(err)
	}
}

func TestCertificateToken(t *testing.T) {
	until := time.Now().Add(time.Hour).Truncate(time.Second)
	c, err := NewCertificate(clientFiles(t, t.TempDir(), "lora1", until))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		resource string
		now      time.Time
		want     string
	}{
		{testHost + "/devices/lora1", time.Now(), ""},
		{"0ne/registrations/lora1", time.Now(), ""},
		{testHost + "/devices/lora2", time.Now(), "its common name must be the device id"},
		{testHost + "/devices/lora1", until.Add(time.Minute), "renew it"},
		{testHost + "/devices/lora1", until.Add(-3 * time.Hour), "clock"},
	} {
		token, expires, err := c.Token(tt.resource, tt.now, time.Hour)
		checkError(t, err, tt.want, "")
		if !token.IsZero() || !expires.Equal(until) {
			t.Errorf("token until %v, want none and %v", expires, until)
		}
	}
	if expires, ok := Expiry(c); !ok || !expires.Equal(until) {
		t.Errorf("expiry %v, %v", expires, ok)
	}
}

// A certificate goes with each connection, without a password, and one that
// takes its place is used soon; files that do not fit wait.
func TestCertificateRenewed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got journal
		h := newTestHub(t, func(p *peer) {
			if !p.accept() {
				return
			}
			got.add(p.conn.ConnectionState().PeerCertificates[0].SerialNumber.String())
			if p.connect.PasswordFlag {
				t.Error("a password as well")
			}
			p.serve(got.add)
		})
		h.tls.ClientAuth = tls.RequireAnyClientCert
		dir := t.TempDir()
		certFile, keyFile := clientFiles(t, dir, "lora1", time.Now().Add(365*24*time.Hour))
		c, err := NewCertificate(certFile, keyFile)
		if err != nil {
			t.Fatal(err)
		}
		first := serial(t, c)
		s, stop := h.start(h.options(), Device{ID: "lora1", Credential: c, Feed: newFeed()})
		advance(3 * time.Hour)
		if status := s.Status()[0]; !status.CertificateExpires.After(time.Now()) || !status.TokenExpires.IsZero() {
			t.Errorf("status %+v", status)
		}
		whole, err := os.ReadFile(keyFile)
		if err != nil {
			t.Fatal(err)
		}
		rewrite(t, keyFile, whole[:len(whole)/2])
		advance(10 * time.Minute)
		if n := len(h.dialTimes()); n != 1 {
			t.Errorf("%d connections, want 1: half a file is no certificate", n)
		}
		for name, until := range map[string]time.Duration{"other": 365 * 24 * time.Hour, "lora1": -time.Minute} {
			clientFiles(t, dir, name, time.Now().Add(until))
			advance(10 * time.Minute)
			if n := len(h.dialTimes()); n != 1 {
				t.Errorf("%d connections, want 1: the certificate for %s is of no use", n, name)
			}
		}
		clientFiles(t, dir, "lora1", time.Now().Add(2*365*24*time.Hour))
		second := serial(t, c)
		advance(10 * time.Minute)
		stop()
		synctest.Wait()
		if diff := cmp.Diff([]string{first, "DISCONNECT", second, "DISCONNECT"}, got.all()); diff != "" {
			t.Errorf("heard (-want +got):\n%s", diff)
		}
	})
}

func serial(t *testing.T, c Credential) string {
	t.Helper()
	pair, err := clientCertificate(c)
	if err != nil {
		t.Fatal(err)
	}
	return pair.Leaf.SerialNumber.String()
}

// Devices with keys share TLS sessions; one with a certificate takes none and
// leaves none, or it would be taken for another.
func TestTLSSessions(t *testing.T) {
	certFile, keyFile := clientFiles(t, t.TempDir(), "lora1", time.Now().Add(time.Hour))
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		t.Fatal(err)
	}
	d := &dialer{tls: newTLSConfig(testHost, nil, time.Now)}
	if c := d.config(nil); c != d.tls || c.ClientSessionCache == nil {
		t.Error("devices with keys do not share their sessions")
	}
	d.older.Store(true)
	if c := d.config(nil); c.ClientSessionCache != d.tls.ClientSessionCache || slices.Contains(c.CurvePreferences, tls.X25519MLKEM768) || len(c.CurvePreferences) == 0 || c.MaxVersion != 0 {
		t.Error("after a handshake of TLS 1.2 the next is to be one without a post-quantum key share, and nothing else")
	}
	if c := d.config(&pair); c.ClientSessionCache != nil || c.GetClientCertificate == nil || c.ServerName != testHost {
		t.Error("a certificate's session is shared")
	}
}
