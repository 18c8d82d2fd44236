package hub

import (
	"encoding/base64"
	"fmt"
	"time"
	"unique"

	"gatewayd/internal/secret"
)

// Sizes of a device key in bytes, as the hub's identity registry wants them.
const (
	minKeySize = 16
	maxKeySize = 64
)

// deviceKey signs a new token for each attempt. The raw key lies behind a
// handle: equal keys compare equal, and fmt, which reaches unexported fields
// without asking their methods, finds only a pointer.
type deviceKey struct{ raw unique.Handle[string] }

// NewDeviceKey returns the credential of a device's symmetric key, primary or
// secondary, in base64. The error never quotes the key.
func NewDeviceKey(key secret.Text) (Credential, error) {
	raw, err := decodeKey("device key", "of the device", key)
	if err != nil {
		return nil, err
	}
	return deviceKey{unique.Make(string(raw))}, nil
}

// decodeKey reads a symmetric key in base64. The error never quotes it.
func decodeKey(name, of string, key secret.Text) ([]byte, error) {
	if key.IsZero() {
		return nil, fmt.Errorf("%s is empty: want the primary or secondary key %s, in base64", name, of)
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(key.Reveal())
	if err != nil {
		return nil, fmt.Errorf("%s is not base64: copy the primary or secondary key %s in full, with the '=' at its end", name, of)
	}
	if len(raw) < minKeySize || len(raw) > maxKeySize {
		return nil, fmt.Errorf("%s has %d bytes: want %d to %d, encoded in base64", name, len(raw), minKeySize, maxKeySize)
	}
	return raw, nil
}

// Token signs a token that expires ttl from now.
func (k deviceKey) Token(resource string, now time.Time, ttl time.Duration) (secret.Text, time.Time, error) {
	if ttl < time.Second {
		return secret.Text{}, time.Time{}, fmt.Errorf("token life of %v is too short: want a second at least", ttl)
	}
	expires := now.Add(ttl).Truncate(time.Second)
	return secret.NewText(SignSAS(resource, []byte(k.raw.Value()), expires)), expires, nil
}

// Format prints what it is, never the key.
func (deviceKey) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("[device key]")) }
