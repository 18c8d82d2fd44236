package conformance_test

import (
	"testing"

	"gatewayd/internal/simulator"
	"gatewayd/radio"
)

// peer is the other end of a driver's wire: a simulated concentrator.
type peer interface {
	simulator.Air
	// Ready is closed once the driver has brought it up; Unplug makes a new one.
	Ready() <-chan struct{}
	// Unplug takes the connection away; the rig's replug brings it back.
	Unplug()
	// Violations lists what the driver did against the protocol.
	Violations() []string
}

// rig is a driver with its peer.
type rig struct {
	peer
	driver  radio.Concentrator
	kind    driver      // what it is one of
	gateway radio.EUI64 // the gateway EUI of its uplinks
	replug  func() error
	// restart switches the concentrator off and on: its counter begins anew.
	restart func() error
}

// setup is what a scenario asks of a concentrator.
type setup struct {
	name string // in the configuration
	// reach is what it may send on, in Hz; anything if zero.
	reach [2]uint32
	// wraps says that the 32-bit counter wraps some seconds after the start.
	wraps bool
}

// driver is one driver on trial.
type driver struct {
	name  string
	build func(t testing.TB, s setup) *rig

	// uninformed says that the protocol has no word for a downlink that is
	// refused: the driver takes silence for consent.
	uninformed bool
	// refusal is what a downlink is refused with that the concentrator may not
	// send on that frequency.
	refusal radio.TxReason
	// untold says that the protocol does not tell an uplink's coding rate.
	untold bool
}

// drivers are all of them, and what each may do differently.
func drivers() []driver {
	return []driver{
		{name: "picocell", build: picoCell, refusal: radio.TxFrequency},
		{name: "semtech-udp", build: packetForwarder(2), refusal: radio.TxFrequency},
		{name: "semtech-udp version 1", build: packetForwarder(1), uninformed: true},
		{name: "concentratord", build: chirpStack(false), refusal: radio.TxFrequency},
		{name: "concentratord before 4.5", build: chirpStack(true), refusal: radio.TxFrequency},
		{name: "basicstation", build: basicsStation, refusal: radio.TxHardware, untold: true},
	}
}

// rig builds the driver with its peer.
func (d driver) rig(t testing.TB, s setup) *rig {
	t.Helper()
	r := d.build(t, s)
	r.kind = d
	return r
}
