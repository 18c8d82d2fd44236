package config

import (
	"strings"
	"time"

	"gatewayd/hub"
	"gatewayd/internal/secret"
)

// given are the credentials that the table has, each by its first key. An
// empty one is none.
func (raw rawCredential) given(s section) []string {
	var keys []string
	for _, c := range []keyValue{
		{"device_key", string(raw.DeviceKey)},
		{"connection_string", string(raw.ConnectionString)},
		{"sas_token", string(raw.SASToken)},
		{"x509_cert", raw.X509Cert + raw.X509Key},
	} {
		if s.filled(c.key, c.value) {
			keys = append(keys, c.key)
		}
	}
	return keys
}

func (a azure) credential(s section, raw rawCredential, key string, id *Identity) {
	switch key {
	case "device_key":
		id.Credential = deviceKey(s, raw)
	case "connection_string":
		a.connectionString(s, raw, id)
	case "sas_token":
		a.sasToken(s, raw, id)
	case "x509_cert":
		id.Credential = a.certificate(s, raw)
		s.checkCertificate(id.Credential, id.DeviceID)
	}
}

// hubOf is the host of the hub that a device names; "" is that of [hub].
func (a azure) hubOf(s section, name string) string {
	host, known := a.others[name]
	if name != "" && !known {
		s.fail("hub", "not the name of an [[other_hub]]; name one, or leave it empty for [hub]")
	}
	return host
}

func deviceKey(s section, raw rawCredential) hub.Credential {
	c, err := hub.NewDeviceKey(secret.NewText(string(raw.DeviceKey)))
	if err != nil {
		s.fail("device_key", "%s", unquoted(err, "device key "))
	}
	return c
}

// connectionString reads who and where a device is.
func (a azure) connectionString(s section, raw rawCredential, id *Identity) {
	const key = "connection_string"
	c, err := hub.ParseConnectionString(secret.NewText(string(raw.ConnectionString)))
	if err != nil {
		s.fail(key, "%s", unquoted(err, "connection string: "))
		return
	}
	switch host, known := a.hubAt(c.Host); {
	case !known && a.host != "":
		s.fail(key, "its HostName is neither hub.host nor that of an [[other_hub]]; add its hub, or copy the string of another device")
	case raw.Hub != "" && host != id.Hub:
		s.fail(key, "its HostName is not that of hub; remove hub, or copy the string of that device")
	default:
		id.Hub = host
	}
	if raw.DeviceID != "" && c.DeviceID != id.DeviceID {
		s.fail(key, "its DeviceId is not device_id; remove device_id, or copy the string of that device")
	}
	id.DeviceID, id.Credential = c.DeviceID, c.Credential
}

// hubAt is the hub of that host, as in Identity.
func (a azure) hubAt(host string) (hub string, known bool) {
	for _, other := range a.others {
		if strings.EqualFold(host, other) {
			return other, true
		}
	}
	return "", strings.EqualFold(host, a.host)
}

func (a azure) sasToken(s section, raw rawCredential, id *Identity) {
	const key = "sas_token"
	c, err := hub.NewSASToken(secret.NewText(string(raw.SASToken)))
	if err != nil {
		s.fail(key, `not a SAS token; want "SharedAccessSignature sr=...&sig=...&se=..." in full`)
		return
	}
	id.Credential = c
	host := a.host
	if id.Hub != "" {
		host = id.Hub
	}
	if host == "" || id.DeviceID == "" {
		return
	}
	// At the beginning of time nothing has expired, so what is left to refuse
	// is a token for something else. Whether it has expired is not ours to
	// say: the clock may not be set yet.
	if _, _, err := c.Token(hub.Resource(host, id.DeviceID), time.Unix(0, 0), time.Hour); err != nil {
		s.fail(key, "made for another host or device; make one for the device's hub and device_id")
	}
}

// certificate reads the files of x509_cert and x509_key.
func (a azure) certificate(s section, raw rawCredential) hub.Credential {
	const advice = "name the PEM files of the device's certificate and of its key"
	switch {
	case raw.X509Cert == "":
		s.fail("x509_cert", "missing; %s", advice)
		return nil
	case raw.X509Key == "":
		s.fail("x509_key", "missing; %s", advice)
		return nil
	}
	c, err := a.env.certificate(a.path(raw.X509Cert), a.path(raw.X509Key))
	if err != nil {
		key := "x509_cert"
		if strings.HasPrefix(err.Error(), "key of ") {
			key = "x509_key"
		}
		s.fail(key, "%v; %s", err, advice)
	}
	return c
}

// checkCertificate checks that c, if it is a certificate, is for a device.
func (s section) checkCertificate(c hub.Credential, id string) {
	if c == nil || id == "" {
		return
	}
	// At its very end it is good still, so what is left to refuse is a name.
	expires, _ := hub.Expiry(c)
	if _, _, err := c.Token(id, expires, time.Hour); err != nil {
		s.fail("x509_cert", "%v", err)
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
