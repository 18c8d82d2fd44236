package config

import (
	"time"

	"gatewayd/internal/secret"
	"gatewayd/radio"
	"gatewayd/radio/picocell"
	"gatewayd/radio/station/lns"
)

// Concentrator is one radio front end. Which fields count depends on Type.
type Concentrator struct {
	Name     string
	Type     string // "picocell", "semtech-udp", "basicstation", "concentratord", or a modem.Kind
	Region   string // canonical, the same for all
	Position Position

	// Of a picocell.
	AntennaGain  float64 // dBi, cable loss subtracted
	Port         string  // serial device
	SubBand      int     // that of Board; 0 in regions without sub-bands
	FirmwareDir  string
	FirmwarePins picocell.Pins // all four, the usual ones where not configured
	GatewayEUI   radio.EUI64   // zero: the concentrator's own
	PollInterval time.Duration
	Board        picocell.Board

	// Of semtech-udp and basicstation.
	Listen          string        // host:port, UDP or TCP
	AllowedGateways []radio.EUI64 // empty: all

	// Of basicstation.
	TLSCert, TLSKey string      // PEM files; "" without TLS
	ClientCA        string      // PEM file; "": stations need no certificate
	Token           secret.Text // "": they need none
	Plan            lns.Plan    // what stations are told of the network

	// Of rn2483, rui3, rak811 and lora-e5, beside Port and GatewayEUI.
	Frequency uint32 // Hz
	DataRate  radio.DataRate

	// Of concentratord: ZeroMQ addresses, "ipc://path" or "tcp://host:port".
	EventURL, CommandURL string
}
