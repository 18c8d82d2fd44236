package config

import (
	"net"
	"net/netip"
	"strconv"
	"strings"

	"gatewayd/radio"
)

// semtechUDP reads the keys of a server for packet forwarders.
func (v validator) semtechUDP(s section, raw *rawConcentrator, c *Concentrator) {
	c.Listen = raw.Listen
	if !isHostPort(raw.Listen) {
		s.fail("listen", "not an address; want host:port, such as 127.0.0.1:1700")
		return
	}
	seen := map[radio.EUI64]Position{}
	for i, text := range raw.AllowedGateways {
		at := s.item("allowed_gateways", i)
		eui := at.eui("", text)
		if eui.IsZero() {
			at.fail("", "all zero; copy the gateway's EUI from its packet forwarder")
			continue
		}
		unique(at, seen, "", eui, "remove one of the two")
		c.AllowedGateways = append(c.AllowedGateways, eui)
	}
	if len(raw.AllowedGateways) == 0 && !isLoopback(raw.Listen) {
		s.warn("listen", "anybody who can reach this port can speak for a gateway; list the gateways' EUIs in allowed_gateways")
	}
}

// concentratord reads the keys of ChirpStack Concentratord.
func (v validator) concentratord(s section, raw *rawConcentrator, c *Concentrator) {
	c.EventURL, c.CommandURL = raw.EventURL, raw.CommandURL
	for key, url := range map[string]string{"event_url": raw.EventURL, "command_url": raw.CommandURL} {
		path, ipc := strings.CutPrefix(url, "ipc://")
		host, tcp := strings.CutPrefix(url, "tcp://")
		if ipc && path == "" || tcp && !isHostPort(host) || !ipc && !tcp {
			s.fail(key, "not a ZeroMQ address; want that of concentratord.toml, ipc:// and a path or tcp:// and host:port")
		}
	}
	if raw.EventURL == raw.CommandURL {
		s.fail("command_url", "is event_url too; Concentratord has one address for events and one for commands")
	}
}

func isHostPort(text string) bool {
	_, port, err := net.SplitHostPort(text)
	n, atoiErr := strconv.ParseUint(port, 10, 16)
	return err == nil && atoiErr == nil && n > 0
}

// isLoopback reports whether only this machine can reach an address.
func isLoopback(hostPort string) bool {
	host, _, _ := net.SplitHostPort(hostPort)
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}
