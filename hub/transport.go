package hub

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/url"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// Transport is what MQTT runs over.
type Transport string

// The transports.
const (
	TransportTLS       Transport = "tls"       // port 8883; the default
	TransportWebSocket Transport = "websocket" // port 443, where 8883 is blocked
)

// DefaultWebSocketPort is the hub's port for MQTT over WebSocket.
const DefaultWebSocketPort = 443

// port is where the transport listens.
func (t Transport) port() uint16 {
	if t == TransportWebSocket {
		return DefaultWebSocketPort
	}
	return DefaultPort
}

// dialer opens connections to one server.
type dialer struct {
	host      string
	port      uint16
	transport Transport
	tls       *tls.Config // of connections without a client certificate
	dial      func(ctx context.Context, network, address string) (net.Conn, error)
	proxy     func(*url.URL) (*url.URL, error) // nil: none

	// older: the last handshake was one of TLS 1.2, so the next will hardly be
	// one of 1.3. Its post-quantum key share would take CPU time and more than
	// a kilobyte for nothing.
	older   atomic.Bool
	once    sync.Once
	classic *tls.Config // tls without that share, made once: each connection holds its config
}

// connect makes a connection and the TLS session in it, with a client
// certificate if there is one. When ctx ends first, nothing is left behind.
func (d *dialer) connect(ctx context.Context, certificate *tls.Certificate) (*wire, error) {
	raw, err := d.reach(ctx)
	if err != nil {
		return nil, err
	}
	raw = timedConn{raw}
	conn := tls.Client(raw, d.config(certificate))
	if err := conn.HandshakeContext(ctx); err != nil {
		_ = raw.Close() // the handshake's error says it all
		return nil, &stepError{stepTLS, err}
	}
	d.older.Store(conn.ConnectionState().Version < tls.VersionTLS13)
	w := newWire(conn, raw)
	if d.transport != TransportWebSocket {
		return w, nil
	}
	if err := w.upgrade(ctx, conn, d.host, certificate != nil); err != nil {
		_ = raw.Close() // the same
		return nil, &stepError{stepWebSocket, err}
	}
	return w, nil
}

// reach opens the TCP connection, through a proxy if there is one for host.
func (d *dialer) reach(ctx context.Context) (net.Conn, error) {
	address := net.JoinHostPort(d.host, strconv.Itoa(int(d.port)))
	if d.proxy != nil {
		proxy, err := d.proxy(&url.URL{Scheme: "https", Host: address})
		if err != nil {
			return nil, &stepError{stepProxy, err}
		}
		if proxy != nil {
			return d.throughProxy(ctx, proxy, address)
		}
	}
	raw, err := d.dial(ctx, "tcp", address)
	if err != nil {
		return nil, &stepError{stepDial, err}
	}
	return raw, nil
}

// newTLSConfig verifies the server always. The host goes into SNI without its
// port, and certificates are judged by the clock that has been trusted. Its
// connections share one cache of sessions, so that to come back after an
// outage takes half a handshake.
func newTLSConfig(host string, roots *x509.CertPool, now func() time.Time) *tls.Config {
	return &tls.Config{
		MinVersion:         tls.VersionTLS12,
		ServerName:         host,
		RootCAs:            roots,
		Time:               now,
		ClientSessionCache: tls.NewLRUClientSessionCache(1),
	}
}

// config is the one for all, or one for a client certificate. A session that
// was opened with a certificate is not resumed by anybody else: the server
// would take them for the one it belongs to.
func (d *dialer) config(certificate *tls.Certificate) *tls.Config {
	c := d.tls
	if d.older.Load() {
		d.once.Do(func() {
			d.classic = d.tls.Clone()
			d.classic.CurvePreferences = []tls.CurveID{tls.X25519, tls.CurveP256, tls.CurveP384, tls.CurveP521}
		})
		c = d.classic
	}
	if certificate == nil {
		return c
	}
	c = c.Clone()
	c.ClientSessionCache = nil
	c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return certificate, nil }
	return c
}
