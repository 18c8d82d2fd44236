package config

import (
	"strings"
	"time"

	"gatewayd/hub"
	"gatewayd/internal/secret"
)

// identity is the node's side of the hub: device, credential, name.
func (n *Node) identity(s section, raw *rawNode, host string) {
	n.DeviceID = raw.DeviceID
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
		n.credential(s, raw, host)
	}
	n.Name = n.DeviceID
	if raw.Name != nil {
		n.Name = s.name("name", *raw.Name)
	}
}

func (n *Node) credential(s section, raw *rawNode, host string) {
	switch {
	case s.has("device_key"):
		n.deviceKey(s, raw)
	case s.has("connection_string"):
		n.connectionString(s, raw, host)
	default:
		n.sasToken(s, raw, host)
	}
}

func (n *Node) deviceKey(s section, raw *rawNode) {
	c, err := hub.NewDeviceKey(secret.NewText(raw.DeviceKey))
	if err != nil {
		s.fail("device_key", "%s", unquoted(err, "device key "))
	}
	n.Credential = c
}

func (n *Node) connectionString(s section, raw *rawNode, host string) {
	const key = "connection_string"
	c, err := hub.ParseConnectionString(secret.NewText(raw.ConnectionString))
	if err != nil {
		s.fail(key, "%s", unquoted(err, "connection string: "))
		return
	}
	if host != "" && !strings.EqualFold(c.Host, host) {
		s.fail(key, "its HostName is not hub.host; every node is a device of that one hub")
	}
	if s.has("device_id") && c.DeviceID != n.DeviceID {
		s.fail(key, "its DeviceId is not device_id; remove device_id, or copy the string of that device")
	}
	n.DeviceID, n.Credential = c.DeviceID, c.Credential
}

func (n *Node) sasToken(s section, raw *rawNode, host string) {
	const key = "sas_token"
	c, err := hub.NewSASToken(secret.NewText(raw.SASToken))
	if err != nil {
		s.fail(key, `not a SAS token; want "SharedAccessSignature sr=...&sig=...&se=..." in full`)
		return
	}
	n.Credential = c
	if host == "" || n.DeviceID == "" {
		return
	}
	// At the beginning of time nothing has expired, so what is left to refuse
	// is a token for something else. Whether it has expired is not ours to
	// say: the clock may not be set yet.
	if _, _, err := c.Token(host+"/devices/"+n.DeviceID, time.Unix(0, 0), time.Hour); err != nil {
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
