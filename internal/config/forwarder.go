package config

import (
	"net"
	"net/netip"
	"strconv"
	"strings"

	"gatewayd/radio"
	"gatewayd/radio/semtechudp"
)

// maxGateways is how many gateways one port serves.
const maxGateways = 256

// ownGain is why some concentrators are not told the gain of their antenna.
const ownGain = "the packet forwarder or Concentratord subtracts the gain of its antenna from the EIRP it is told; set it there, and remove it here"

// semtechUDP reads the keys of a server for packet forwarders.
func (v validator) semtechUDP(s section, raw *rawConcentrator, c *Concentrator) {
	s.refuse(ownGain, "antenna_gain")
	c.Listen = s.listen(raw, semtechudp.DefaultListen)
	c.AllowedGateways = s.gateways(raw.AllowedGateways)
	if len(raw.AllowedGateways) == 0 && isHostPort(c.Listen) && !isLoopback(c.Listen) {
		s.warn("listen", "anybody who can reach this port can speak for a gateway; list the gateways' EUIs in allowed_gateways")
	}
}

// listen is the address that a server listens at.
func (s section) listen(raw *rawConcentrator, usual string) string {
	if !s.has("listen") {
		return usual
	}
	if !isHostPort(raw.Listen) {
		s.fail("listen", "not an address; want host:port, such as %s", usual)
	}
	return raw.Listen
}

// gateways reads the EUIs of the gateways that a server listens to.
func (s section) gateways(list []string) []radio.EUI64 {
	if len(list) > maxGateways {
		s.fail("allowed_gateways", "too many; one port serves %d gateways, so add another [[concentrator]]", maxGateways)
	}
	var euis []radio.EUI64
	seen := map[radio.EUI64]Position{}
	for i, text := range list {
		at := s.item("allowed_gateways", i)
		eui := at.eui("", text)
		if eui.IsZero() {
			at.fail("", "all zero; copy the EUI from the gateway")
			continue
		}
		unique(at, seen, "", eui, "remove one of the two")
		euis = append(euis, eui)
	}
	return euis
}

// concentratord reads the keys of ChirpStack Concentratord.
func (v validator) concentratord(s section, raw *rawConcentrator, c *Concentrator) {
	s.refuse(ownGain, "antenna_gain")
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
