package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"gatewayd/bridge/region"
	"gatewayd/radio"
	"gatewayd/radio/picocell"
)

// agree compares what nodes use with what the concentrators hear and send. Of
// a concentrator that is set up elsewhere nothing is known.
func (v validator) agree(n *network, concentrators []Concentrator) {
	if n.plan == nil || len(v.top.doc.report.errors) > 0 {
		return // the findings would be consequences
	}
	v.warnReceiveOnly(concentrators)
	if n.alone {
		v.agreeHearing(n)
	}
	for i, c := range concentrators {
		if c.Type != typePicoCell {
			continue
		}
		s := v.top.item("concentrator", i)
		n.warnUnused(s, c.Board)
		n.warnUnsendable(s, c.Board)
	}
	if n.alone && !slices.ContainsFunc(n.boards, canSend) {
		v.top.item("concentrator", 0).warn("radio",
			"no concentrator may send: no node can join, and nothing is answered; set tx = true for one radio")
	}
}

// agreeHearing looks for channels of the nodes that nobody hears.
func (v validator) agreeHearing(n *network) {
	key := "channels"
	if !n.plan.DynamicChannels() {
		key = "sub_band"
	}
	s := v.top.in("lorawan")
	heard, unheard := n.hearing()
	switch {
	case len(unheard) == 0:
	case heard == 0:
		s.fail(key, "no concentrator hears any channel of the nodes: %s; give all of them the same channels", some(unheard))
	default:
		s.warn(key, fmt.Sprintf("no concentrator hears %s, which nodes use too: what they send there is lost; "+
			"listen there, or take it from the nodes", some(unheard)))
	}
}

// hearing is how many channels of the nodes are heard, and which are not, or
// not at every data rate.
func (n *network) hearing() (heard int, unheard []string) {
	for i, c := range n.plan.UplinkChannels() {
		if !n.plan.Mask().Has(i) {
			continue
		}
		var missing []string
		for dr := c.MinDR; dr <= c.MaxDR; dr++ {
			if rate, ok := n.plan.DataRate(dr); ok && !n.hears(c.Frequency, rate) {
				missing = append(missing, mhz(c.Frequency)+" "+rate.String())
			}
		}
		switch len(missing) {
		case 0:
			heard++
		case int(c.MaxDR-c.MinDR) + 1:
			unheard = append(unheard, mhz(c.Frequency))
		default:
			heard++
			unheard = append(unheard, missing...)
		}
	}
	return heard, unheard
}

func (n *network) hears(frequency uint32, rate radio.DataRate) bool {
	return slices.ContainsFunc(n.boards, func(b picocell.Board) bool { return boardHears(b, frequency, rate) })
}

func boardHears(b picocell.Board, frequency uint32, rate radio.DataRate) bool {
	frequencies := b.Frequencies()
	for i, c := range append(b.Chains[:], b.Std) {
		if frequencies[i] == frequency && rate.Modulation == radio.LoRa && rate.Bandwidth == c.Bandwidth &&
			c.SpreadingFactors&picocell.SF(rate.SpreadingFactor) != 0 {
			return true
		}
	}
	return rate.Modulation == radio.FSK && frequencies[len(frequencies)-1] == frequency && b.FSK.BitRate == rate.BitRate
}

// warnUnused warns of channels that no node uses. The ones for one spreading
// factor and for FSK are not looked at: they are there in any case.
func (n *network) warnUnused(s section, b picocell.Board) {
	var unused []string
	frequencies := b.Frequencies()
	for _, f := range frequencies[:len(b.Chains)] {
		if f != 0 && !n.used(f) {
			unused = append(unused, mhz(f))
		}
	}
	if len(unused) > 0 {
		s.warn("channel", fmt.Sprintf("listens to %s, which no node uses; give it the channels of the nodes", some(unused)))
	}
}

func (n *network) used(frequency uint32) bool {
	for i, c := range n.plan.UplinkChannels() {
		if c.Frequency == frequency && n.plan.Mask().Has(i) {
			return true
		}
	}
	return false
}

// warnUnsendable warns of receive windows that the concentrator may not
// answer in.
func (n *network) warnUnsendable(s section, b picocell.Board) {
	if !canSend(b) {
		return
	}
	var silent []string
	for _, f := range n.windowFrequencies(b) {
		if !maySend(b, f) {
			silent = append(silent, mhz(f))
		}
	}
	if len(silent) > 0 {
		s.warn("radio", fmt.Sprintf("may not send on %s, where nodes listen for answers; widen tx_min and tx_max", some(silent)))
	}
}

// windowFrequencies are where nodes that b hears listen, ascending.
func (n *network) windowFrequencies(b picocell.Board) []uint32 {
	d := n.plan.Defaults()
	list := []uint32{d.RX2Frequency, d.JoinRX2Frequency}
	for i, c := range n.plan.UplinkChannels() {
		rate, ok := n.plan.DataRate(c.MinDR)
		if !ok || !n.plan.Mask().Has(i) || !boardHears(b, c.Frequency, rate) {
			continue
		}
		if f, ok := n.rx1Frequency(c); ok {
			list = append(list, f)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

func (n *network) rx1Frequency(c region.Channel) (uint32, bool) {
	f, _, ok := n.plan.RX1(c.Frequency, c.MinDR, n.desired.RX1DROffset, n.desired.DownlinkDwell)
	return f, ok
}

// warnSilent warns of a window of one node that nobody may answer in.
func (n *network) warnSilent(s section, key string, frequency uint32) {
	if n.alone && !slices.ContainsFunc(n.boards, func(b picocell.Board) bool { return maySend(b, frequency) }) {
		s.warn(key, fmt.Sprintf("no concentrator may send on %s; widen tx_min and tx_max, or listen elsewhere", mhz(frequency)))
	}
}

func maySend(b picocell.Board, frequency uint32) bool {
	return slices.ContainsFunc(b.Radios[:], func(r picocell.Radio) bool {
		return r.TxEnable && r.TxMin <= frequency && frequency <= r.TxMax
	})
}

func canSend(b picocell.Board) bool { return b.Radios[0].TxEnable || b.Radios[1].TxEnable }

// some lists what fits into a message.
func some(words []string) string {
	const most = 8
	if rest := len(words) - most; rest > 1 {
		return strings.Join(words[:most], ", ") + fmt.Sprintf(" and %d more", rest)
	}
	return enumerate("and", words)
}

// mhz prints a frequency, to the Hz where that matters.
func mhz(frequency uint32) string {
	return strconv.FormatFloat(float64(frequency)/1e6, 'f', -1, 64) + " MHz"
}
