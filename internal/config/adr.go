package config

import (
	"gatewayd/bridge/mac"
)

// maxNbTrans is the most transmissions of one frame that a LinkADRReq can ask
// for.
const maxNbTrans = 15

// adr lays what one table says over a. modes are those it may choose.
func (n *network) adr(s section, raw rawADR, a *mac.ADR, maxPower uint8, modes ...string) {
	if raw.ADR != nil {
		switch s.oneOf("adr", *raw.ADR, modes...) {
		case "on":
			a.Mode = mac.ADROn
		case "off":
			a.Mode = mac.ADROff
		case "static":
			a.Mode = mac.ADRStatic
		}
	}
	low, high := n.plan.ADRRange()
	override(s, "min_data_rate", raw.MinDataRate, &a.MinDR, int64(low), int64(high))
	override(s, "max_data_rate", raw.MaxDataRate, &a.MaxDR, int64(low), int64(high))
	a.MaxTXPower = min(a.MaxTXPower, maxPower)
	override(s, "max_tx_power", raw.MaxTXPower, &a.MaxTXPower, 0, int64(maxPower))
	override(s, "min_nb_trans", raw.MinNbTrans, &a.MinNbTrans, 1, maxNbTrans)
	override(s, "max_nb_trans", raw.MaxNbTrans, &a.MaxNbTrans, 1, maxNbTrans)
	if raw.ADRMargin != nil && within(s, "adr_margin", *raw.ADRMargin, 0, 30) {
		a.Margin = float32(*raw.ADRMargin)
	}
	ascending(s, "min_data_rate", a.MinDR, "max_data_rate", a.MaxDR)
	ascending(s, "min_nb_trans", a.MinNbTrans, "max_nb_trans", a.MaxNbTrans)
}

// ascending reports bounds of which the lower is above the upper, at the one
// that this table sets.
func ascending(s section, lowKey string, low uint8, highKey string, high uint8) {
	switch {
	case low <= high:
	case s.has(lowKey):
		s.fail(lowKey, "above %s, which is %d", highKey, high)
	default:
		s.fail(highKey, "below %s, which is %d", lowKey, low)
	}
}

// nodeADR is the adaptive data rate of one node.
func (n *network) nodeADR(s section, raw *rawNode, v mac.Version, a *mac.ADR) {
	power := n.maxTXPower(v)
	n.adr(s, raw.rawADR, a, power, "on", "off", "static")
	if a.Mode != mac.ADROn {
		s.refuse(`does nothing unless adr is "on"; remove it`,
			"min_data_rate", "max_data_rate", "max_tx_power", "min_nb_trans", "max_nb_trans", "adr_margin")
	}
	if a.Mode != mac.ADRStatic {
		s.refuse(`does nothing unless adr is "static"; remove it`, "data_rate", "tx_power", "nb_trans")
		return
	}
	s.require("data_rate", `adr = "static" needs the index of the data rate`)
	a.Static = mac.LinkSetting{NbTrans: 1}
	if override(s, "data_rate", raw.DataRate, &a.Static.DR, 0, 15); raw.DataRate != nil && !n.carries(a.Static.DR) {
		s.fail("data_rate", "no channel of the nodes carries it in %s; want an uplink data rate of the region", n.plan.Name())
	}
	override(s, "tx_power", raw.TXPower, &a.Static.TXPower, 0, int64(power))
	override(s, "nb_trans", raw.NbTrans, &a.Static.NbTrans, 1, maxNbTrans)
}

// maxTXPower is the least power that a node can be told: indexes 6 and 7 of
// EU868 came with LoRaWAN 1.0.2.
func (n *network) maxTXPower(v mac.Version) uint8 {
	if n.plan.Name() == regionEU868 && v <= mac.V1_0_1 {
		return 5
	}
	return n.plan.MaxTXPower()
}

// carries reports whether nodes have a channel for dr.
func (n *network) carries(dr uint8) bool {
	for i, c := range n.plan.UplinkChannels() {
		if n.plan.Mask().Has(i) && c.MinDR <= dr && dr <= c.MaxDR {
			return true
		}
	}
	return false
}
