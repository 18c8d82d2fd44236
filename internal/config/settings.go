package config

import (
	"math"
	"time"

	"gatewayd/bridge/mac"
	"gatewayd/bridge/region"
)

// versionOf reads the LoRaWAN version; ok is false if there is none such.
func (n *Node) versionOf(s section, raw *rawNode) (ok bool) {
	v, err := mac.ParseVersion(raw.Version)
	if err != nil {
		s.fail("version", `unknown LoRaWAN version; want "1.0.0", "1.0.1", "1.0.2", "1.0.3", "1.0.4" or "1.1"`)
	}
	n.Version = v
	return err == nil
}

// settings are what the network does with a node.
func (n *Node) settings(s section, raw *rawNode) {
	n.Class = raw.Class
	if raw.Class == "B" {
		s.fail("class", `class B is not served, for want of beacons; want "A" or "C"`)
	} else {
		s.oneOf("class", raw.Class, "A", "C")
	}
	n.Counters = CounterPolicy(s.oneOf("counters", raw.Counters,
		string(CountersStrict), string(CountersRelaxed), string(CountersOff)))
	switch n.Counters {
	case CountersStrict:
	case CountersRelaxed:
		s.warn("counters", "a frame with counter 0 or 1 starts anew, and whoever has recorded one can replay it; "+
			"strict is safe if the node keeps its counter, or joins")
	case CountersOff:
		s.warn("counters", "every frame that somebody has recorded can be replayed; strict is safe if the node keeps its counter, or joins")
	}
	n.Downlink = downlink(s, raw.rawDownlink)
	n.publishing(s, raw)
}

// publishing is what of a node's uplinks and state goes to the cloud.
func (n *Node) publishing(s section, raw *rawNode) {
	for i, port := range raw.FPorts {
		if within(s.item("f_ports", i), "", port, 1, math.MaxUint8) {
			n.Ports = append(n.Ports, uint8(port))
		}
	}
	n.ReportInterval = s.duration("report_interval", raw.ReportInterval, time.Minute, 365*day)
}

func downlink(s section, raw rawDownlink) Downlink {
	within(s, "confirmed_attempts", raw.ConfirmedAttempts, 1, 15)
	d := queue(s, raw.rawQueue)
	d.RX2First = s.oneOf("downlink_window", raw.Window, "rx1", "rx2") == "rx2"
	d.Attempts = int(raw.ConfirmedAttempts)
	d.AckTimeout = s.duration("ack_timeout", raw.AckTimeout, time.Second, 10*time.Minute)
	d.FlushOnJoin = raw.FlushOnJoin
	return d
}

// queue is how downlinks wait.
func queue(s section, raw rawQueue) Downlink {
	within(s, "downlink_queue", raw.Queue, 1, 1000)
	return Downlink{Expiry: s.duration("downlink_expiry", raw.Expiry, time.Second, 365*day), MaxWaiting: int(raw.Queue)}
}

// nodeMAC is what the node is to use on the air.
func (n *network) nodeMAC(s section, raw *rawNode, node *Node) mac.Desired {
	d := n.desired
	n.windows(s, raw.rawWindows, &d)
	n.nodeADR(s, raw, node.Version, &d.ADR)
	override(s, "duty_cycle", &raw.DutyCycle, &d.DutyCycle, 0, 15)
	if raw.StatusInterval != nil {
		d.StatusInterval = s.durationOrZero("status_interval", *raw.StatusInterval, time.Minute, 365*day)
	}
	if node.OTAA {
		s.refuse("for ABP only: a node that joins begins with what the region says; remove it", factoryKeys()...)
	} else {
		d.Factory = n.factory(s, raw.rawFactory)
	}
	d.Rejoin = rejoin(s, raw, node)
	return d
}

// rejoin is how often a node asks for a rejoin by itself.
func rejoin(s section, raw *rawNode, node *Node) *mac.Rejoin {
	keys := []string{"rejoin_time", "rejoin_count"}
	given := present(s, keys...)
	if len(given) == 0 {
		return nil
	}
	if !node.OTAA || node.Version < mac.V1_1_0 {
		s.refuse("only OTAA nodes of LoRaWAN 1.1 rejoin; remove it", given...)
		return nil
	}
	for _, key := range absent(s, keys...) {
		s.fail(key, "missing; a node is told rejoin_time and rejoin_count together")
	}
	var r mac.Rejoin
	override(s, "rejoin_time", raw.RejoinTime, &r.TimeN, 0, 15)
	override(s, "rejoin_count", raw.RejoinCount, &r.CountN, 0, 15)
	return &r
}

func factoryKeys() []string {
	return []string{
		"factory_rx_delay", "factory_rx1_dr_offset", "factory_rx2_data_rate", "factory_rx2_frequency", "factory_channels",
	}
}

// factory is what an ABP node was made with.
func (n *network) factory(s section, raw rawFactory) mac.Start {
	start := mac.RegionStart(n.plan)
	n.delay(s, "factory_rx_delay", raw.FactoryRXDelay, &start.RXDelay)
	override(s, "factory_rx1_dr_offset", raw.FactoryRX1DROffset, &start.RX1DROffset, 0, n.maxOffset())
	o := region.Options{Name: n.choices.Name}
	if raw.FactoryRX2Frequency != nil || raw.FactoryRX2DataRate != nil {
		d := n.rx2(s, o, rx2{"factory_rx2_frequency", raw.FactoryRX2Frequency}, rx2{"factory_rx2_data_rate", raw.FactoryRX2DataRate})
		start.RX2Frequency, start.RX2DataRate = d.RX2Frequency, d.RX2DataRate
		n.warnSilent(s, "factory_rx2_frequency", start.RX2Frequency)
	}
	for i := range raw.FactoryChannels {
		at, c := s.item("factory_channels", i), n.plan.UplinkChannels()[0]
		override(at, "", &raw.FactoryChannels[i], &c.Frequency, 1, math.MaxUint32)
		o = addChannel(at, o, c)
	}
	start.Channels = o.Channels
	return start
}
