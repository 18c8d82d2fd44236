package config

import "time"

// Gateway is the gateway's own device; without a DeviceID it has none.
type Gateway struct {
	Identity
	StatsInterval time.Duration // between two messages of statistics
}

// gateway reads the gateway's own device.
func (a azure) gateway(raw rawGateway, u used) Gateway {
	s := a.top.in("gateway")
	g := Gateway{StatsInterval: s.duration("stats_interval", raw.StatsInterval, 10*time.Second, day)}
	if raw.rawCredential == (rawCredential{}) {
		return g
	}
	a.allNodes = false // it is none
	g.Identity = a.identity(s, raw.rawCredential, "")
	g.unique(s, u)
	return g
}
