package config

import (
	"time"

	"github.com/brocaar/lorawan"

	"gatewayd/bridge/region"
	"gatewayd/hub"
	"gatewayd/internal/clock"
)

// Config is a configuration in which everything has been checked. Paths are
// absolute or relative to the working directory, ready to be opened.
type Config struct {
	StateDir      string
	ControlSocket string // path of a Unix socket; "" for none
	Compat        Compat
	Log           Log
	Clock         Clock
	Hub           Hub
	OtherHubs     []OtherHub
	DPS           DPS
	Gateway       Gateway
	LoRaWAN       LoRaWAN
	Outbox        Outbox
	Status        Status
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
	// Spool is how long uplinks that nobody was told of may wait for their
	// PUBACK in memory alone; 0: all are on disk at once.
	Spool time.Duration
	// Replay is the order in which what has waited goes out.
	Replay hub.Replay
}
