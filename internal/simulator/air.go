package simulator

import "gatewayd/radio/radiotest"

// Air is what nodes need of a simulated concentrator: its time, its antenna
// for uplinks, and what it emits. *radiotest.PicoCell is one.
type Air interface {
	// Count is the concentrator's 32-bit microsecond counter.
	Count() uint32
	// Hear offers a packet that ended at p.Count. An error means that the
	// concentrator did not hear it: it is deaf because it transmits, or its
	// FIFO is full.
	Hear(p radiotest.Packet) error
	// Emissions yields each frame the concentrator emits.
	Emissions() <-chan radiotest.Emission
}

var _ Air = (*radiotest.PicoCell)(nil)

// Site is a further concentrator around the nodes.
type Site struct {
	Air Air
	// RSSI (dB) and SNR (dB) are added to those of each node: negative for a
	// site that is further away than the first.
	RSSI, SNR float32
	// Deaf names nodes that are out of this site's reach, in both directions.
	Deaf []string
}

// heard is an emission and the site it came from.
type heard struct {
	radiotest.Emission
	site int
}
