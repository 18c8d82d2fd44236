package config

import (
	"time"

	"gatewayd/radio"
	"gatewayd/radio/picocell"
)

// Concentrator is one radio front end. Which fields count depends on Type.
type Concentrator struct {
	Name        string
	Type        string  // picocell, semtech-udp or concentratord
	Region      string  // canonical, the same for all
	AntennaGain float64 // dBi, cable loss subtracted
	Position    Position

	// Of a picocell.
	Port         string // serial device
	SubBand      int    // that of Board; 0 in regions without sub-bands
	FirmwareDir  string
	FirmwarePins picocell.Pins // all four, the usual ones where not configured
	GatewayEUI   radio.EUI64   // zero: the concentrator's own
	PollInterval time.Duration
	Board        picocell.Board

	// Of semtech-udp.
	Listen          string        // host:port, UDP
	AllowedGateways []radio.EUI64 // empty: all

	// Of concentratord: ZeroMQ addresses, "ipc://path" or "tcp://host:port".
	EventURL, CommandURL string
}
