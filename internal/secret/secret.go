// Package secret holds keys and tokens in types that never print themselves:
// not through fmt, JSON, text encoding or a logger. The secret lies behind a
// handle, because fmt reaches into unexported fields without asking their
// methods; equal secrets still compare equal with ==.
package secret

import (
	"encoding/hex"
	"errors"
	"fmt"
	"unique"
)

// redacted stands wherever a secret would have been printed.
const redacted = "[redacted]"

// Text is a secret string: a SAS token, a base64 device key, a password.
// The zero value is the empty one.
type Text struct{ h unique.Handle[string] }

// NewText wraps s.
func NewText(s string) Text {
	if s == "" {
		return Text{}
	}
	return Text{unique.Make(s)}
}

// Reveal returns the secret itself, for the one place that uses it.
func (t Text) Reveal() string {
	if t.IsZero() {
		return ""
	}
	return t.h.Value()
}

// IsZero reports whether there is no secret.
func (t Text) IsZero() bool { return t == Text{} }

// Format prints a placeholder whatever the verb.
func (Text) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// MarshalText encodes a placeholder.
func (Text) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// AES128 is a LoRaWAN key of 16 bytes. The zero value is "no key".
type AES128 struct{ h unique.Handle[string] } // of a string: fmt follows pointers to arrays

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
func NewAES128(k [16]byte) AES128 { return AES128{unique.Make(string(k[:]))} }

// Reveal returns the key itself, for the one place that uses it; zeros if
// there is none.
func (a AES128) Reveal() [16]byte {
	if a.IsZero() {
		return [16]byte{}
	}
	return [16]byte([]byte(a.h.Value()))
}

// IsZero reports whether there is no key.
func (a AES128) IsZero() bool { return a == AES128{} }

// Format prints a placeholder whatever the verb.
func (AES128) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// MarshalText encodes a placeholder.
func (AES128) MarshalText() ([]byte, error) { return []byte(redacted), nil }
