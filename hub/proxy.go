package hub

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"
)

// maxProxyAnswer bounds what a proxy may say before the tunnel begins.
const maxProxyAnswer = 16 << 10

// proxyError is a proxy's refusal.
type proxyError struct{ status int }

func (e proxyError) Error() string {
	return fmt.Sprintf("the proxy answers %d %s", e.status, http.StatusText(e.status))
}

// throughProxy asks proxy for a tunnel to address with HTTP CONNECT. The
// proxy's user and password are part of its URL.
func (d *dialer) throughProxy(ctx context.Context, proxy *url.URL, address string) (net.Conn, error) {
	conn, err := d.reachProxy(ctx, proxy)
	if err != nil {
		return nil, &stepError{stepProxy, err}
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if err := requestTunnel(conn, proxy.User, address); err != nil {
		_ = conn.Close() // the request's error says it all
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return nil, &stepError{stepProxy, err}
	}
	return conn, nil
}

// reachProxy connects to the proxy itself.
func (d *dialer) reachProxy(ctx context.Context, proxy *url.URL) (net.Conn, error) {
	port := proxy.Port()
	switch {
	case proxy.Scheme != "http" && proxy.Scheme != "https":
		return nil, fmt.Errorf("proxy of scheme %q: want http or https", proxy.Scheme)
	case port == "" && proxy.Scheme == "http":
		port = "80"
	case port == "":
		port = "443"
	}
	conn, err := d.dial(ctx, "tcp", net.JoinHostPort(proxy.Hostname(), port))
	if err != nil || proxy.Scheme == "http" {
		return conn, err
	}
	secured := tls.Client(conn, &tls.Config{MinVersion: tls.VersionTLS12, ServerName: proxy.Hostname(), RootCAs: d.tls.RootCAs, Time: d.tls.Time})
	if err := secured.HandshakeContext(ctx); err != nil {
		_ = conn.Close() // the handshake's error says it all
		return nil, err
	}
	return secured, nil
}

// requestTunnel has conn continue at address.
func requestTunnel(conn net.Conn, user *url.Userinfo, address string) error {
	header := make(http.Header)
	if user != nil {
		password, _ := user.Password()
		header.Set("Proxy-Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(user.Username()+":"+password)))
	}
	request := &http.Request{Method: http.MethodConnect, URL: &url.URL{Opaque: address}, Host: address, Header: header}
	if err := request.Write(conn); err != nil {
		return err
	}
	return readTunnelAnswer(conn)
}

// readTunnelAnswer reads what a proxy says to CONNECT, and not a byte of what
// the server behind it says. The body of a refusal goes with the connection;
// any 2xx opens the tunnel and has none: RFC 9110 section 9.3.6.
func readTunnelAnswer(conn io.Reader) error {
	answer := bufio.NewReaderSize(io.LimitReader(conn, maxProxyAnswer), 512)
	response, err := http.ReadResponse(answer, &http.Request{Method: http.MethodConnect})
	if err != nil {
		return fmt.Errorf("answer of the proxy: %w", err)
	}
	if response.StatusCode/100 != 2 {
		return proxyError{response.StatusCode}
	}
	if answer.Buffered() > 0 { // TLS begins with the client's word
		return errors.New("the proxy says more than its answer")
	}
	return nil
}
