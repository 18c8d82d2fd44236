package config

import (
	"net"
	"strings"

	"gatewayd/bridge/shape"
)

// Compat is what is spoken besides gatewayd's own words.
type Compat struct {
	StarterKit bool // the Azure LoRaWAN starter kit's
	ReportKeys bool // its reported properties, session keys included
	// DecoderHosts are the hosts of decoders that a twin may name, as host or
	// host:port, in lower case.
	DecoderHosts []string
}

const (
	compatNone       = "none"
	compatStarterKit = "starterkit"
)

// compat reads what is spoken, and the format of messages that follows.
func (v validator) compat(raw *rawConfig) (c Compat, format shape.Format) {
	s := v.top
	format = s.format(raw.Format)
	c.StarterKit = s.oneOf("compat", raw.Compat, compatNone, compatStarterKit) == compatStarterKit
	if c.StarterKit && !s.has("format") {
		format = shape.StarterKit
	}
	if format == shape.FromTemplate {
		s.fail("format", "each node has a template of its own; name it there")
	}
	const without = `does nothing unless compat is "starterkit"; remove it`
	if !c.StarterKit {
		if raw.CompatKeys {
			s.fail("compat_report_keys", without)
		}
		if len(raw.DecoderHosts) > 0 {
			s.fail("decoder_hosts", without)
		}
		return c, format
	}
	c.ReportKeys = raw.CompatKeys
	if c.ReportKeys {
		s.warn("compat_report_keys", "session keys will stand in twins, where everybody with access to the hub reads them; leave it out unless something reads them there")
	}
	for i, host := range raw.DecoderHosts {
		if bad := checkHost(host); bad {
			s.item("decoder_hosts", i).fail("", "not a host; want host or host:port, such as decoder:8080")
		}
		c.DecoderHosts = append(c.DecoderHosts, strings.ToLower(host))
	}
	return c, format
}

// checkHost reports whether host is none.
func checkHost(host string) (bad bool) {
	name := host
	if h, port, err := net.SplitHostPort(host); err == nil {
		name = h
		if port == "" {
			return true
		}
	}
	return name == "" || strings.ContainsAny(host, "/@?# ")
}
