package hubtest

import (
	"errors"
	"net/url"
	"strings"
)

// login is what an MQTT user name says.
type login struct {
	host, device, module string
	params               map[string]string // percent-decoded, first of a name wins
}

var (
	errUsernameShape = errors.New("want {hub}/{device}/?api-version=DATE")
	errUsernameParam = errors.New("want name=value pairs joined by & after the device")
)

// parseUsername reads the forms seen from clients: "HUB/dev",
// "HUB/dev/?api-version=...&...", "HUB/dev/api-version=..." and, for modules,
// a segment more. Grammar: azure-iot-protocol-gateway, relaxed by the first
// form.
func parseUsername(s string) (login, error) {
	parts := strings.Split(s, "/")
	if len(parts) < 2 || len(parts) > 4 {
		return login{}, errUsernameShape
	}
	l := login{host: parts[0], device: parts[1], params: map[string]string{}}
	if l.host == "" || l.device == "" {
		return login{}, errUsernameShape
	}
	if len(parts) == 4 {
		if l.module = parts[2]; l.module == "" {
			return login{}, errUsernameShape
		}
	}
	if len(parts) == 2 {
		return l, nil
	}
	return l, l.parseParams(strings.TrimPrefix(parts[len(parts)-1], "?"))
}

func (l login) parseParams(s string) error {
	if s == "" {
		return nil
	}
	for pair := range strings.SplitSeq(s, "&") {
		name, value, ok := strings.Cut(pair, "=")
		if !ok || name == "" {
			return errUsernameParam
		}
		value, err := url.PathUnescape(value)
		if err != nil {
			return errUsernameParam
		}
		if _, seen := l.params[name]; !seen {
			l.params[name] = value
		}
	}
	return nil
}

// clientID is the client identifier that belongs to the user name.
func (l login) clientID() string {
	if l.module == "" {
		return l.device
	}
	return l.device + "/" + l.module
}
