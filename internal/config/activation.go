package config

import (
	"github.com/brocaar/lorawan"

	"gatewayd/bridge/mac"
	"gatewayd/internal/secret"
)

// activation is the node's side of the air: ABP or OTAA.
func (n *Node) activation(s section, raw *rawNode) {
	if s.has("dev_eui") {
		n.DevEUI = s.eui("dev_eui", raw.DevEUI)
	}
	if n.otherVersion(s) {
		return
	}
	abpKeys, otaaKeys := n.keys()
	abp := present(s, abpKeys...)
	otaa := present(s, otaaKeys[1:]...) // dev_eui goes with both
	switch {
	case len(abp) > 0 && len(otaa) > 0:
		s.fail(otaa[0], "for OTAA, but %s for ABP; keep %s, or %s", isAre(abp), enumerate("and", abpKeys), enumerate("and", otaaKeys))
	case len(abp) > 0:
		n.abp(s, raw)
	case len(otaa) > 0 || s.has("dev_eui"):
		n.otaa(s, raw)
	default:
		s.fail("", "no LoRaWAN keys; add %s (ABP), or %s (OTAA)", enumerate("and", abpKeys), enumerate("and", otaaKeys))
	}
}

// keys are what a node of its version is activated with.
func (n *Node) keys() (abp, otaa []string) {
	if n.Version < mac.V1_1_0 {
		return []string{"dev_addr", "nwk_s_key", "app_s_key"}, []string{"dev_eui", "join_eui", "app_key"}
	}
	return []string{"dev_addr", "f_nwk_s_int_key", "s_nwk_s_int_key", "nwk_s_enc_key", "app_s_key"},
		[]string{"dev_eui", "join_eui", "app_key", "nwk_key"}
}

// otherVersion reports keys that nodes of this version do not have.
func (n *Node) otherVersion(s section) bool {
	if n.Version < mac.V1_1_0 {
		return s.refuse(`only LoRaWAN 1.1 has it; remove it, or set version = "1.1"`,
			"nwk_key", "f_nwk_s_int_key", "s_nwk_s_int_key", "nwk_s_enc_key")
	}
	return s.refuse("LoRaWAN 1.1 has f_nwk_s_int_key, s_nwk_s_int_key and nwk_s_enc_key in its place; give these, or the right version",
		"nwk_s_key")
}

func (n *Node) abp(s section, raw *rawNode) {
	keys, _ := n.keys()
	s.complete("ABP", keys[:len(keys)-1]...) // without app_s_key payloads stay encrypted
	n.DevAddr = s.devAddr(raw.DevAddr)
	n.NwkSKey = s.aes128("nwk_s_key", raw.NwkSKey)
	if n.Version >= mac.V1_1_0 {
		n.NwkSKey = s.aes128("f_nwk_s_int_key", raw.FNwkSIntKey)
		n.SNwkSIntKey = s.aes128("s_nwk_s_int_key", raw.SNwkSIntKey)
		n.NwkSEncKey = s.aes128("nwk_s_enc_key", raw.NwkSEncKey)
	}
	n.AppSKey = s.aes128("app_s_key", raw.AppSKey)
}

func (n *Node) otaa(s section, raw *rawNode) {
	n.OTAA = true
	_, keys := n.keys()
	s.complete("OTAA", keys...)
	if s.has("join_eui") {
		n.JoinEUI = s.eui("join_eui", raw.JoinEUI)
	}
	n.AppKey = s.aes128("app_key", raw.AppKey)
	n.NwkKey = s.aes128("nwk_key", raw.NwkKey)
}

// complete reports at the node itself which keys of a set it lacks.
func (s section) complete(what string, keys ...string) {
	if missing := absent(s, keys...); len(missing) > 0 {
		s.fail("", "%s missing; %s needs %s", isAre(missing), what, enumerate("and", keys))
	}
}

// devAddr reads dev_addr, if it is there.
func (s section) devAddr(text string) (a lorawan.DevAddr) {
	if s.has("dev_addr") && parseHex(a[:], text) != nil {
		s.fail("dev_addr", "not a DevAddr; want 8 hexadecimal digits")
	}
	return a
}

// aes128 reads a key, if it is there.
func (s section) aes128(key string, text secretText) secret.AES128 {
	if !s.has(key) {
		return secret.AES128{}
	}
	k, err := secret.ParseAES128(string(text))
	if err != nil {
		s.fail(key, "not a key; %v", err)
	}
	return k
}

// isAre is "a is" or "a and b are".
func isAre(words []string) string {
	if len(words) == 1 {
		return words[0] + " is"
	}
	return enumerate("and", words) + " are"
}

// present lists those of keys that the table has.
func present(s section, keys ...string) []string {
	var has []string
	for _, key := range keys {
		if s.has(key) {
			has = append(has, key)
		}
	}
	return has
}

// absent lists those of keys that the table lacks.
func absent(s section, keys ...string) []string {
	var missing []string
	for _, key := range keys {
		if !s.has(key) {
			missing = append(missing, key)
		}
	}
	return missing
}
