package config

import (
	"time"

	"github.com/brocaar/lorawan"

	"gatewayd/bridge/mac"
	"gatewayd/internal/secret"
	"gatewayd/radio"
)

// Node is one LoRaWAN end device and its identity in the hub.
type Node struct {
	Name    string // unique, for people; DeviceID unless configured
	Profile string // name of the [[profile]] that its settings come from; "" for none
	Identity
	Connection

	Version mac.Version
	Class   string // A or C
	OTAA    bool
	DevEUI  radio.EUI64 // always with OTAA; with ABP zero if not configured

	JoinEUI radio.EUI64   // OTAA
	AppKey  secret.AES128 // OTAA
	NwkKey  secret.AES128 // OTAA, LoRaWAN 1.1

	DevAddr     lorawan.DevAddr // ABP
	NwkSKey     secret.AES128   // ABP; in LoRaWAN 1.1 the FNwkSIntKey
	SNwkSIntKey secret.AES128   // ABP, LoRaWAN 1.1
	NwkSEncKey  secret.AES128   // ABP, LoRaWAN 1.1
	AppSKey     secret.AES128   // ABP; zero: payloads stay encrypted

	Counters CounterPolicy
	MAC      mac.Desired // complete: the region's, [lorawan]'s and the node's own
	Downlink Downlink

	Format         Format
	Codec          string // name of a built-in codec, or path of a script
	CodecVariables map[string]string
	Ports          []uint8       // FPorts that are published; nil: all
	ReportInterval time.Duration // between two reports of the node's state in its twin

	Position Position // of its [[node]]
}

// CounterPolicy says which FCntUp is accepted.
type CounterPolicy string

// The policies.
const (
	CountersStrict  CounterPolicy = "strict"  // growing counters only
	CountersRelaxed CounterPolicy = "relaxed" // also a new start at 0 or 1
	CountersOff     CounterPolicy = "off"     // any
)

// Downlink says how downlinks reach a node.
type Downlink struct {
	RX2First    bool          // prefer RX2 to RX1
	Attempts    int           // emissions of a confirmed downlink
	AckTimeout  time.Duration // of a class C node
	Expiry      time.Duration // of a downlink that names none
	MaxWaiting  int           // downlinks in the queue
	FlushOnJoin bool          // a join empties the queue
}

// Group is one multicast group of class C nodes and its identity in the hub.
type Group struct {
	Name string // unique among nodes and groups
	Identity
	Connection

	DevAddr   lorawan.DevAddr
	NwkSKey   secret.AES128
	AppSKey   secret.AES128
	Frequency uint32 // Hz
	DataRate  uint8  // index
	FCnt      uint32 // the first FCntDown, if none has been used

	Format         Format
	Downlink       Downlink // Expiry and MaxWaiting; groups acknowledge nothing
	Codec          string   // of downlinks; as that of a node
	CodecVariables map[string]string

	Position Position // of its [[group]]
}
