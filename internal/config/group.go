package config

import "math"

// groups reads the multicast groups of one file.
func groups(top section, raw []rawGroup, a azure, net *network, u used) []Group {
	list := make([]Group, len(raw))
	for i := range raw {
		s := top.item("group", i)
		list[i] = group(s, &raw[i], a, net)
		list[i].unique(s, u)
		warnGuessable(s, map[string]secretText{"nwk_s_key": raw[i].NwkSKey, "app_s_key": raw[i].AppSKey}, raw[i].DeviceKey)
	}
	return list
}

func group(s section, raw *rawGroup, a azure, net *network) Group {
	g := Group{Identity: a.identity(s, raw.rawCredential, ""), Connection: connection(s, raw.rawConnection), Position: s.position("")}
	g.Name = s.nameOr(raw.Name, g.DeviceID)
	g.Codec, g.CodecVariables = a.codec(s, raw.rawCodec), raw.Variables
	g.Format = a.formatOf(s, raw.rawFormat)
	g.Downlink = queue(s, raw.rawQueue)
	s.complete("a multicast group", "dev_addr", "nwk_s_key", "app_s_key")
	g.DevAddr = s.devAddr(raw.DevAddr)
	g.NwkSKey = s.aes128("nwk_s_key", raw.NwkSKey)
	g.AppSKey = s.aes128("app_s_key", raw.AppSKey)
	if within(s, "f_cnt", raw.FCnt, 0, math.MaxUint32) {
		g.FCnt = uint32(raw.FCnt)
	}
	if net.plan == nil {
		return g
	}
	d := net.plan.Defaults()
	if raw.Frequency != nil || raw.DataRate != nil {
		d = net.rx2(s, net.choices, rx2{"frequency", raw.Frequency}, rx2{"data_rate", raw.DataRate})
		net.warnSilent(s, "frequency", d.RX2Frequency)
	}
	g.Frequency, g.DataRate = d.RX2Frequency, d.RX2DataRate
	return g
}

// unique registers what only one node or group may have.
func (g *Group) unique(s section, u used) {
	own := g.Identity.unique(s, u)
	if own && g.Name != "" {
		unique(s, u.names, "name", g.Name, "every node and every group needs its own name")
	}
	if g.NwkSKey.IsZero() {
		return
	}
	const advice = "a multicast address belongs to one group and to no node"
	if at, taken := u.nodeAddrs[g.DevAddr]; taken {
		s.fail("dev_addr", "already used at %s; %s", at, advice)
	}
	unique(s, u.groupAddrs, "dev_addr", g.DevAddr, advice)
}
