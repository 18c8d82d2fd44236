package config

import (
	"math"
	"slices"
	"strings"

	"gatewayd/bridge/region"
	"gatewayd/radio/modem"
)

// modemKinds are the modules with ASCII commands, and receiveOnly those of
// them that cannot send what nodes hear.
func modemKinds() []modem.Kind {
	return []modem.Kind{modem.RN2483, modem.RUI3, modem.RAK811, modem.LoRaE5}
}

func receiveOnly(c Concentrator) bool {
	return c.Type == string(modem.RUI3) || c.Type == string(modem.RAK811)
}

// modem reads the keys of a module.
func (v validator) modem(s section, raw *rawConcentrator, c *Concentrator) {
	s.refuse("a module is told the power at its connector, up to what it can do; remove it", "antenna_gain")
	s.port(raw.Port)
	s.require("frequency", "add the one frequency to listen on, in Hz")
	s.require("data_rate", "add the index of the one data rate to listen with")
	c.Port, c.GatewayEUI = raw.Port, s.gatewayEUI(raw.GatewayEUI)
	if !s.has("frequency") || !s.has("data_rate") || c.Region == "" || c.Region != v.choices.Name ||
		!within(s, "frequency", raw.Frequency, 1, math.MaxUint32) {
		return
	}
	c.Frequency = uint32(raw.Frequency)
	r, err := region.New(v.choices)
	if err != nil {
		return // reported where it stands
	}
	if !r.ValidUplinkFrequency(c.Frequency) {
		s.fail("frequency", "no node of %s sends there; want the frequency of an uplink channel, in Hz", r.Name())
		return
	}
	rate, ok := r.DataRate(uint8(min(max(raw.DataRate, 0), math.MaxUint8)))
	if !ok || raw.DataRate < 0 {
		s.fail("data_rate", "not a data rate of %s; want its index", r.Name())
		return
	}
	c.DataRate = rate
	o := modem.Options{Name: c.Name, Kind: modem.Kind(c.Type), Port: "checked elsewhere", Frequency: c.Frequency, DataRate: c.DataRate}
	if _, err := modem.New(o); err != nil {
		key, problem := "data_rate", err.Error()
		if strings.Contains(problem, ": frequency ") {
			key = "frequency"
		}
		s.fail(key, "cannot be: %s", problem[strings.LastIndex(problem, ": ")+2:])
	}
}

// port checks the serial device of a concentrator.
func (s section) port(port string) {
	s.require("port", "add the serial device, best by its /dev/serial/by-path/ link")
	if s.has("port") && port == "" {
		s.fail("port", "empty; name the serial device, best by its /dev/serial/by-path/ link")
	}
}

// warnReceiveOnly warns if nobody can answer nodes.
func (v validator) warnReceiveOnly(concentrators []Concentrator) {
	if len(concentrators) > 0 && !slices.ContainsFunc(concentrators, func(c Concentrator) bool { return !receiveOnly(c) }) {
		v.top.item("concentrator", 0).warn("type", "such a module cannot send what nodes hear: none can join, and nothing is answered; add another concentrator")
	}
}
