package hub

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// DefaultPort is the hub's port for MQTT over TLS.
const DefaultPort = 8883

// maxDeviceID is the longest device id the identity registry takes.
const maxDeviceID = 128

// CheckDeviceID reports whether id can be used: 1 to 128 letters, digits and
// "._:-", a letter or digit first. The hub allows more, but the rest has a
// meaning in MQTT topics, user names or URLs.
func CheckDeviceID(id string) error {
	if id == "" {
		return fmt.Errorf("device id is empty")
	}
	if len(id) > maxDeviceID {
		return fmt.Errorf("device id has %d characters: at most %d", len(id), maxDeviceID)
	}
	for i := range len(id) {
		if c := id[i]; !alphanumeric(c) && (i == 0 || !strings.ContainsRune("._:-", rune(c))) {
			return fmt.Errorf("device id %s: want letters, digits and . _ : - only, a letter or digit first", quote(id))
		}
	}
	return nil
}

// quote quotes s for an error, unless it may be a connection string, a token or
// a key that was pasted into the wrong place: those hold an equals sign.
func quote(s string) string {
	if strings.ContainsAny(s, "=;") {
		return "the value (not shown, it may hold a key)"
	}
	return strconv.Quote(s)
}

func alphanumeric(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

// ParseHost reads "host" or "host:port"; without a port it is DefaultPort.
// The host is a DNS name or an IPv4 address, since it also stands in user
// names and tokens.
func ParseHost(s string) (host string, port uint16, err error) {
	if strings.Contains(s, "://") {
		return "", 0, fmt.Errorf("%s: want host or host:port, without scheme", quote(s))
	}
	host, port = s, DefaultPort
	if strings.Contains(s, ":") {
		h, p, err := net.SplitHostPort(s)
		if err != nil {
			return "", 0, fmt.Errorf("%s: want host or host:port", quote(s))
		}
		n, err := strconv.ParseUint(p, 10, 16)
		if err != nil || n == 0 {
			return "", 0, fmt.Errorf("%s: the port is a number from 1 to 65535", quote(s))
		}
		host, port = h, uint16(n)
	}
	if err := checkHost(host); err != nil {
		return "", 0, err
	}
	return host, port, nil
}

func checkHost(host string) error {
	if a, err := netip.ParseAddr(host); err == nil && a.Is4() {
		return nil
	}
	if host == "" || len(host) > 253 {
		return fmt.Errorf("%s is not a host name: want e.g. contoso.azure-devices.net", quote(host))
	}
	for label := range strings.SplitSeq(host, ".") {
		if !dnsLabel(label) {
			return fmt.Errorf("%s is not a host name: want e.g. contoso.azure-devices.net", quote(host))
		}
	}
	return nil
}

func dnsLabel(s string) bool {
	if s == "" || len(s) > 63 || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	for i := range len(s) {
		if !alphanumeric(s[i]) && s[i] != '-' && s[i] != '_' {
			return false
		}
	}
	return true
}
