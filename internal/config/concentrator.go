package config

import (
	"slices"
	"strconv"

	"gatewayd/radio"
)

// typePicoCell is the type whose channels are known here.
const typePicoCell = "picocell"

// frontEnd is one type of concentrator: the keys that only it has, and how
// they are read.
type frontEnd struct {
	name string
	keys []string
	read func(v validator, s section, raw *rawConcentrator, c *Concentrator)
}

// frontEnds are the types of concentrators that there is a driver for.
func frontEnds() []frontEnd {
	return []frontEnd{
		{typePicoCell, []string{
			"port", "sub_band", "firmware_dir", "firmware_sha256", "gateway_eui", "poll_interval", "lorawan_public",
			"clock_source", "rssi_offset", "radio", "channel", "lora_std", "fsk", "tx_gain",
		}, validator.picocell},
		{"semtech-udp", []string{"listen", "allowed_gateways"}, validator.semtechUDP},
		{"concentratord", []string{"event_url", "command_url"}, validator.concentratord},
	}
}

func (v validator) concentrators(raw []rawConcentrator) []Concentrator {
	if len(raw) == 0 {
		v.top.fail("concentrator", "missing; add a [[concentrator]] table with type, port and region")
	}
	names := map[string]Position{}
	addresses := map[string]map[string]Position{"port": {}, "listen": {}, "event_url": {}, "command_url": {}}
	list := make([]Concentrator, len(raw))
	for i := range raw {
		s := v.top.item("concentrator", i)
		c := v.concentrator(s, &raw[i], i)
		unique(s, names, "name", c.Name, "every concentrator needs its own name")
		for key, value := range map[string]string{
			"port": c.Port, "listen": c.Listen, "event_url": c.EventURL, "command_url": c.CommandURL,
		} {
			if value != "" {
				unique(s, addresses[key], key, value, "every concentrator needs its own "+key)
			}
		}
		list[i] = c
	}
	return list
}

func (v validator) concentrator(s section, raw *rawConcentrator, i int) Concentrator {
	s.require("type", `add type = "picocell"`)
	s.require("region", `add the region of the nodes, such as "EU868"`)
	c := Concentrator{
		Name:        raw.Type + strconv.Itoa(i),
		Type:        raw.Type,
		Region:      canonical(raw.Region),
		AntennaGain: raw.AntennaGain,
		Position:    s.position(""),
	}
	if raw.Name != nil {
		c.Name = s.name("name", *raw.Name)
	}
	within(s, "antenna_gain", raw.AntennaGain, -30, 30)
	if s.has("type") {
		v.frontEnd(s, raw, &c)
	}
	return c
}

// frontEnd reads the keys of c's type and refuses those of other types.
func (v validator) frontEnd(s section, raw *rawConcentrator, c *Concentrator) {
	var names []string
	for _, f := range frontEnds() {
		names = append(names, f.name)
	}
	s.oneOf("type", raw.Type, names...)
	if !slices.Contains(names, raw.Type) {
		return
	}
	for _, f := range frontEnds() {
		if f.name == raw.Type {
			f.read(v, s, raw, c)
			continue
		}
		s.refuse(`is a key of type "`+f.name+`"; remove it, or change the type`, f.keys...)
	}
}

func (s section) gatewayEUI(text string) radio.EUI64 {
	if text == "" {
		return radio.EUI64{}
	}
	return s.eui("gateway_eui", text)
}
