package config

import (
	"crypto/tls"
	"fmt"
	"slices"

	"gatewayd/bridge/region"
	"gatewayd/internal/secret"
	"gatewayd/radio/station"
	"gatewayd/radio/station/lns"
)

// typeStation is the type whose channels are handed out here.
const typeStation = "basicstation"

// basicStation reads the keys of a server for Basics Stations.
func (v validator) basicStation(s section, raw *rawConcentrator, c *Concentrator) {
	s.refuse("no message to a Basics Station carries a power, so there is nothing to subtract it from; remove it", "antenna_gain")
	c.Listen = s.listen(raw, station.DefaultListen)
	c.AllowedGateways = s.gateways(raw.AllowedGateways)
	c.Token = secret.NewText(string(raw.Token))
	c.TLSCert, c.TLSKey, c.ClientCA = v.path(raw.TLSCert), v.path(raw.TLSKey), v.path(raw.ClientCA)
	v.serverCertificate(s, c)
	if isLoopback(c.Listen) {
		return
	}
	switch {
	case len(raw.AllowedGateways) == 0 && raw.Token == "" && raw.ClientCA == "":
		s.warn("listen", "anybody who can reach this port can speak for a gateway; give stations a token, or certificates of a client_ca, "+
			"or list their EUIs in allowed_gateways")
	case raw.Token != "" && raw.TLSCert == "":
		s.warn("token", "without TLS everybody on the way can read it; add tls_cert and tls_key")
	}
}

// serverCertificate checks the PEM files of a server.
func (v validator) serverCertificate(s section, c *Concentrator) {
	const advice = "name the PEM files of the server's certificate and of its key"
	switch {
	case c.TLSCert == "" && c.TLSKey == "":
		if c.ClientCA != "" {
			s.fail("tls_cert", "missing; without TLS there are no certificates for client_ca to check")
		}
		return
	case c.TLSCert == "":
		s.fail("tls_cert", "missing; %s", advice)
		return
	case c.TLSKey == "":
		s.fail("tls_key", "missing; %s", advice)
		return
	}
	cert, err := v.env.read(c.TLSCert)
	if err != nil {
		s.fail("tls_cert", "%v; %s", err, advice)
		return
	}
	key, err := v.env.read(c.TLSKey)
	if err != nil {
		s.fail("tls_key", "%v; %s", err, advice)
		return
	}
	if key.mode&0o004 != 0 {
		s.warn("tls_key", fmt.Sprintf("every user of this machine can read %s; chmod o-r it", key.name))
	}
	if _, err := tls.X509KeyPair(cert.data, key.data); err != nil { // it quotes nothing
		s.fail("tls_cert", "%v; %s", err, advice)
	}
	v.rootsOf(s, "client_ca", c.ClientCA)
}

// stationPlans puts into each server for Basics Stations what it hands out.
func (v validator) stationPlans(n *network, concentrators []Concentrator) {
	if n.plan == nil {
		return
	}
	for i := range concentrators {
		if concentrators[i].Type != typeStation {
			continue
		}
		s, p := v.top.item("concentrator", i), stationPlan(n.plan)
		if err := p.Check(); err != nil {
			s.fail("region", "%v; choose another type of concentrator, or other channels", err)
			continue
		}
		if left := leftOut(p); len(left) > 0 {
			s.warn("type", fmt.Sprintf("a Basics Station of eight channels cannot listen on %s too: what nodes send there is lost; take these from the nodes",
				some(left)))
		}
		concentrators[i].Plan = p
	}
}

func leftOut(p lns.Plan) []string {
	var list []string
	for _, c := range p.LeftOut() {
		list = append(list, mhz(c.Frequency))
	}
	return list
}

// stationPlan is r as a Basics Station is told of it.
func stationPlan(r *region.Region) lns.Plan {
	bands := r.SubBands()
	p := lns.Plan{Region: r.Name(), Lowest: bands[0].From, Highest: bands[len(bands)-1].To - 1, MaxEIRP: stationEIRP(r)}
	for i := range p.DataRates {
		if d, ok := r.DataRate(uint8(i)); ok {
			up, isUp := r.DataRateIndex(d, true)
			p.DataRates[i] = lns.DataRate{DataRate: d, DownlinkOnly: !isUp || up != uint8(i)}
		}
	}
	for i, c := range r.UplinkChannels() {
		if r.Mask().Has(i) {
			p.Channels = append(p.Channels, lns.Channel(c))
		}
	}
	return p
}

// stationEIRP is what stations are told to send with, in dBm. They know the
// sub-bands of some regions and keep below their limits by themselves; in the
// others one power must do for all.
func stationEIRP(r *region.Region) float64 {
	low, high := r.SubBands()[0].MaxEIRP, r.SubBands()[0].MaxEIRP
	for _, b := range r.SubBands() {
		low, high = min(low, b.MaxEIRP), max(high, b.MaxEIRP)
	}
	if slices.Contains([]string{regionEU868, regionUS915, "AS923-1", "KR920"}, r.Name()) {
		return float64(high)
	}
	return float64(low)
}
