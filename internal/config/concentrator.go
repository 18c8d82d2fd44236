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
	list := []frontEnd{
		{typePicoCell, []string{
			"port", "sub_band", "firmware_dir", "firmware_sha256", "gateway_eui", "poll_interval", "lorawan_public",
			"clock_source", "rssi_offset", "board_file", "radio", "channel", "lora_std", "fsk", "tx_gain",
		}, validator.picocell},
		{"semtech-udp", []string{"listen", "allowed_gateways"}, validator.semtechUDP},
		{typeStation, []string{"listen", "allowed_gateways", "tls_cert", "tls_key", "client_ca", "token"}, validator.basicStation},
		{"concentratord", []string{"event_url", "command_url"}, validator.concentratord},
	}
	for _, kind := range modemKinds() {
		list = append(list, frontEnd{string(kind), []string{"port", "frequency", "data_rate", "gateway_eui"}, validator.modem})
	}
	return list
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
			"port": c.Port, "listen": listener(c), "event_url": c.EventURL, "command_url": c.CommandURL,
		} {
			if value != "" {
				unique(s, addresses[key], key, value, "every concentrator needs its own "+key)
			}
		}
		list[i] = c
	}
	return list
}

// listener is where c listens; one is for UDP, the other for TCP.
func listener(c Concentrator) string {
	if c.Listen == "" {
		return ""
	}
	return c.Type + " " + c.Listen
}

func (v validator) concentrator(s section, raw *rawConcentrator, i int) Concentrator {
	s.require("type", `add type = "picocell"`)
	s.require("region", `add the region of the nodes, such as "EU868"`)
	c := Concentrator{
		Name:     raw.Type + strconv.Itoa(i),
		Type:     raw.Type,
		Region:   canonical(raw.Region),
		Position: s.position(""),
	}
	c.Name = s.nameOr(raw.Name, c.Name)
	within(s, "antenna_gain", raw.AntennaGain, -30, 30)
	if s.has("type") {
		v.frontEnd(s, raw, &c)
	}
	return c
}

// frontEnd reads the keys of c's type and refuses those of other types.
func (v validator) frontEnd(s section, raw *rawConcentrator, c *Concentrator) {
	var names []string
	var own *frontEnd
	for _, f := range frontEnds() {
		names = append(names, f.name)
		if f.name == raw.Type {
			own = &f
		}
	}
	s.oneOf("type", raw.Type, names...)
	if own == nil {
		return
	}
	own.read(v, s, raw, c)
	for _, f := range frontEnds() {
		others := slices.DeleteFunc(f.keys, func(key string) bool { return slices.Contains(own.keys, key) })
		s.refuse(`is a key of type "`+f.name+`"; remove it, or change the type`, others...)
	}
}

func (s section) gatewayEUI(text string) radio.EUI64 {
	if text == "" {
		return radio.EUI64{}
	}
	return s.eui("gateway_eui", text)
}
