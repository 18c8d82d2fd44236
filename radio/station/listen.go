package station

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"go.uber.org/zap"
	"golang.org/x/time/rate"
)

const (
	// maxConnections is how many there may be at a time: every station one, and
	// room for those that come and go.
	maxConnections = maxGateways + 64

	// A station that has lost its connection tries again after a second at the
	// earliest. Faster than this come only floods.
	connectEvery = 50 * time.Millisecond
	connectBurst = 100
)

// listen opens the port, with TLS if so configured.
func (c *Concentrator) listen(ctx context.Context) (net.Listener, error) {
	if c.o.TLSCert != "" {
		if _, err := c.o.tls(); err != nil {
			return nil, err
		}
	}
	inner, err := c.bind(ctx, c.o.Listen)
	if err != nil {
		return nil, err
	}
	guarded := &door{Listener: inner, c: c, rate: rate.NewLimiter(rate.Every(connectEvery), connectBurst)}
	if c.o.TLSCert == "" {
		return guarded, nil
	}
	config := &tls.Config{
		MinVersion:         tls.VersionTLS12,
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return c.o.tls() },
	}
	return tls.NewListener(guarded, config), nil
}

// tls reads the files.
func (o *Options) tls() (*tls.Config, error) {
	pair, err := tls.LoadX509KeyPair(o.TLSCert, o.TLSKey)
	if err != nil {
		return nil, fmt.Errorf("tls_cert %s, tls_key %s: %w", o.TLSCert, o.TLSKey, err)
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pair}}
	if o.ClientCA == "" {
		return config, nil
	}
	pem, err := os.ReadFile(o.ClientCA)
	if err != nil {
		return nil, fmt.Errorf("client_ca: %w", err)
	}
	config.ClientCAs, config.ClientAuth = x509.NewCertPool(), tls.RequireAndVerifyClientCert
	if !config.ClientCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("client_ca %s: no certificate in it: want PEM", o.ClientCA)
	}
	return config, nil
}

// bind opens the port.
func bind(ctx context.Context, address string) (net.Listener, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, bindError(address, err)
	}
	return l, nil
}

// bindError says what to do about err.
func bindError(address string, err error) error {
	hint := ""
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		hint = "the address is in use: stop the other server, or change listen here and tc.uri in the station"
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		hint = "this machine does not have the address (yet)"
	case errors.Is(err, syscall.EACCES):
		hint = "ports below 1024 are for root: change listen"
	default:
		return fmt.Errorf("listen on %s: %w", address, err)
	}
	return fmt.Errorf("listen on %s: %s", address, hint)
}

// loopback reports whether only this machine can reach the address.
func loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// quiet is where HTTP says what strangers do wrong.
func (c *Concentrator) quiet() *log.Logger {
	l, err := zap.NewStdLogAt(c.log, zap.DebugLevel)
	if err != nil {
		return nil
	}
	return l
}

// door limits how many connections there are, and how fast they come.
type door struct {
	net.Listener
	c      *Concentrator
	rate   *rate.Limiter
	inside atomic.Int64
}

// Accept implements net.Listener.
func (d *door) Accept() (net.Conn, error) {
	for {
		conn, err := d.Listener.Accept()
		if err != nil {
			return nil, err
		}
		d.c.count(&d.c.stats.Connections)
		if d.inside.Add(1) <= maxConnections && d.rate.Allow() {
			return &guest{Conn: conn, leave: sync.OnceFunc(func() { d.inside.Add(-1) })}, nil
		}
		d.inside.Add(-1)
		d.c.count(&d.c.stats.TurnedAway)
		_ = conn.Close()
	}
}

// guest is a connection that the door counts.
type guest struct {
	net.Conn
	leave func()
}

// Close implements net.Conn.
func (g *guest) Close() error {
	g.leave()
	return g.Conn.Close()
}
