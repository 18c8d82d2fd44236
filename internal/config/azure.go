package config

import (
	"gatewayd/bridge/shape"
	"gatewayd/hub"
)

// azure is what identities are read with.
type azure struct {
	validator
	host     string            // of [hub]; "" if it is wrong
	others   map[string]string // hosts of the other hubs, by name
	idScope  string            // of the provisioning service; "" without
	allNodes bool              // are provisioned, unless they say something else
	format   shape.Format      // of messages, unless a node says something else

	decoderHosts []string // that a twin may name

	group      *hub.GroupKey // of the provisioning service; nil without one that can be used
	groupGiven bool
}

// azure reads the side of the cloud, and what identities are read with.
func (v validator) azure(raw *rawConfig, c *Config, u used) azure {
	c.Hub = v.hub(raw.Hub)
	c.OtherHubs = v.otherHubs(raw.OtherHub, raw.Hub)
	a := azure{validator: v, host: c.Hub.Host, others: map[string]string{}}
	c.Compat, a.format = v.compat(raw)
	a.decoderHosts = c.Compat.DecoderHosts
	for _, h := range c.OtherHubs {
		if h.Name != "" { // else it is reported where it stands
			a.others[h.Name] = h.Host
		}
	}
	c.DPS = v.dps(raw.DPS, c.Hub, &a)
	c.Gateway = a.gateway(raw.Gateway, u)
	return a
}
