package status

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"strings"
	"time"

	"go.uber.org/zap"
	"golang.org/x/net/netutil"

	"gatewayd/internal/metric"
)

// Limits of the listener: it shares a small machine with the radio.
const (
	readTimeout  = 10 * time.Second
	idleTimeout  = 2 * time.Minute
	maxHeader    = 16 << 10
	retryListen  = 30 * time.Second
	closeTimeout = time.Second

	maxConnections = 64
)

// Options of New. All are needed but Token, TLS and Page.
type Options struct {
	Listen  string // host:port
	Token   string // the password; "": none is asked for
	TLS     *tls.Config
	Log     *zap.Logger
	Alive   Alive
	Ready   Ready
	Metrics func(ctx context.Context, t *metric.Text)
	Page    http.Handler // everything else; nil: nothing
}

// Server is the listener.
type Server struct {
	o       Options
	handler http.Handler
}

// New does no I/O.
func New(o Options) *Server {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", healthz(o.Alive))
	mux.HandleFunc("GET /readyz", readyz(o.Ready))
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, r *http.Request) {
		var t metric.Text
		o.Metrics(r.Context(), &t)
		w.Header().Set("Content-Type", metric.ContentType)
		_, _ = w.Write(t.Bytes())
	})
	if o.Page != nil {
		mux.Handle("/", o.Page)
	}
	return &Server{o, guard(login(o.Token, mux))}
}

// String names the server in messages.
func (s *Server) String() string { return "status page on " + s.o.Listen }

// Handler is what is served.
func (s *Server) Handler() http.Handler { return s.handler }

// Run serves until ctx ends. An address that cannot be had is said once and
// tried again: the radio does not wait for a page.
func (s *Server) Run(ctx context.Context) error {
	said := false
	for {
		l, err := new(net.ListenConfig).Listen(ctx, "tcp", s.o.Listen)
		if err == nil {
			return s.serve(ctx, netutil.LimitListener(l, maxConnections))
		}
		if ctx.Err() != nil {
			return nil
		}
		if !said {
			s.o.Log.Warn("the status page cannot be served, trying again: is another program on this address? see [status] listen", zap.Error(err))
			said = true
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(retryListen):
		}
	}
}

func (s *Server) serve(ctx context.Context, l net.Listener) error {
	h := &http.Server{
		Handler: s.handler, ReadTimeout: readTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader,
		ErrorLog: zap.NewStdLog(s.o.Log.WithOptions(zap.IncreaseLevel(zap.ErrorLevel))),
		// What streams ends with ctx.
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	stopped := make(chan struct{})
	defer context.AfterFunc(ctx, func() {
		defer close(stopped)
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
		defer cancel()
		if h.Shutdown(last) != nil {
			_ = h.Close()
		}
	})()
	scheme := "http"
	if s.o.TLS != nil {
		scheme, l = "https", tls.NewListener(l, s.o.TLS)
	}
	s.o.Log.Info("status page", zap.String("url", scheme+"://"+l.Addr().String()+"/"))
	if err := h.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		s.o.Log.Error("the status page is closed", zap.Error(err))
		return nil
	}
	<-stopped
	return nil
}

// guard keeps pages of other sites out: a browser on this machine would fetch
// for them what listens on its loopback address. Names other than localhost and
// addresses could be pointed here by their owner (DNS rebinding).
func guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "+
			"base-uri 'none'; form-action 'self'; frame-ancestors 'none'")
		h.Set("Cache-Control", "no-store")
		switch {
		case r.TLS == nil && !ownHost(r.Host):
			http.Error(w, "this page is served under its address, or localhost", http.StatusMisdirectedRequest)
		case !safeOrigin(r):
			http.Error(w, "not from another site", http.StatusForbidden)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// ownHost reports whether a request names us by an address or as localhost.
func ownHost(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = strings.Trim(hostport, "[]")
	}
	return host == "localhost" || net.ParseIP(host) != nil
}

// safeOrigin refuses what changes something and comes from another site.
func safeOrigin(r *http.Request) bool {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return true
	}
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" {
		return false
	}
	origin := r.Header.Get("Origin")
	return origin == "" && r.Header.Get("X-Gatewayd") != "" || origin == "http://"+r.Host || origin == "https://"+r.Host
}
