package simulator

import (
	"time"

	"gatewayd/internal/simulator/lorawan"
	"gatewayd/internal/simulator/regional"
)

// settings are the radio parameters of a session: what MAC commands change.
type settings struct {
	channels  regional.Channels
	dataRate  uint8
	txPower   uint8
	nbTrans   uint8
	rx1Offset uint8
	rx2       uint8 // data rate index
	rx2Hz     uint32
	rxDelay   time.Duration
	maxDuty   uint8 // 1/2^n of the time
	dwellUp   bool
	dwellDown bool
	maxEIRP   int8 // dBm; 0: the region's
	adrLimit  int
	adrDelay  int
}

// initial are the settings of a node that has just been activated, or reset.
func (c Config) initial() settings {
	rx2, hz := c.Region.RX2()
	return settings{
		channels: c.Region.Channels(), dataRate: c.DataRate, nbTrans: 1,
		rx2: rx2, rx2Hz: hz, rxDelay: time.Second,
		// A node configured for a slower data rate is one of a country that has
		// no such limit.
		dwellUp:  c.Region.UplinkDwell() && c.DataRate >= c.Region.MinRate(true),
		adrLimit: c.ADRAckLimit, adrDelay: c.ADRAckDelay,
	}
}

// Settings are what the network has made of a node.
type Settings struct {
	Version       lorawan.Version // that node and network agreed on
	Class         Class           // as the network has been told, and has confirmed under 1.1
	DataRate      uint8           // index
	TXPower       uint8           // index
	NbTrans       uint8
	Channels      []uint32 // Hz, of those that are enabled
	RX1DROffset   uint8
	RX2DataRate   uint8
	RX2Frequency  uint32 // Hz
	RXDelay       time.Duration
	MaxDutyCycle  uint8 // 1/2^n of the time
	UplinkDwell   bool
	DownlinkDwell bool
	MaxEIRP       int8 // dBm; 0: the region's
	ADRAckLimit   int  // uplinks
	ADRAckDelay   int  // uplinks
	ADRAckCount   int  // uplinks since the last downlink
}

// Settings are the node's current ones; false without a session.
func (n *Node) Settings() (Settings, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	s := n.session
	if s == nil {
		return Settings{}, false
	}
	r := s.radio
	out := Settings{
		Version: s.version, Class: n.class(s),
		DataRate: r.dataRate, TXPower: r.txPower, NbTrans: r.nbTrans,
		RX1DROffset: r.rx1Offset, RX2DataRate: r.rx2, RX2Frequency: r.rx2Hz, RXDelay: r.rxDelay,
		MaxDutyCycle: r.maxDuty, UplinkDwell: r.dwellUp, DownlinkDwell: r.dwellDown, MaxEIRP: r.maxEIRP,
		ADRAckLimit: r.adrLimit, ADRAckDelay: r.adrDelay, ADRAckCount: s.adrCount,
	}
	for _, c := range r.channels.Enabled() {
		out.Channels = append(out.Channels, c.Hz)
	}
	return out, true
}

// class is the one the node listens as. A node of 1.1 changes it with the
// network's DeviceModeConf.
func (n *Node) class(s *session) Class {
	if s.v11() && s.mac.modePending {
		return ClassA
	}
	return n.cfg.Class
}
