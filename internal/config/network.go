package config

import (
	"slices"
	"time"

	"gatewayd/bridge/mac"
	"gatewayd/bridge/region"
	"gatewayd/radio/picocell"
)

const (
	// rxDelayMax is the longest RXDelay that LoRaWAN can express, in seconds.
	rxDelayMax = 15
	// rxDelayPicoCell is the longest at which RX2, a second after RX1, is still
	// within the 8 s that a PicoCell can plan ahead.
	rxDelayPicoCell = 7
)

// network is what the tables of nodes are read with.
type network struct {
	plan     *region.Region // nil if no concentrator names a region
	choices  region.Options // that plan is made of
	desired  mac.Desired    // of a node without settings of its own
	boards   []picocell.Board
	picocell bool // one of the concentrators is a PicoCell
	alone    bool // none is anything else: what is heard and sent is known
}

// network builds what all nodes share.
func (v validator) network(raw rawLoRaWAN, concentrators []Concentrator) *network {
	s := v.top.in("lorawan")
	n := &network{choices: v.choices}
	interval := s.durationOrZero("status_interval", raw.StatusInterval, time.Minute, 365*day)
	for _, c := range concentrators {
		if c.Type == typePicoCell {
			n.picocell, n.boards = true, append(n.boards, c.Board)
		}
	}
	n.alone = len(n.boards) == len(concentrators)
	if n.choices.Name == "" {
		return n
	}
	if !s.has("channels") {
		n.addHeard()
	}
	var err error
	if n.plan, err = region.New(n.choices); err != nil {
		s.fail("", "%v", err)
		return n
	}
	d := mac.DefaultDesired(n.plan)
	d.UplinkDwell, d.DownlinkDwell = n.choices.UplinkDwell, n.choices.DownlinkDwell
	d.StatusInterval = interval
	n.rx1(s, raw.rawWindows, &d) // RX2 is the plan's already
	n.adr(s, raw.rawADR, &d.ADR, n.plan.MaxTXPower(), "on", "off")
	n.desired = d
	return n
}

// addHeard makes what the concentrators hear beyond the region's own channels
// the channels of the nodes, as far as nodes can be told.
func (n *network) addHeard() {
	r, err := region.New(n.choices)
	if err != nil || !r.DynamicChannels() {
		return
	}
	usual := r.UplinkChannels()[0]
	for _, b := range n.boards {
		frequencies := b.Frequencies()
		for _, f := range frequencies[:len(b.Chains)] {
			next := n.choices
			next.Channels = append(slices.Clone(n.choices.Channels), region.Channel{Frequency: f, MinDR: usual.MinDR, MaxDR: usual.MaxDR})
			if _, err := region.New(next); err == nil {
				n.choices = next
			}
		}
	}
}

// lorawan is what the nodes have in common, for the rest of the program.
func (v validator) lorawan(raw rawLoRaWAN, n *network, c *Config) LoRaWAN {
	s := v.top.in("lorawan")
	l := LoRaWAN{
		Plan:              n.plan,
		DedupWindow:       s.duration("dedup_window", raw.DedupWindow, 10*time.Millisecond, 800*time.Millisecond),
		ProprietaryDevice: raw.ProprietaryDevice,
	}
	if n.plan != nil {
		l.Region = n.plan.Name()
	}
	if parseHex(l.NetID[:], raw.NetID) != nil {
		s.fail("net_id", "not a NetID; want 6 hexadecimal digits, 000000 for a private network")
	}
	known := raw.ProprietaryDevice == "" ||
		slices.ContainsFunc(c.Nodes, func(n Node) bool { return n.DeviceID == raw.ProprietaryDevice }) ||
		slices.ContainsFunc(c.Groups, func(g Group) bool { return g.DeviceID == raw.ProprietaryDevice })
	if !known {
		s.fail("proprietary_device", "not the device_id of a [[node]] or [[group]]; name one, or leave it empty")
	}
	return l
}

// windows lays the windows of one node over those of all.
func (n *network) windows(s section, raw rawWindows, d *mac.Desired) {
	n.rx1(s, raw, d)
	if raw.RX2DataRate == nil && raw.RX2Frequency == nil {
		return
	}
	r := n.rx2(s, n.choices, rx2{"rx2_frequency", raw.RX2Frequency}, rx2{"rx2_data_rate", raw.RX2DataRate})
	d.RX2Frequency, d.RX2DataRate = r.RX2Frequency, r.RX2DataRate
	n.warnSilent(s, "rx2_frequency", d.RX2Frequency)
}

// rx1 reads when and how RX1 opens.
func (n *network) rx1(s section, raw rawWindows, d *mac.Desired) {
	n.delay(s, "rx_delay", raw.RXDelay, &d.RXDelay)
	override(s, "rx1_dr_offset", raw.RX1DROffset, &d.RX1DROffset, 0, n.maxOffset())
}

// delay reads an RXDelay.
func (n *network) delay(s section, key string, v *int64, dst *uint8) {
	if n.picocell && v != nil && *v > rxDelayPicoCell && *v <= rxDelayMax {
		s.fail(key, "too long; want 1 to %d seconds: a picocell can plan 8 s ahead, and RX2 opens a second after RX1", rxDelayPicoCell)
		return
	}
	override(s, key, v, dst, 1, rxDelayMax)
}

// maxOffset is the highest RX1DROffset of the region.
func (n *network) maxOffset() int64 {
	c := n.plan.UplinkChannels()[0]
	offset := uint8(0)
	for {
		if _, _, ok := n.plan.RX1(c.Frequency, c.MinDR, offset+1, false); !ok {
			return int64(offset)
		}
		offset++
	}
}

// rx2 is the second window of o with what the file says of it.
func (n *network) rx2(s section, o region.Options, frequency, dataRate rx2) region.Defaults {
	r, err := region.New(tryRX2(s, o, frequency, dataRate))
	if err != nil {
		return n.plan.Defaults()
	}
	return r.Defaults()
}
