package config

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"io/fs"
)

// warnReadable warns of a file with keys that every user of the machine can
// read.
func warnReadable(doc *document, mode fs.FileMode) {
	if doc.literal && mode&0o004 != 0 {
		d := &document{name: doc.name, index: newIndex(nil), report: doc.report}
		d.warn("node", "every user of this machine can read the keys in this file; chmod o-r it")
	}
}

// warnKeys warns of keys that anybody can guess.
func warnKeys(s section, raw *rawNode) {
	warnGuessable(s, map[string]secretText{
		"app_key": raw.AppKey, "nwk_key": raw.NwkKey, "nwk_s_key": raw.NwkSKey, "app_s_key": raw.AppSKey,
		"f_nwk_s_int_key": raw.FNwkSIntKey, "s_nwk_s_int_key": raw.SNwkSIntKey, "nwk_s_enc_key": raw.NwkSEncKey,
	}, raw.DeviceKey)
	if !s.has("dev_eui") {
		return
	}
	if b, err := hex.DecodeString(raw.DevEUI); err == nil && bytes.Count(b, []byte{0}) == 8 {
		s.warn("dev_eui", "all zero; copy the DevEUI of the node")
	}
}

// warnGuessable warns of hexadecimal keys, and of a device's key, that are
// examples.
func warnGuessable(s section, keys map[string]secretText, deviceKey secretText) {
	for key, text := range keys {
		if b, err := hex.DecodeString(string(text)); err == nil && guessable(b) {
			s.warn(key, "an example key that anybody can guess; make a random one for node and gateway")
		}
	}
	warnGuessableDevice(s, "device_key", deviceKey)
}

// warnGuessableDevice warns of a key of the hub's side, in base64, that is an
// example.
func warnGuessableDevice(s section, key string, text secretText) {
	if b, err := base64.StdEncoding.DecodeString(string(text)); err == nil && guessable(b) {
		s.warn(key, "an example key that anybody can guess; copy the real one from the portal")
	}
}

// guessable reports whether key is of the kind found in examples: one byte
// repeated, bytes counting up, text that begins with "fake", or the key of
// the AES standard, which Semtech's code carries as its default.
func guessable(key []byte) bool {
	if len(key) == 0 {
		return false
	}
	step := byte(0)
	if len(key) > 1 {
		step = key[1] - key[0]
	}
	regular := step <= 1
	for i := 1; i < len(key); i++ {
		regular = regular && key[i]-key[i-1] == step
	}
	return regular || bytes.HasPrefix(key, []byte("fake")) ||
		bytes.Equal(key, []byte{
			0x2B, 0x7E, 0x15, 0x16, 0x28, 0xAE, 0xD2, 0xA6, 0xAB, 0xF7, 0x15, 0x88, 0x09, 0xCF, 0x4F, 0x3C,
		})
}
