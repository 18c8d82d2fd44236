package config

import (
	"strconv"
	"time"

	"gatewayd/radio"
	"gatewayd/radio/picocell"
)

// The regions that have a preset.
const (
	regionEU868 = "EU868"
	regionUS915 = "US915"
)

func (v validator) concentrators(raw []rawConcentrator, stateDir string) []Concentrator {
	if len(raw) == 0 {
		v.top.fail("concentrator", "missing; add a [[concentrator]] table with type, port and region")
	}
	names, ports := map[string]Position{}, map[string]Position{}
	list := make([]Concentrator, len(raw))
	for i := range raw {
		s := v.top.item("concentrator", i)
		list[i] = v.concentrator(s, &raw[i], i, stateDir)
		unique(s, names, "name", list[i].Name, "every concentrator needs its own name")
		if list[i].Port != "" {
			unique(s, ports, "port", list[i].Port, "every concentrator needs its own port")
		}
	}
	return list
}

func (v validator) concentrator(s section, raw *rawConcentrator, i int, stateDir string) Concentrator {
	s.require("type", `add type = "picocell"`)
	s.require("port", "add the serial device, best by its /dev/serial/by-path/ link")
	s.require("region", `add "EU868" or "US915"`)
	c := Concentrator{
		Name:         "picocell" + strconv.Itoa(i),
		Type:         raw.Type,
		Port:         raw.Port,
		SubBand:      int(raw.SubBand),
		FirmwareDir:  v.path(raw.FirmwareDir),
		FirmwarePins: firmwarePins(s.in("firmware_sha256"), raw.FirmwareSHA256),
		PollInterval: s.duration("poll_interval", raw.PollInterval, 3*time.Millisecond, 100*time.Millisecond),
		AntennaGain:  raw.AntennaGain,
		Position:     s.position(""),
	}
	if raw.Name != nil {
		c.Name = s.name("name", *raw.Name)
	}
	if s.has("type") {
		s.oneOf("type", raw.Type, "picocell")
	}
	if s.has("port") && raw.Port == "" {
		s.fail("port", "empty; name the serial device, best by its /dev/serial/by-path/ link")
	}
	if c.FirmwareDir == "" {
		c.FirmwareDir = stateDir + "/firmware"
	}
	within(s, "antenna_gain", raw.AntennaGain, -30, 30)
	c.GatewayEUI = s.gatewayEUI(raw.GatewayEUI)
	c.Region, c.Board = validateBoard(s, raw)
	return c
}

func (s section) gatewayEUI(text string) radio.EUI64 {
	if text == "" {
		return radio.EUI64{}
	}
	return s.eui("gateway_eui", text)
}

// firmwarePins are the usual ones, except where the file says otherwise.
func firmwarePins(s section, raw rawFirmwareSHA256) picocell.Pins {
	pins := picocell.DefaultPins()
	for _, p := range []struct{ image, key, sum string }{
		{picocell.ImageAGC, "agc", raw.AGC},
		{picocell.ImageARB, "arb", raw.ARB},
		{picocell.ImageCal, "cal", raw.Cal},
		{picocell.ImageCal5to12, "cal5_12", raw.Cal5to12},
	} {
		if p.sum != "" {
			pins[p.image] = s.sha256(p.key, p.sum)
		}
	}
	return pins
}

// lorawan takes the region from the concentrators, which must agree: a node
// that moves between them keeps its channels.
func (v validator) lorawan(raw rawLoRaWAN, concentrators []Concentrator) LoRaWAN {
	var l LoRaWAN
	if s := v.top.in("lorawan"); parseHex(l.NetID[:], raw.NetID) != nil {
		s.fail("net_id", "not a NetID; want 6 hexadecimal digits, 000000 for a private network")
	}
	for i, c := range concentrators {
		switch {
		case l.Region == "":
			l.Region = c.Region
		case c.Region != "" && c.Region != l.Region:
			v.top.item("concentrator", i).fail("region", "differs from the concentrator at %s; give all of them the same region",
				concentrators[0].Position)
		}
	}
	return l
}
