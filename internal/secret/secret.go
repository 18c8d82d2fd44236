// Package secret holds keys and tokens in types that never print themselves:
// not through fmt, JSON, text encoding or a logger.
package secret

import (
	"encoding/hex"
	"errors"
	"fmt"
)

// redacted stands wherever a secret would have been printed.
const redacted = "[redacted]"

// Text is a secret string: a SAS token, a base64 device key, a password.
type Text struct{ s string }

// NewText wraps s.
func NewText(s string) Text { return Text{s: s} }

// Reveal returns the secret itself, for the one place that uses it.
func (t Text) Reveal() string { return t.s }

// IsZero reports whether there is no secret.
func (t Text) IsZero() bool { return t.s == "" }

// Format prints a placeholder whatever the verb.
func (Text) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// MarshalText encodes a placeholder.
func (Text) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// AES128 is a LoRaWAN key of 16 bytes. The zero value is "no key".
type AES128 struct {
	k   [16]byte
	set bool
}

// errAES128 is returned for text that is not a key. It never quotes the text.
var errAES128 = errors.New("want 32 hexadecimal digits (16 bytes)")

// ParseAES128 reads 32 hexadecimal digits. The error never quotes the input.
func ParseAES128(s string) (AES128, error) {
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != 16 {
		return AES128{}, errAES128
	}
	return NewAES128([16]byte(b)), nil
}

// NewAES128 wraps k.
func NewAES128(k [16]byte) AES128 { return AES128{k: k, set: true} }

// Reveal returns the key itself, for the one place that uses it.
func (a AES128) Reveal() [16]byte { return a.k }

// IsZero reports whether there is no key.
func (a AES128) IsZero() bool { return !a.set }

// Format prints a placeholder whatever the verb.
func (AES128) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// MarshalText encodes a placeholder.
func (AES128) MarshalText() ([]byte, error) { return []byte(redacted), nil }
