package config

import (
	"cmp"
	"net/url"
	"strings"

	"golang.org/x/net/http/httpproxy"

	"gatewayd/internal/secret"
)

// noProxy is what the key "proxy" says to go without.
const noProxy = "none"

// Proxy is the HTTP proxy on the way to the hubs. It does not print its
// address, which may hold a password. The zero value is none.
type Proxy struct {
	address secret.Text
	except  string // in the form of NO_PROXY
	always  bool   // the configuration says so: there are no exceptions
}

// Func returns the proxy for a URL, as hub.Options wants it; nil for no proxy
// at all.
func (p Proxy) Func() func(*url.URL) (*url.URL, error) {
	switch {
	case p.address.IsZero():
		return nil
	case p.always:
		return func(*url.URL) (*url.URL, error) { return url.Parse(p.address.Reveal()) }
	}
	env := httpproxy.Config{HTTPSProxy: p.address.Reveal(), NoProxy: p.except}
	return env.ProxyFunc()
}

// proxy is what the configuration says, else the environment. No message
// quotes an address.
func (v validator) proxy(s section, text string) Proxy {
	if text == noProxy {
		return Proxy{}
	}
	if text != "" {
		if !isProxy(text) {
			s.fail("proxy", `not a proxy; want http://host:port, or "none"`)
		}
		return Proxy{address: secret.NewText(text), always: true}
	}
	env := cmp.Or(v.env.getenv("HTTPS_PROXY"), v.env.getenv("https_proxy"))
	if env != "" && !isProxy(withScheme(env)) {
		s.fail("proxy", `HTTPS_PROXY holds no address of an HTTP proxy; correct it, or say "none" here`)
	}
	return Proxy{address: secret.NewText(env), except: cmp.Or(v.env.getenv("NO_PROXY"), v.env.getenv("no_proxy"))}
}

// withScheme is the address of a proxy in full: the environment may leave out
// http.
func withScheme(text string) string {
	if strings.Contains(text, "://") {
		return text
	}
	return "http://" + text
}

func isProxy(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != ""
}
