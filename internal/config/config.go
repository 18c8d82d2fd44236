package config

import (
	"crypto/x509"
	"time"

	"github.com/brocaar/lorawan"

	"gatewayd/bridge/region"
	"gatewayd/internal/clock"
)

// Config is a configuration in which everything has been checked. Paths are
// absolute or relative to the working directory, ready to be opened.
type Config struct {
	StateDir      string
	Log           Log
	Clock         Clock
	Hub           Hub
	LoRaWAN       LoRaWAN
	Outbox        Outbox
	Concentrators []Concentrator // at least one
	Nodes         []Node         // in the order of the files
	Groups        []Group        // in the order of the files

	// Warnings are what works but is hardly meant, each as
	// "file:line:col: key: what, and what to do".
	Warnings []string
}

// Log says how much is logged, and in which form.
type Log struct {
	Level  string // debug, info, warn, error
	Format string // auto (console on a terminal, else json), console, json
}

// Clock says when the wall clock is trusted.
type Clock struct {
	RequireSync clock.RequireSync
}

// Hub is the IoT Hub and how its connections behave.
type Hub struct {
	Host           string         // host name, without port
	Port           uint16         // TCP
	CAFile         string         // "" for the system's roots
	RootCAs        *x509.CertPool // content of CAFile; nil for the system's roots
	SASTTL         time.Duration  // life of a minted token
	KeepAlive      time.Duration  // MQTT keep-alive, whole seconds
	PubackTimeout  time.Duration
	ConnectTimeout time.Duration
	ConnectRate    float64 // new connections per second, all devices together
	ConnectBurst   int     // connections that may start at once
	APIVersion     string
}

// LoRaWAN is what the network is towards its nodes.
type LoRaWAN struct {
	NetID  lorawan.NetID  // DevAddrs of joined nodes are taken from it
	Region string         // canonical name of Plan, that of every concentrator
	Plan   *region.Region // channels, data rates and receive windows

	DedupWindow time.Duration // how long the first copy of a frame waits for others
	// ProprietaryDevice is the device id of the node or group whose device
	// takes frames of other protocols; "" for none.
	ProprietaryDevice string
}

// Outbox bounds what waits for the hub. Beyond it the oldest is dropped.
type Outbox struct {
	MaxBytes int64         // all nodes together
	MaxAge   time.Duration // since reception
}
