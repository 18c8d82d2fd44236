package station

import (
	"context"
	"crypto/subtle"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/gorilla/websocket"
	"go.uber.org/zap"

	"gatewayd/radio"
	"gatewayd/radio/station/lns"
)

// The two end-points.
const (
	discoveryPath = "/router-info"
	gatewayPath   = "/gateway/" // and the EUI
)

const (
	// askWithin is how long a station may take to say who it is.
	askWithin = 10 * time.Second

	// closeWithin is how long it may take to close, once it has its answer.
	closeWithin = time.Second

	// maxStrange is how many gateways that are not allowed are remembered as
	// spoken of.
	maxStrange = 64
)

// ServeHTTP implements http.Handler.
func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name, isGateway := strings.CutPrefix(r.URL.Path, gatewayPath)
	if !isGateway && strings.TrimSuffix(r.URL.Path, "/") != discoveryPath {
		http.NotFound(w, r)
		return
	}
	if !s.c.knows(r.Header.Get("Authorization")) {
		s.c.count(&s.c.stats.Unauthorized)
		http.Error(w, "the token is wrong", http.StatusUnauthorized)
		return
	}
	if !s.start() {
		http.Error(w, "stopping", http.StatusServiceUnavailable)
		return
	}
	defer s.work.Done()
	if isGateway {
		s.gateway(w, r, name)
	} else {
		s.discover(w, r)
	}
}

// knows reports whether a station may come in with that header.
func (c *Concentrator) knows(header string) bool {
	token := c.o.Token.Reveal()
	if token == "" {
		return true
	}
	got := []byte(strings.TrimSpace(header))
	return subtle.ConstantTimeCompare(got, []byte(token))|subtle.ConstantTimeCompare(got, []byte("Bearer "+token)) == 1
}

// upgrade makes a request a WebSocket, which ends with the service at the
// latest. Call finish when done with it.
func (s *service) upgrade(w http.ResponseWriter, r *http.Request) (conn *websocket.Conn, finish func(), ok bool) {
	u := websocket.Upgrader{HandshakeTimeout: headerWithin, ReadBufferSize: 2048, WriteBufferSize: 2048, CheckOrigin: sameSite}
	conn, err := u.Upgrade(w, r, nil)
	if err != nil {
		return nil, nil, false // the client has been told
	}
	stop := context.AfterFunc(s.ctx, func() { _ = conn.Close() })
	return conn, func() { stop(); _ = conn.Close() }, true
}

// sameSite keeps web pages from speaking for a station through the browser of
// somebody who can reach the port. Programs name no origin, or this machine.
func sameSite(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true
	}
	u, err := url.Parse(origin)
	if err != nil {
		return false
	}
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = r.Host
	}
	return u.Hostname() == strings.Trim(host, "[]") || loopback(net.JoinHostPort(u.Hostname(), "0"))
}

// discover tells a station where to connect.
func (s *service) discover(w http.ResponseWriter, r *http.Request) {
	conn, finish, ok := s.upgrade(w, r)
	if !ok {
		return
	}
	defer finish()
	conn.SetReadLimit(maxMessage)
	_ = conn.SetReadDeadline(time.Now().Add(askWithin))
	_, b, err := conn.ReadMessage()
	if err != nil {
		return
	}
	_ = conn.SetWriteDeadline(time.Now().Add(writeWithin))
	if conn.WriteMessage(websocket.TextMessage, s.c.direct(b, r)) != nil {
		return
	}
	bye := websocket.FormatCloseMessage(websocket.CloseNormalClosure, "")
	_ = conn.WriteControl(websocket.CloseMessage, bye, time.Now().Add(writeWithin))
	// A station that is cut off before it has closed may not read the answer.
	_ = conn.SetReadDeadline(time.Now().Add(closeWithin))
	for err == nil {
		_, _, err = conn.ReadMessage()
	}
}

// direct answers the question b.
func (c *Concentrator) direct(b []byte, r *http.Request) []byte {
	eui, err := lns.ParseDiscovery(b)
	if err != nil {
		return lns.DiscoveryError(eui, err.Error())
	}
	if !c.admit(eui, r.RemoteAddr) {
		return lns.DiscoveryError(eui, "gateway is not allowed here")
	}
	c.count(&c.stats.Discoveries)
	return lns.Discovery(eui, endpoint(r, eui))
}

// endpoint is the URI of a station's connection, by the name under which it
// has found us. Stations insist on a port.
func endpoint(r *http.Request, eui radio.EUI64) string {
	scheme, port := "ws", "80"
	if r.TLS != nil {
		scheme, port = "wss", "443"
	}
	host := r.Host
	if _, _, err := net.SplitHostPort(host); err != nil {
		host = net.JoinHostPort(strings.Trim(host, "[]"), port)
	}
	return scheme + "://" + host + gatewayPath + eui.String()
}

// admit reports whether the gateway may come in. One that may not is counted,
// and spoken of once.
func (c *Concentrator) admit(eui radio.EUI64, from string) bool {
	now := c.clock.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.table.admits(eui) {
		return true
	}
	c.stats.Refused++
	if !c.strange[eui] && len(c.strange) < maxStrange && c.talk.AllowN(now, 1) {
		c.strange[eui] = true
		c.log.Warn("gateway is not allowed: if it is yours, add it to allowed_gateways",
			zap.Stringer("gateway_eui", eui), zap.String("from", plain(from)))
	}
	return false
}

// gateway is a station's connection, from its first to its last message.
func (s *service) gateway(w http.ResponseWriter, r *http.Request, name string) {
	eui, err := lns.ParseID6(name)
	if err != nil || eui.IsZero() {
		http.Error(w, "not a gateway's EUI", http.StatusNotFound)
		return
	}
	if !s.c.admit(eui, r.RemoteAddr) {
		http.Error(w, "gateway is not allowed here", http.StatusForbidden)
		return
	}
	conn, finish, ok := s.upgrade(w, r)
	if !ok {
		return
	}
	defer finish()
	l := newLink(conn, s.c.pinged)
	results, ok := s.c.arrive(eui, l, plain(r.RemoteAddr))
	report(s.tx, results)
	if !ok {
		return
	}
	s.work.Go(l.write)
	err = l.read(func(b []byte) { report(s.tx, s.c.take(eui, l, b, s.up)) })
	if s.ctx.Err() != nil {
		err = nil
	}
	report(s.tx, s.c.depart(eui, l, err))
}

// plain shows an IPv4 address as one, however the socket sees it.
func plain(address string) string {
	a, err := netip.ParseAddrPort(address)
	if err != nil {
		return address
	}
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()).String()
}
