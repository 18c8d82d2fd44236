package hubtest

import (
	"crypto/sha1" // the registry knows certificates by it, too
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// AuthKind is how a device proves who it is, as the registry calls it.
type AuthKind string

// The kinds. Source: Microsoft's "Device identity" of the registry's REST API.
const (
	AuthSAS        AuthKind = "sas"
	AuthSelfSigned AuthKind = "selfSigned"           // a certificate known by its thumbprint
	AuthCA         AuthKind = "certificateAuthority" // a certificate of a CA the hub trusts
)

// auth is what a device is checked against.
type auth struct {
	kind        AuthKind
	keys        [][]byte // AuthSAS: primary first
	thumbprints []string // AuthSelfSigned: primary first, upper-case hexadecimal; "" where there is none
}

// keyAuth reads keys in base64, primary first.
func keyAuth(keys []string) (auth, error) {
	a := auth{kind: AuthSAS}
	for i, key := range keys {
		b, err := base64.StdEncoding.DecodeString(key)
		if err != nil || len(b) == 0 {
			return a, fmt.Errorf("key %d is not base64", i+1) // never quote a key
		}
		a.keys = append(a.keys, b)
	}
	if len(a.keys) == 0 {
		return a, errors.New("want at least one key in base64")
	}
	return a, nil
}

// thumbprintAuth reads SHA-1 or SHA-256 thumbprints in hexadecimal, with or
// without colons.
func thumbprintAuth(thumbprints []string) (auth, error) {
	a := auth{kind: AuthSelfSigned}
	for _, text := range thumbprints {
		text = strings.ToUpper(strings.ReplaceAll(text, ":", ""))
		if b, err := hex.DecodeString(text); err != nil || len(b) != 0 && len(b) != sha1.Size && len(b) != sha256.Size {
			return a, fmt.Errorf("thumbprint %q: want 40 or 64 hexadecimal digits", text)
		}
		a.thumbprints = append(a.thumbprints, text)
	}
	if strings.Join(a.thumbprints, "") == "" {
		return a, errors.New("want at least one thumbprint")
	}
	return a, nil
}

// knows reports whether one of the thumbprints is the certificate's.
func (a auth) knows(cert *x509.Certificate) bool {
	short, long := sha1.Sum(cert.Raw), sha256.Sum256(cert.Raw)
	for _, t := range a.thumbprints {
		if t == fmt.Sprintf("%X", short) || t == fmt.Sprintf("%X", long) {
			return true
		}
	}
	return false
}

// authMethod is how a client proved who it is, as the hub stamps it.
type authMethod struct{ scope, kind string }

func (m authMethod) String() string {
	issuer := "iothub"
	if m.kind == "x509" {
		issuer = "external"
	}
	text, _ := json.Marshal(struct { // strings: cannot fail
		Scope  string `json:"scope"`
		Type   string `json:"type"`
		Issuer string `json:"issuer"`
	}{m.scope, m.kind, issuer})
	return string(text)
}

// method is how a client with token t, for d, proved who it is.
func (t sasToken) method(d *device) authMethod {
	switch {
	case t.policy != "":
		return authMethod{"hub", "sas"}
	case d.module != "":
		return authMethod{"module", "sas"}
	}
	return authMethod{"device", "sas"}
}

// checkToken checks a device's token. Policies that may connect devices are
// as good as its keys.
func (h *Hub) checkToken(password string, d *device, keys [][]byte) (sasToken, Reason) {
	resource := []string{h.opts.Hostname, "devices", d.id}
	if d.module != "" {
		resource = append(resource, "modules", d.module)
	}
	return sasCheck{
		resource: resource, keys: keys, policies: h.opts.policies(), now: h.now(), grace: h.opts.TokenGrace,
	}.check(password)
}

// checkCertificate says why a client's certificate does not open the device,
// or "". Source: Microsoft's "Authenticate identities with X.509
// certificates".
func (h *Hub) checkCertificate(a auth, name string, chain []*x509.Certificate, p *packets.ConnectPacket) (Reason, string) {
	switch {
	case len(p.Password) > 0:
		return ReasonWrongAuthentication, "a token for a device that is registered with a certificate"
	case len(chain) == 0:
		return ReasonMissingCertificate, "the device is registered with a certificate, and the client sent none"
	case chain[0].Subject.CommonName != name:
		return ReasonForeignCertificate, fmt.Sprintf("the certificate's common name is %q, want %q", chain[0].Subject.CommonName, name)
	}
	if a.kind == AuthSelfSigned {
		if !a.knows(chain[0]) {
			return ReasonBadCertificate, "another thumbprint than the registered ones"
		}
		return "", ""
	}
	if err := h.trusted.verify(chain, h.now()); err != nil {
		return ReasonBadCertificate, err.Error()
	}
	return "", ""
}

// trustedCAs are the certificate authorities whose devices the hub lets in.
type trustedCAs struct {
	mu   sync.Mutex
	pool *x509.CertPool
}

// errNotPEM is returned for a file without a certificate.
var errNotPEM = errors.New("want certificates in PEM")

func (t *trustedCAs) add(pem []byte) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.pool == nil {
		t.pool = x509.NewCertPool()
	}
	if !t.pool.AppendCertsFromPEM(pem) {
		return errNotPEM
	}
	return nil
}

// verify checks a client's chain. No revocation list is asked, as the hub
// asks none.
func (t *trustedCAs) verify(chain []*x509.Certificate, now time.Time) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.pool == nil {
		return errors.New("the hub trusts no certificate authority")
	}
	between := x509.NewCertPool()
	for _, c := range chain[1:] {
		between.AddCert(c)
	}
	_, err := chain[0].Verify(x509.VerifyOptions{
		Roots: t.pool, Intermediates: between, CurrentTime: now,
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	return err
}

// TrustCA registers a certificate authority, in PEM, whose devices of kind
// AuthCA may connect.
func (h *Hub) TrustCA(pem []byte) error { return h.trusted.add(pem) }
