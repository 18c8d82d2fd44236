package radio

import (
	"encoding/hex"
	"fmt"
	"strings"
)

// EUI64 is an IEEE 64-bit identifier in the order it is printed, most
// significant byte first: DevEUI, JoinEUI, gateway EUI.
type EUI64 [8]byte

// ParseEUI64 reads 16 hexadecimal digits; '-' and ':' between bytes are
// allowed.
func ParseEUI64(s string) (EUI64, error) {
	var e EUI64
	b, err := hex.DecodeString(strings.NewReplacer("-", "", ":", "").Replace(s))
	if err != nil || len(b) != len(e) {
		return e, fmt.Errorf("%q is not an EUI: want 16 hexadecimal digits (8 bytes)", s)
	}
	return EUI64(b), nil
}

// String prints 16 upper-case hexadecimal digits.
func (e EUI64) String() string { return strings.ToUpper(hex.EncodeToString(e[:])) }

// MarshalText is String.
func (e EUI64) MarshalText() ([]byte, error) { return []byte(e.String()), nil }

// UnmarshalText is ParseEUI64.
func (e *EUI64) UnmarshalText(b []byte) error {
	v, err := ParseEUI64(string(b))
	if err == nil {
		*e = v
	}
	return err
}

// IsZero reports whether every byte is 0.
func (e EUI64) IsZero() bool { return e == EUI64{} }
