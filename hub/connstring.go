package hub

import (
	"errors"
	"fmt"
	"strings"

	"gatewayd/internal/secret"
)

// ConnectionString is what a device's connection string says.
type ConnectionString struct {
	Host       string // without port
	DeviceID   string
	Credential Credential
}

// ParseConnectionString reads "HostName=...;DeviceId=...;SharedAccessKey=...",
// or SharedAccessSignature in the place of the key. Names are case-sensitive.
// Errors never quote a secret.
func ParseConnectionString(text secret.Text) (ConnectionString, error) {
	var c ConnectionString
	fields, err := connectionFields(text.Reveal())
	if err != nil {
		return c, err
	}
	c.Host, c.DeviceID = fields["HostName"], fields["DeviceId"]
	if err := c.check(); err != nil {
		return ConnectionString{}, err
	}
	key, hasKey := fields["SharedAccessKey"]
	token, hasToken := fields["SharedAccessSignature"]
	switch {
	case hasKey == hasToken:
		return ConnectionString{}, errors.New("connection string: want SharedAccessKey or SharedAccessSignature, and not both")
	case hasKey:
		c.Credential, err = NewDeviceKey(secret.NewText(key))
	default:
		c.Credential, err = NewSASToken(secret.NewText(token))
	}
	if err != nil {
		return ConnectionString{}, fmt.Errorf("connection string: %w", err)
	}
	return c, nil
}

// check looks at host and device id.
func (c ConnectionString) check() error {
	if c.Host == "" || c.DeviceID == "" {
		return errors.New("connection string: HostName and DeviceId are needed: copy the primary connection string of the device in full")
	}
	// Neither is quoted: with a wrong separator it holds the key.
	host, _, err := ParseHost(c.Host)
	if err != nil {
		return errors.New("connection string: HostName is not a host name: want e.g. contoso.azure-devices.net, and ';' between the parts")
	}
	if host != c.Host {
		return errors.New("connection string: HostName takes no port")
	}
	if CheckDeviceID(c.DeviceID) != nil {
		return errors.New("connection string: DeviceId is not a device id: want 1 to 128 letters, digits and . _ : - with a letter or digit first, and ';' between the parts")
	}
	return nil
}

// connectionFields splits text at ';' and each part at its first '=': keys in
// base64 end in '='.
func connectionFields(text string) (map[string]string, error) {
	fields := make(map[string]string)
	for part := range strings.SplitSeq(strings.TrimSpace(text), ";") {
		if part == "" {
			continue
		}
		name, value, ok := strings.Cut(part, "=")
		if !ok {
			return nil, errors.New("connection string: want name=value pairs separated by ';'")
		}
		if err := checkConnectionField(name); err != nil {
			return nil, err
		}
		if _, twice := fields[name]; twice {
			return nil, fmt.Errorf("connection string: %s is given twice", name)
		}
		fields[name] = value
	}
	return fields, nil
}

// checkConnectionField refuses what this daemon cannot use, saying what to use
// instead. A name it does not know is not quoted: it may be part of a key.
func checkConnectionField(name string) error {
	switch name {
	case "HostName", "DeviceId", "SharedAccessKey", "SharedAccessSignature":
		return nil
	case "SharedAccessKeyName":
		return errors.New("connection string: SharedAccessKeyName makes it one of the hub's policies, which opens every device: use the connection string of the device itself")
	case "ModuleId":
		return errors.New("connection string: ModuleId: module identities are not supported: use the connection string of the device itself")
	case "x509":
		return errors.New("connection string: x509: certificates stand in files: give the device id and those of certificate and key instead")
	case "GatewayHostName":
		return errors.New("connection string: GatewayHostName is not supported: nodes connect to the hub itself, take it out")
	}
	return errors.New("connection string: unknown name: want HostName, DeviceId and SharedAccessKey, spelled so")
}
