package registry

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"net/url"
)

// Transport trusts roots, nil for the system's, and goes through the proxy that
// proxy names for a URL; nil for none.
func Transport(roots *x509.CertPool, proxy func(*url.URL) (*url.URL, error)) *http.Transport {
	t := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true}
	if proxy != nil {
		t.Proxy = func(r *http.Request) (*url.URL, error) { return proxy(r.URL) }
	}
	return t
}
