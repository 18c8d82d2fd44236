package config

import (
	"crypto/tls"
	"net"

	"gatewayd/internal/secret"
)

// Status is the listener of page, health and metrics.
type Status struct {
	Listen string // host:port; "": none
	Token  secret.Text
	TLS    *tls.Certificate // nil: without
	// NodeMetrics has a series of metrics for each node.
	NodeMetrics bool
}

type rawStatus struct {
	Listen      string     `toml:"listen"`
	Token       secretText `toml:"token"`
	TLSCert     string     `toml:"tls_cert"`
	TLSKey      string     `toml:"tls_key"`
	NodeMetrics bool       `toml:"node_metrics"`
}

// minToken is the least length of a token that is worth its name.
const minToken = 12

func (v validator) status(raw rawStatus) Status {
	s := v.top.in("status")
	st := Status{Token: secret.NewText(string(raw.Token)), NodeMetrics: raw.NodeMetrics}
	if raw.Listen == "" || raw.Listen == "none" {
		return st
	}
	host, port, err := net.SplitHostPort(raw.Listen)
	if err != nil || port == "" || port == "0" {
		s.fail("listen", "not an address; want host:port, such as 127.0.0.1:8380, or \"none\"")
		return st
	}
	st.Listen = raw.Listen
	if raw.Token != "" && len(raw.Token) < minToken {
		s.fail("token", "too short; want at least %d characters, as openssl rand -hex 16 makes them", minToken)
	}
	if raw.TLSCert != "" || raw.TLSKey != "" {
		st.TLS = v.pair(s, raw.TLSCert, raw.TLSKey)
	}
	ip := net.ParseIP(host)
	if host == "localhost" || ip != nil && ip.IsLoopback() {
		return st
	}
	if raw.Token == "" {
		s.fail("listen", "others can reach this address; add a token, or listen on 127.0.0.1")
	}
	if st.TLS == nil && raw.TLSCert == "" {
		s.fail("listen", "the token would cross the network in clear; add tls_cert and tls_key, or listen on 127.0.0.1")
	}
	return st
}

// pair reads a certificate and its key.
func (v validator) pair(s section, cert, key string) *tls.Certificate {
	if cert == "" || key == "" {
		s.fail("tls_cert", "tls_cert and tls_key go together; add the other one")
		return nil
	}
	c, err := v.env.read(v.path(cert))
	if err != nil {
		s.fail("tls_cert", "%v", err)
		return nil
	}
	k, err := v.env.read(v.path(key))
	if err != nil {
		s.fail("tls_key", "%v", err)
		return nil
	}
	pair, err := tls.X509KeyPair(c.data, k.data)
	if err != nil {
		s.fail("tls_cert", "%v; want PEM files that belong together", err)
		return nil
	}
	return &pair
}
