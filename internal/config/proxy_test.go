package config

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
)

func TestProxy(t *testing.T) {
	t.Parallel()
	const hubAddress, other = "https://contoso.azure-devices.net:8883", "https://inside.example.net:443"
	for name, tt := range map[string]struct {
		text       string
		env        map[string]string
		hub, other string // the proxy for these; "" for none
	}{
		"none at all":      {},
		"configured":       {text: "http://10.0.0.1:3128", hub: "http://10.0.0.1:3128", other: "http://10.0.0.1:3128"},
		"of environment":   {env: map[string]string{"HTTPS_PROXY": "http://10.0.0.2:3128"}, hub: "http://10.0.0.2:3128", other: "http://10.0.0.2:3128"},
		"in lower case":    {env: map[string]string{"https_proxy": "10.0.0.2:3128"}, hub: "http://10.0.0.2:3128", other: "http://10.0.0.2:3128"},
		"with exceptions":  {env: map[string]string{"HTTPS_PROXY": "http://10.0.0.2:3128", "NO_PROXY": "example.net"}, hub: "http://10.0.0.2:3128"},
		"environment left": {text: "none", env: map[string]string{"HTTPS_PROXY": "http://10.0.0.2:3128"}},
		"configured first": {
			text: "http://10.0.0.1:3128", env: map[string]string{"HTTPS_PROXY": "http://10.0.0.2:3128", "NO_PROXY": "*"},
			hub: "http://10.0.0.1:3128", other: "http://10.0.0.1:3128",
		},
		"kept elsewhere": {text: "env:MY_PROXY", env: map[string]string{"MY_PROXY": "https://u:p@10.0.0.1"}, hub: "https://u:p@10.0.0.1", other: "https://u:p@10.0.0.1"},
	} {
		env := badEnvironment()
		env.getenv = func(name string) string { return tt.env[name] }
		text := strings.Replace(required, "[hub]", "[hub]\nproxy = \""+tt.text+"\"", 1)
		c, err := check(source{name: "gatewayd.toml", data: []byte(text)}, env)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for address, want := range map[string]string{hubAddress: tt.hub, other: tt.other} {
			if got := proxyFor(t, c.Hub.Proxy, address); got != want {
				t.Errorf("%s: %s through %q, want %q", name, address, got, want)
			}
		}
	}
}

func proxyFor(t *testing.T, p Proxy, address string) string {
	t.Helper()
	choose := p.Func()
	if choose == nil {
		return ""
	}
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	proxy, err := choose(u)
	if err != nil {
		t.Fatal(err)
	}
	if proxy == nil {
		return ""
	}
	return proxy.String()
}

// TestProxyKeepsItsPassword checks that neither printing it nor an error shows
// a proxy's password.
func TestProxyKeepsItsPassword(t *testing.T) {
	t.Parallel()
	c := mustCheck(t, strings.Replace(required, "[hub]", "[hub]\nproxy = \"http://u:topsecret@10.0.0.1:3128\"", 1))
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		if text := fmt.Sprintf(verb, c.Hub); strings.Contains(text, "topsecret") || strings.Contains(text, "746f70") {
			t.Errorf("%s prints the password", verb)
		}
	}
	for _, address := range []string{"socks5://u:topsecret@10.0.0.1", "http://u:topsecret@", "u:topsecret@%zz", "://topsecret"} {
		env := badEnvironment()
		env.getenv = func(name string) string { return map[string]string{"HTTPS_PROXY": address}[name] }
		_, err := check(source{name: "gatewayd.toml", data: []byte(required)}, env)
		if err == nil || strings.Contains(err.Error(), "topsecret") {
			t.Errorf("%s: %v", address, err)
		}
	}
}
