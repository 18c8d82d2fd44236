package bridge

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// kitSettings reads the desired properties of the starter kit, which stand at
// the root of the twin, into settings. What has no counterpart is explained, by
// name; keys and addresses belong to the configuration and are not looked at.
func kitSettings(doc json.RawMessage) (s Settings, bad map[string]string) {
	bad = map[string]string{}
	var members map[string]json.RawMessage
	if len(doc) == 0 || json.Unmarshal(doc, &members) != nil {
		return s, bad
	}
	known := kitProperties()
	for _, name := range slices.Sorted(maps.Keys(members)) {
		raw := members[name]
		if read := known[name]; read != nil && string(raw) != "null" {
			if err := read(&s, raw); err != nil {
				bad[name] = err.Error()
			}
		}
	}
	return s, bad
}

// kitProperties are the desired properties of the kit that say something about
// how a node is served. Source: the kit's twin property names.
func kitProperties() map[string]setting {
	return map[string]setting{
		"ClassType":         func(s *Settings, raw json.RawMessage) error { return word(&s.Class, raw, classWords()) },
		"PreferredWindow":   kitWindow,
		"Downlink":          kitDownlink,
		"SensorDecoder":     kitDecoder,
		"RX1DROffset":       func(s *Settings, raw json.RawMessage) error { return kitNumber(&s.RX1DROffset, raw, 7) },
		"RX2DataRate":       func(s *Settings, raw json.RawMessage) error { return kitNumber(&s.RX2DataRate, raw, 15) },
		"RXDelay":           kitDelay,
		"Deduplication":     kitOnly("Drop", "frames heard by several concentrators are always merged; the message names them all"),
		"GatewayID":         kitOnly("", "several gateways are not told apart here: give the node to one of them in its configuration"),
		"ABPRelaxMode":      kitNever(true, `set counters = "relaxed" in [[node]]: a twin cannot weaken the protection against replays`),
		"Supports32BitFCnt": func(*Settings, json.RawMessage) error { return nil }, // always
		"FCntUpStart":       kitCounter, "FCntDownStart": kitCounter, "FCntResetCounter": kitCounter,
		"KeepAliveTimeout": kitZero(`set policy = "linger" in [[node]]`),
	}
}

// kitNames are all names of properties that are kept.
func kitNames() map[string]bool {
	names := map[string]bool{}
	for name := range kitProperties() {
		names[name] = true
	}
	return names
}

// kitNumber reads a number, or the same as text, as tools write it.
func kitNumber(to **uint8, raw json.RawMessage, most uint8) error {
	return number(to, unquoted(raw), 0, most)
}

// unquoted is what stands in a text.
func unquoted(raw json.RawMessage) json.RawMessage {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return json.RawMessage(strings.TrimSpace(text))
	}
	return raw
}

func kitDelay(s *Settings, raw json.RawMessage) error {
	var v *uint8
	if err := kitNumber(&v, raw, 15); err != nil {
		return err
	}
	if *v == 0 {
		*v = 1 // LoRaWAN 1.0.2, 5.7: 0 means one second
	}
	s.RXDelay = v
	return nil
}

func kitWindow(s *Settings, raw json.RawMessage) error {
	var v *uint8
	if err := number(&v, unquoted(raw), 1, 2); err != nil {
		return err
	}
	second := *v == 2
	s.Window = &second
	return nil
}

func kitDownlink(s *Settings, raw json.RawMessage) error {
	var enabled *bool
	if err := value(&enabled, unquoted(raw), "true or false"); err != nil {
		return err
	}
	refuse := !*enabled
	s.NoDownlinks = &refuse
	return nil
}

func kitDecoder(s *Settings, raw json.RawMessage) error {
	var name *string
	if err := value(&name, raw, "the name or URL of a decoder"); err != nil {
		return err
	}
	if *name != "" {
		s.Codec = name
	}
	return nil
}

// kitOnly takes one word; others are explained by why.
func kitOnly(want, why string) setting {
	return func(_ *Settings, raw json.RawMessage) error {
		var text string
		if json.Unmarshal(raw, &text) != nil || !strings.EqualFold(text, want) {
			return fmt.Errorf("%s", why)
		}
		return nil
	}
}

// kitNever refuses one value.
func kitNever(refused bool, why string) setting {
	return func(_ *Settings, raw json.RawMessage) error {
		var v bool
		if json.Unmarshal(unquoted(raw), &v) != nil {
			return fmt.Errorf("want true or false")
		}
		if v == refused {
			return fmt.Errorf("%s", why)
		}
		return nil
	}
}

// kitZero takes 0 only.
func kitZero(why string) setting {
	return func(_ *Settings, raw json.RawMessage) error {
		var v float64
		if json.Unmarshal(unquoted(raw), &v) != nil || v != 0 {
			return fmt.Errorf("%s", why)
		}
		return nil
	}
}

// kitCounter: counters are never set from outside, because one that goes back
// is a key stream used twice.
func kitCounter(*Settings, json.RawMessage) error {
	return fmt.Errorf("frame counters are the gateway's own and only grow; let the node join, or give it new keys")
}
