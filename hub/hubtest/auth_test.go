package hubtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"testing"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"

	"gatewayd/internal/secret"
)

// testCert is a client's certificate.
type testCert struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// newCert makes a certificate for a name; a nil issuer signs its own.
func newCert(t *testing.T, name string, issuer *testCert) *testCert {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := template(name, 3)
	c.IsCA, c.BasicConstraintsValid, c.KeyUsage = issuer == nil, true, x509.KeyUsageDigitalSignature|x509.KeyUsageCertSign
	signer := &testCert{c, key}
	if issuer != nil {
		signer = issuer
	}
	der, err := x509.CreateCertificate(rand.Reader, c, signer.cert, key.Public(), signer.key)
	if err != nil {
		t.Fatal(err)
	}
	if c, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	return &testCert{c, key}
}

func (c *testCert) pem() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.cert.Raw})
}

// dialWith connects with a client certificate, or without.
func dialWith(t *testing.T, addr string, config *tls.Config, cert *testCert) *client {
	t.Helper()
	if cert != nil {
		config.Certificates = []tls.Certificate{{Certificate: [][]byte{cert.cert.Raw}, PrivateKey: cert.key}}
	}
	conn, err := tls.Dial("tcp", addr, config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return &client{t, conn}
}

func certPacket(device string) *packets.ConnectPacket {
	p := connectPacket(device)
	p.PasswordFlag, p.Password = false, nil
	return p
}

func TestX509(t *testing.T) {
	ca := newCert(t, "my CA", nil)
	own, other := newCert(t, "self1", nil), newCert(t, "self1", nil)
	signed, foreign := newCert(t, "ca1", ca), newCert(t, "ca1", newCert(t, "another CA", nil))
	h := serve(t, Options{})
	short, long := fmt.Sprintf("%x", sha1.Sum(own.cert.Raw)), fmt.Sprintf("%X", sha256.Sum256(own.cert.Raw))
	for _, err := range []error{
		h.AddDeviceThumbprint("self1", long), h.AddDeviceThumbprint("self2", short, short),
		h.AddDeviceCA("ca1"), h.AddDeviceCA("ca2"), h.TrustCA(ca.pem()),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	withToken := connectPacket("self1")
	for name, test := range map[string]struct {
		packet *packets.ConnectPacket
		cert   *testCert
		want   Reason
	}{
		"SHA-256 thumbprint":        {certPacket("self1"), own, ""},
		"signed by a trusted CA":    {certPacket("ca1"), signed, ""},
		"signed by another CA":      {certPacket("ca1"), foreign, ReasonBadCertificate},
		"another thumbprint":        {certPacket("self1"), other, ReasonBadCertificate},
		"for another device":        {certPacket("self2"), own, ReasonForeignCertificate},
		"signed for another device": {certPacket("ca2"), signed, ReasonForeignCertificate},
		"no certificate":            {certPacket("self1"), nil, ReasonMissingCertificate},
		"a token instead":           {withToken, own, ReasonWrongAuthentication},
		"a certificate for a key":   {certPacket("lora1"), own, ReasonMissingToken},
	} {
		t.Run(name, func(t *testing.T) {
			c := dialWith(t, h.Addr(), h.ClientTLS(), test.cert)
			c.send(test.packet)
			ack := receive[*packets.ConnackPacket](c)
			if test.want == "" {
				if ack.ReturnCode != 0 {
					t.Fatalf("CONNACK %d", ack.ReturnCode)
				}
				c.send(publishPacket("devices/"+test.packet.ClientIdentifier+"/messages/events/", 1, 1, name))
				receive[*packets.PubackPacket](c)
				return
			}
			if ack.ReturnCode != 5 {
				t.Errorf("CONNACK %d, want 5", ack.ReturnCode)
			}
			refused, err := h.WaitEvents(within(t), 1, func(e Event) bool { return e.Kind == EventRefused && e.Reason == test.want })
			if err != nil {
				t.Errorf("%v: %+v", err, refused)
			}
		})
	}
	if got := h.Messages()[0].System["iothub-connection-auth-method"]; got != `{"scope":"device","type":"x509","issuer":"external"}` {
		t.Errorf("stamped %s", got)
	}
}

func TestThumbprints(t *testing.T) {
	own := newCert(t, "self1", nil)
	for _, test := range []struct {
		list []string
		ok   bool
	}{
		{[]string{fmt.Sprintf("%x", sha1.Sum(own.cert.Raw))}, true},
		{[]string{"", fmt.Sprintf("%X", sha256.Sum256(own.cert.Raw))}, true},
		{[]string{""}, false},
		{nil, false},
		{[]string{"00:11"}, false},
		{[]string{"zz"}, false},
	} {
		a, err := thumbprintAuth(test.list)
		if (err == nil) != test.ok || test.ok && !a.knows(own.cert) {
			t.Errorf("%q: %v", test.list, err)
		}
	}
}

// A token of a policy of the hub may connect every device.
func TestPolicyConnects(t *testing.T) {
	h := serve(t, Options{PolicyKey: secret.NewText(keyV1)})
	p := connectPacket("lora2")
	p.Password = append([]byte(token(testHost, time.Now().Add(time.Hour))), "&skn=iothubowner"...)
	c := openWith(t, h, p)
	c.send(publishPacket("devices/lora2/messages/events/", 1, 1, "x"))
	receive[*packets.PubackPacket](c)
	if got := h.Messages()[0].System["iothub-connection-auth-method"]; got != `{"scope":"hub","type":"sas","issuer":"iothub"}` {
		t.Errorf("stamped %s", got)
	}
}

func TestServerCertificates(t *testing.T) {
	ecdsaOnly := []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}
	rsaOnly := []uint16{tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384}
	for name, test := range map[string]struct {
		quirks Quirks
		suites []uint16
		want   x509.PublicKeyAlgorithm
	}{
		"any":                       {Quirks{}, nil, x509.ECDSA},
		"RSA only":                  {Quirks{}, rsaOnly, x509.RSA},
		"as the real hub":           {Quirks{RSACertificate: true}, nil, x509.RSA},
		"as the real hub, TLS 1.3":  {Quirks{RSACertificate: true, TLS13: true}, nil, x509.RSA},
		"ECDSA only, real hub":      {Quirks{RSACertificate: true}, ecdsaOnly, x509.ECDSA},
		"ECDSA only, as by default": {Quirks{}, ecdsaOnly, x509.ECDSA},
	} {
		t.Run(name, func(t *testing.T) {
			h := serve(t, Options{Quirks: test.quirks})
			config := h.ClientTLS()
			config.CipherSuites = test.suites
			c := dialWith(t, h.Addr(), config, nil)
			if got := c.conn.(*tls.Conn).ConnectionState().PeerCertificates[0].PublicKeyAlgorithm; got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}
