package config

import (
	"encoding/hex"
	"strings"

	"gatewayd/radio"
)

// maxName bounds names of nodes and concentrators: they stand in log lines
// and metrics.
const maxName = 128

// name checks a name for people.
func (s section) name(key, text string) string {
	if text == "" || len(text) > maxName || strings.ContainsFunc(text, isControl) {
		s.fail(key, "not a name; want 1 to %d printable characters", maxName)
	}
	return text
}

// nameOr reads the key "name", whose default is usual.
func (s section) nameOr(name *string, usual string) string {
	if name == nil {
		return usual
	}
	return s.name("name", *name)
}

func isControl(r rune) bool { return r < ' ' || r == 0x7F }

// eui reads an EUI.
func (s section) eui(key, text string) radio.EUI64 {
	e, err := radio.ParseEUI64(text)
	if err != nil {
		s.fail(key, "not an EUI; want 16 hexadecimal digits")
	}
	return e
}

// sha256 reads a checksum, which comes back in lower case.
func (s section) sha256(key, text string) string {
	var sum [32]byte
	if parseHex(sum[:], text) != nil {
		s.fail(key, "not a SHA-256; want 64 hexadecimal digits, or leave it empty for the usual image")
	}
	return hex.EncodeToString(sum[:])
}
