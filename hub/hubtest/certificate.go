package hubtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"time"
)

// authority is a throw-away CA and the one certificate it signed.
type authority struct {
	pem    []byte
	pool   *x509.CertPool
	server tls.Certificate
}

// newAuthority makes a CA and a server certificate for names. Both keys live
// in memory only.
func newAuthority(names []string) (*authority, error) {
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("certificate authority key: %w", err)
	}
	ca := template("hubtest throw-away CA", 1)
	ca.IsCA, ca.BasicConstraintsValid = true, true
	ca.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	caDER, err := x509.CreateCertificate(rand.Reader, ca, ca, caKey.Public(), caKey)
	if err != nil {
		return nil, fmt.Errorf("certificate authority: %w", err)
	}
	if ca, err = x509.ParseCertificate(caDER); err != nil {
		return nil, fmt.Errorf("certificate authority: %w", err)
	}
	a := &authority{
		pem:  pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: caDER}),
		pool: x509.NewCertPool(),
	}
	a.pool.AddCert(ca)
	a.server, err = newServerCertificate(ca, caKey, names)
	return a, err
}

func newServerCertificate(ca *x509.Certificate, caKey *ecdsa.PrivateKey, names []string) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("server key: %w", err)
	}
	leaf := template(names[0], 2)
	leaf.KeyUsage = x509.KeyUsageDigitalSignature
	leaf.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			leaf.IPAddresses = append(leaf.IPAddresses, ip)
		} else {
			leaf.DNSNames = append(leaf.DNSNames, name)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, ca, key.Public(), caKey)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("server certificate for %q: %w", names, err)
	}
	return tls.Certificate{Certificate: [][]byte{der, ca.Raw}, PrivateKey: key}, nil
}

// template is valid for any clock a test may use, or a Pi may wake up with.
func template(name string, serial int64) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(serial),
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC),
		NotAfter:     time.Date(2049, 12, 31, 0, 0, 0, 0, time.UTC),
	}
}

// serverTLS is the classic endpoint's profile: TLS 1.2 with the documented
// suites, a client certificate requested and not required. Source:
// Microsoft's "Transport Layer Security support in IoT Hub".
func (a *authority) serverTLS(tls13 bool) *tls.Config {
	c := &tls.Config{
		Certificates: []tls.Certificate{a.server},
		MinVersion:   tls.VersionTLS12,
		MaxVersion:   tls.VersionTLS12,
		ClientAuth:   tls.RequestClientCert,
		CipherSuites: []uint16{
			tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
			tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
			tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256,
		},
	}
	if tls13 {
		c.MaxVersion = tls.VersionTLS13
	}
	return c
}

// CAPEM is the certificate of the hub's own throw-away CA, for a ca_file.
func (h *Hub) CAPEM() []byte { return append([]byte(nil), h.ca.pem...) }

// Roots holds the hub's own CA and nothing else.
func (h *Hub) Roots() *x509.CertPool { return h.ca.pool.Clone() }

// ClientTLS is a configuration that trusts the hub, whatever address it is
// reached at.
func (h *Hub) ClientTLS() *tls.Config {
	return &tls.Config{RootCAs: h.Roots(), ServerName: h.opts.Hostname, MinVersion: tls.VersionTLS12}
}
