package config

import (
	"strings"
	"time"

	"gatewayd/hub"
	"gatewayd/internal/secret"
)

// identity is the hub's side of a node or group: device, credential, name.
type identity struct {
	name, deviceID string
	credential     hub.Credential
}

func readIdentity(s section, raw rawIdentity, host string) identity {
	n := identity{deviceID: raw.DeviceID}
	if s.has("device_id") && hub.CheckDeviceID(raw.DeviceID) != nil {
		s.fail("device_id", "not a device id; want 1 to 128 letters, digits and . _ : - with a letter or digit first")
	}
	if !s.has("device_id") && !s.has("connection_string") {
		s.fail("device_id", "missing; add the id of the node's device in the hub")
	}
	switch given := present(s, "device_key", "connection_string", "sas_token"); {
	case len(given) == 0:
		s.fail("device_key", "missing; add device_key, connection_string or sas_token")
	case len(given) > 1:
		s.fail(given[1], "%s is given too; keep one of them", given[0])
	default:
		n.readCredential(s, raw, host)
	}
	n.name = n.deviceID
	if raw.Name != nil {
		n.name = s.name("name", *raw.Name)
	}
	return n
}

func (n *identity) readCredential(s section, raw rawIdentity, host string) {
	switch {
	case s.has("device_key"):
		n.deviceKey(s, raw)
	case s.has("connection_string"):
		n.connectionString(s, raw, host)
	default:
		n.sasToken(s, raw, host)
	}
}

func (n *identity) deviceKey(s section, raw rawIdentity) {
	c, err := hub.NewDeviceKey(secret.NewText(raw.DeviceKey))
	if err != nil {
		s.fail("device_key", "%s", unquoted(err, "device key "))
	}
	n.credential = c
}

func (n *identity) connectionString(s section, raw rawIdentity, host string) {
	const key = "connection_string"
	c, err := hub.ParseConnectionString(secret.NewText(raw.ConnectionString))
	if err != nil {
		s.fail(key, "%s", unquoted(err, "connection string: "))
		return
	}
	if host != "" && !strings.EqualFold(c.Host, host) {
		s.fail(key, "its HostName is not hub.host; every node is a device of that one hub")
	}
	if s.has("device_id") && c.DeviceID != n.deviceID {
		s.fail(key, "its DeviceId is not device_id; remove device_id, or copy the string of that device")
	}
	n.deviceID, n.credential = c.DeviceID, c.Credential
}

func (n *identity) sasToken(s section, raw rawIdentity, host string) {
	const key = "sas_token"
	c, err := hub.NewSASToken(secret.NewText(raw.SASToken))
	if err != nil {
		s.fail(key, `not a SAS token; want "SharedAccessSignature sr=...&sig=...&se=..." in full`)
		return
	}
	n.credential = c
	if host == "" || n.deviceID == "" {
		return
	}
	// At the beginning of time nothing has expired, so what is left to refuse
	// is a token for something else. Whether it has expired is not ours to
	// say: the clock may not be set yet.
	if _, _, err := c.Token(host+"/devices/"+n.deviceID, time.Unix(0, 0), time.Hour); err != nil {
		s.fail(key, "made for another host or device; make one for hub.host and device_id")
	}
}

// unquoted is the message of an error about a secret, without what the key
// already says. A message that quotes is replaced: it could quote a part of
// the secret.
func unquoted(err error, prefix string) string {
	if strings.ContainsAny(err.Error(), "\"`") {
		return "malformed; copy it again in full"
	}
	return strings.TrimPrefix(err.Error(), prefix)
}
