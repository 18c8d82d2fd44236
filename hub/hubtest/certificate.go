package hubtest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"sync"
	"time"
)

// authority is a throw-away CA and the server certificates it signed.
type authority struct {
	pem    []byte
	pool   *x509.CertPool
	server tls.Certificate // with an ECDSA key
	// rsaServer makes the certificate with an RSA key, once: it takes a while, and
	// few clients need it.
	rsaServer func() (*tls.Certificate, error)
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
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("server key: %w", err)
	}
	a.rsaServer = sync.OnceValues(func() (*tls.Certificate, error) {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			return nil, fmt.Errorf("server key: %w", err)
		}
		cert, err := newServerCertificate(ca, caKey, key, names)
		return &cert, err
	})
	a.server, err = newServerCertificate(ca, caKey, key, names)
	return a, err
}

func newServerCertificate(ca *x509.Certificate, caKey *ecdsa.PrivateKey, key crypto.Signer, names []string) (tls.Certificate, error) {
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
func (a *authority) serverTLS(q Quirks) *tls.Config {
	c := &tls.Config{
		GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			return a.certificateFor(hello, q.RSACertificate)
		},
		MinVersion: tls.VersionTLS12,
		MaxVersion: tls.VersionTLS12,
		ClientAuth: tls.RequestClientCert,
		CipherSuites: []uint16{
			tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
			tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
			tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
			tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
			tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256,
			tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256,
		},
	}
	if q.TLS13 {
		c.MaxVersion = tls.VersionTLS13
	}
	return c
}

// certificateFor chooses a certificate that the client takes: of the
// preferred kind, or else of the other.
func (a *authority) certificateFor(hello *tls.ClientHelloInfo, preferRSA bool) (*tls.Certificate, error) {
	if preferRSA {
		cert, err := a.rsaServer()
		if err != nil || hello.SupportsCertificate(cert) == nil {
			return cert, err
		}
		return &a.server, nil
	}
	if hello.SupportsCertificate(&a.server) == nil {
		return &a.server, nil
	}
	return a.rsaServer()
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

// ServiceTLS is a configuration to serve the service API over HTTPS, with the
// hub's certificate.
func (h *Hub) ServiceTLS() *tls.Config {
	c := h.ca.serverTLS(h.opts.Quirks)
	c.ClientAuth, c.MaxVersion = tls.NoClientCert, 0
	c.NextProtos = []string{"http/1.1"}
	return c
}
