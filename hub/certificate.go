package hub

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"gatewayd/internal/secret"
)

// maxPEM bounds a file of certificates or a key.
const maxPEM = 1 << 20

// certificate is an X.509 client certificate in PEM files, which are read for
// each connection: whoever renews it needs to tell nobody.
type certificate struct{ certFile, keyFile string }

// NewCertificate returns the credential of a device that authenticates with an
// X.509 certificate: certFile holds the device's certificate and, behind it,
// those of its authorities that the hub does not know; keyFile the key, which
// nobody but its owner may read. Both are PEM. The device id must be the
// certificate's common name.
//
// The error is of the files as they are now; they may change later.
//
// Source: Microsoft, "Authenticate identities with X.509 certificates".
func NewCertificate(certFile, keyFile string) (Credential, error) {
	c := certificate{certFile, keyFile}
	if _, err := c.load(); err != nil {
		return nil, err
	}
	return c, nil
}

// Token returns no token: the certificate stands in for it. It reports when
// the certificate expires.
func (c certificate) Token(resource string, now time.Time, _ time.Duration) (secret.Text, time.Time, error) {
	pair, err := c.load()
	if err != nil {
		return secret.Text{}, time.Time{}, err
	}
	leaf, id := pair.Leaf, resource[strings.LastIndexByte(resource, '/')+1:]
	if !strings.EqualFold(leaf.Subject.CommonName, id) {
		return secret.Text{}, leaf.NotAfter, fmt.Errorf("certificate %s is for %q and not for device %s: its common name must be the device id", c.certFile, leaf.Subject.CommonName, id)
	}
	if now.After(leaf.NotAfter) || now.Before(leaf.NotBefore) {
		return secret.Text{}, leaf.NotAfter, fmt.Errorf("certificate %s is good from %s to %s, and not now: renew it, and check this machine's clock",
			c.certFile, leaf.NotBefore.Format(time.RFC3339), leaf.NotAfter.Format(time.RFC3339))
	}
	return secret.Text{}, leaf.NotAfter, nil
}

// load reads both files.
func (c certificate) load() (*tls.Certificate, error) {
	certs, err := readPEM(c.certFile, false)
	if err != nil {
		return nil, fmt.Errorf("device certificate: %w", err)
	}
	key, err := readPEM(c.keyFile, true)
	if err != nil {
		return nil, fmt.Errorf("key of the device certificate: %w", err)
	}
	pair, err := tls.X509KeyPair(certs, key)
	if err != nil { // it names what is wrong and quotes nothing
		return nil, fmt.Errorf("device certificate %s with key %s: %w", c.certFile, c.keyFile, err)
	}
	return &pair, nil
}

// readPEM reads a file. The permissions of a private one are those of the very
// file that is read.
func readPEM(name string, private bool) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if mode := info.Mode().Perm(); private && mode&0o077 != 0 {
		return nil, fmt.Errorf("%s has mode %#o: others than its owner can get at the key; chmod 600 it", name, mode)
	}
	content, err := io.ReadAll(io.LimitReader(f, maxPEM+1))
	if err == nil && len(content) > maxPEM {
		err = errors.New(name + " is too large for a PEM file")
	}
	return content, err
}

// Format prints what it is.
func (c certificate) Format(f fmt.State, _ rune) {
	_, _ = f.Write([]byte("[certificate " + c.certFile + "]"))
}

// clientCertificate is c's certificate; nil if c is of another kind.
func clientCertificate(c Credential) (*tls.Certificate, error) {
	if x, ok := c.(certificate); ok {
		return x.load()
	}
	return nil, nil
}

// certificateStamp tells one state of the files from another.
type certificateStamp struct {
	cert, key         time.Time
	certSize, keySize int64
}

// stampOf looks at the files of c; nil if c is of another kind.
func stampOf(c Credential) *certificateStamp {
	x, ok := c.(certificate)
	if !ok {
		return nil
	}
	var s certificateStamp
	if info, err := os.Stat(x.certFile); err == nil {
		s.cert, s.certSize = info.ModTime(), info.Size()
	}
	if info, err := os.Stat(x.keyFile); err == nil {
		s.key, s.keySize = info.ModTime(), info.Size()
	}
	return &s
}

// renewIfChanged connects anew with the certificate that has taken the place
// of the one in use. One that would not do, because its files are being
// written or it is for another device or time, waits for the next time: the
// connection that works is worth more.
func (c *connection) renewIfChanged() {
	used := c.certStamp.Load()
	now := stampOf(c.device.Credential)
	s := c.session.Load()
	if s == nil || used == nil || now == nil || *used == *now {
		return
	}
	if _, _, err := c.token(s.endpoint, s.deviceID); err == nil {
		c.renewals.ask(c)
	}
}
