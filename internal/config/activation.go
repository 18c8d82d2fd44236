package config

import (
	"gatewayd/internal/secret"
)

// activation is the node's side of the air: ABP or OTAA.
func (n *Node) activation(s section, raw *rawNode) {
	abp := present(s, "dev_addr", "nwk_s_key", "app_s_key")
	otaa := present(s, "join_eui", "app_key")
	switch {
	case len(abp) > 0 && len(otaa) > 0:
		s.fail(otaa[0], "for OTAA, but %s for ABP; keep dev_addr, nwk_s_key and app_s_key, or dev_eui, join_eui and app_key",
			isAre(abp))
		return
	case len(abp) > 0:
		n.abp(s, raw)
	case len(otaa) > 0 || s.has("dev_eui"):
		n.otaa(s, raw)
	default:
		s.fail("", "no LoRaWAN keys; add dev_addr, nwk_s_key and app_s_key (ABP), or dev_eui, join_eui and app_key (OTAA)")
	}
	if s.has("dev_eui") {
		n.DevEUI = s.eui("dev_eui", raw.DevEUI)
	}
}

func (n *Node) abp(s section, raw *rawNode) {
	s.complete("ABP", "dev_addr", "nwk_s_key", "app_s_key")
	if s.has("dev_addr") && parseHex(n.DevAddr[:], raw.DevAddr) != nil {
		s.fail("dev_addr", "not a DevAddr; want 8 hexadecimal digits")
	}
	n.NwkSKey = s.aes128("nwk_s_key", raw.NwkSKey)
	n.AppSKey = s.aes128("app_s_key", raw.AppSKey)
}

func (n *Node) otaa(s section, raw *rawNode) {
	n.OTAA = true
	s.complete("OTAA", "dev_eui", "join_eui", "app_key")
	if s.has("join_eui") {
		n.JoinEUI = s.eui("join_eui", raw.JoinEUI)
	}
	n.AppKey = s.aes128("app_key", raw.AppKey)
}

// complete reports at the node itself which keys of a set it lacks.
func (s section) complete(what string, keys ...string) {
	if missing := absent(s, keys...); len(missing) > 0 {
		s.fail("", "%s missing; %s needs %s", isAre(missing), what, enumerate("and", keys))
	}
}

// aes128 reads a key, if it is there.
func (s section) aes128(key, text string) secret.AES128 {
	if !s.has(key) {
		return secret.AES128{}
	}
	k, err := secret.ParseAES128(text)
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
