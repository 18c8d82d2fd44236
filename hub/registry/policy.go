package registry

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"gatewayd/hub"
	"gatewayd/internal/secret"
)

// Policy is a shared access policy of a hub.
type Policy struct {
	Host string // of the hub
	Name string
	key  secret.Text
}

// ParsePolicy reads the connection string of a policy, "HostName=...;
// SharedAccessKeyName=...;SharedAccessKey=...". Errors never quote it.
func ParsePolicy(text secret.Text) (Policy, error) {
	fields := map[string]string{}
	for part := range strings.SplitSeq(strings.TrimSpace(text.Reveal()), ";") {
		name, value, ok := strings.Cut(part, "=")
		if part != "" && !ok {
			return Policy{}, errors.New("not a connection string; want name=value pairs separated by ';'")
		}
		fields[name] = value
	}
	p := Policy{Host: fields["HostName"], Name: fields["SharedAccessKeyName"], key: secret.NewText(fields["SharedAccessKey"])}
	if fields["DeviceId"] != "" {
		return Policy{}, errors.New("that of a device; want the connection string of a policy with the permission registry write")
	}
	if host, _, err := hub.ParseHost(p.Host); err != nil || host != p.Host {
		return Policy{}, errors.New("HostName is not a host name; want e.g. contoso.azure-devices.net, without port")
	}
	if p.Name == "" {
		return Policy{}, errors.New("SharedAccessKeyName is missing; copy the connection string of a policy in full")
	}
	if raw, err := p.raw(); err != nil || len(raw) == 0 {
		return Policy{}, errors.New("SharedAccessKey is not base64; copy the connection string in full, with the '=' at its end")
	}
	return p, nil
}

func (p Policy) raw() ([]byte, error) { return base64.StdEncoding.DecodeString(p.key.Reveal()) }

// token is good until expires, for all of the hub.
func (p Policy) token(expires time.Time) (string, error) {
	key, err := p.raw()
	if err != nil {
		return "", errors.New("the key of the policy is not base64")
	}
	return hub.SignSAS(p.Host, key, expires) + "&skn=" + url.QueryEscape(p.Name), nil
}

// Format prints which policy it is, never its key.
func (p Policy) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "[policy %s of %s]", p.Name, p.Host)
}
