package config

import (
	"time"

	"gatewayd/radio/picocell"
)

// picocell reads the keys of a PicoCell.
func (v validator) picocell(s section, raw *rawConcentrator, c *Concentrator) {
	s.port(raw.Port)
	c.Port = raw.Port
	c.FirmwareDir = v.path(raw.FirmwareDir)
	if c.FirmwareDir == "" {
		c.FirmwareDir = v.state + "/firmware"
	}
	c.FirmwarePins = firmwarePins(s.in("firmware_sha256"), raw.FirmwareSHA256)
	c.GatewayEUI = s.gatewayEUI(raw.GatewayEUI)
	c.PollInterval = s.duration("poll_interval", raw.PollInterval, 3*time.Millisecond, 100*time.Millisecond)
	if c.Region != "" && c.Region == v.choices.Name {
		c.SubBand = v.subBandOf(s, raw)
		c.Board = v.board(s, raw, c.SubBand)
	}
	c.AntennaGain = raw.AntennaGain
}

// subBandOf is the sub-band that a PicoCell listens to: its own, else that of
// the nodes, else the usual one. 0 in regions without.
func (v validator) subBandOf(s section, raw *rawConcentrator) int {
	count := subBands(v.choices.Name)
	if count == 0 {
		return 0
	}
	n := v.choices.SubBand
	if n == 0 {
		n = usualSubBand(v.choices.Name)
	}
	override(s, "sub_band", raw.SubBand, &n, 1, int64(count))
	return n
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
