//go:build interop

package interop

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
	"time"
)

// TestMosquitto runs the hub package's broker suite against Mosquitto with
// TLS: the plain MQTT part of our client, judged by a broker that is not ours.
func TestMosquitto(t *testing.T) {
	dir, port := throwAwayCA(t), freePort(t)
	config := filepath.Join(dir, "mosquitto.conf")
	// "user root": started as root it would become a user who cannot read dir.
	write(t, config, fmt.Appendf(nil, `listener %s 127.0.0.1
certfile %s/cert.pem
keyfile %s/key.pem
allow_anonymous true
persistence false
user root
log_dest stdout
`, port, dir, dir))
	start(t, mosquitto(t), "-c", config)
	awaitListener(t, port)

	// Each test of that package with a row "broker" runs it; the rows of the
	// emulator are not ours to run here.
	cmd := commandWithin(t, 5*time.Minute, "go", "test", "-count=1", "-v", "-run", "/^broker$", "gatewayd/hub")
	cmd.Env = append(cmd.Env, "GATEWAYD_TEST_BROKER=localhost:"+port, "GATEWAYD_TEST_BROKER_CA="+filepath.Join(dir, "ca.pem"))
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	passed := regexp.MustCompile(`(?m)^\s*--- PASS: (\S*/broker)\b`).FindAllSubmatch(out, -1)
	if len(passed) == 0 || regexp.MustCompile(`(?m)^\s*--- SKIP: \S*/broker\b`).Match(out) {
		t.Fatalf("the suite did not run in full:\n%s", out)
	}
	for _, p := range passed {
		t.Logf("passed: %s", p[1])
	}
}

// mosquitto finds the broker, which Debian keeps out of a user's PATH.
func mosquitto(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"mosquitto", "/usr/sbin/mosquitto"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Fatal("mosquitto is missing: run internal/interop/setup")
	return ""
}

// throwAwayCA returns a directory with ca.pem, and cert.pem and key.pem of a
// server called localhost.
func throwAwayCA(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	now := time.Now()
	caKey, serverKey := newKey(t), newKey(t)
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "interop test CA"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	server := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "localhost"},
		NotBefore: ca.NotBefore, NotAfter: ca.NotAfter,
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	writePEM(t, filepath.Join(dir, "ca.pem"), "CERTIFICATE", sign(t, ca, ca, caKey, caKey))
	writePEM(t, filepath.Join(dir, "cert.pem"), "CERTIFICATE", sign(t, server, ca, serverKey, caKey))
	der, err := x509.MarshalPKCS8PrivateKey(serverKey)
	if err != nil {
		t.Fatal(err)
	}
	writePEM(t, filepath.Join(dir, "key.pem"), "PRIVATE KEY", der)
	return dir
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// sign makes the certificate of holder's key.
func sign(t *testing.T, cert, issuer *x509.Certificate, holder, signer *ecdsa.PrivateKey) []byte {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, cert, issuer, &holder.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func writePEM(t *testing.T, name, kind string, der []byte) {
	t.Helper()
	write(t, name, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func write(t *testing.T, name string, content []byte) {
	t.Helper()
	if err := os.WriteFile(name, content, 0o600); err != nil {
		t.Fatal(err)
	}
}
