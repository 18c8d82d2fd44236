package bridge

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"time"

	"github.com/brocaar/lorawan"

	"gatewayd/bridge/mac"
	"gatewayd/internal/secret"
	"gatewayd/radio"
)

// Node is one LoRaWAN end device of the node table and the IoT Hub identity
// it has. A value; what MAC points to is never changed.
type Node struct {
	Name     string // for people
	Profile  string // for people: what kind of node it is; "" if that has no name
	DeviceID string // IoT Hub device identity
	DevEUI   radio.EUI64
	Version  mac.Version
	Class    Class

	// OTAA says that the node joins with JoinEUI and its root keys: AppKey,
	// and NwkKey in LoRaWAN 1.1. Otherwise it is activated by personalisation
	// with DevAddr and session keys: NwkSKey (the FNwkSIntKey of 1.1),
	// SNwkSIntKey and NwkSEncKey in LoRaWAN 1.1, and AppSKey. Without AppSKey
	// payloads stay encrypted.
	OTAA        bool
	JoinEUI     radio.EUI64
	AppKey      secret.AES128
	NwkKey      secret.AES128
	DevAddr     lorawan.DevAddr
	NwkSKey     secret.AES128
	SNwkSIntKey secret.AES128
	NwkSEncKey  secret.AES128
	AppSKey     secret.AES128

	Counters CounterPolicy
	MAC      mac.Desired
	Downlink DownlinkPolicy
	// Codec turns payloads into values and back, with Variables; nil: none.
	Codec     Codec
	Variables map[string]string
	Shape
	// Kit says that the starter kit's messages, twins and reported properties
	// are spoken, ReportKeys that the latter have the session keys.
	Kit, ReportKeys bool
	// NoDownlinks refuses what applications would send to the node.
	NoDownlinks bool
	// Ports are the FPorts that are published; nil: all.
	Ports []uint8
	// ReportInterval is how often the twin says how the node is; 0: hourly.
	ReportInterval time.Duration
	// Multicast says that this is a multicast group: nothing is heard of it,
	// and it is sent to as a class C node is. DevAddr, NwkSKey and AppSKey are
	// the group's.
	Multicast bool
	Group     Group
}

// Class of a node.
type Class byte

// The classes. Class B is not served.
const (
	ClassA Class = 'A'
	ClassC Class = 'C'
)

// Group is what a multicast group has beyond a node.
type Group struct {
	Frequency uint32 // Hz
	DataRate  uint8
	FCnt      uint32 // the first FCntDown, if none has been used
}

// CounterPolicy says which FCntUp is accepted.
type CounterPolicy uint8

// The policies.
const (
	// CountersStrict accepts growing counters only.
	CountersStrict CounterPolicy = iota
	// CountersRelaxed also accepts a counter that starts again at 0 or 1,
	// which whoever recorded such a frame can replay.
	CountersRelaxed
	// CountersOff accepts any counter: every frame can be replayed.
	CountersOff
)

// DownlinkPolicy says how downlinks reach a node.
type DownlinkPolicy struct {
	RX2First    bool          // prefer RX2 to RX1
	Attempts    int           // emissions of a confirmed downlink; 0: 3
	AckTimeout  time.Duration // of a class C node; 0: 8 s
	Expiry      time.Duration // of a downlink that names none; 0: a day
	MaxWaiting  int           // downlinks in the queue; 0: 50
	FlushOnJoin bool          // a join empties the queue
}

func (p DownlinkPolicy) attempts() int { return or(p.Attempts, 3) }

func (p DownlinkPolicy) ackTimeout() time.Duration { return or(p.AckTimeout, 8*time.Second) }

func (p DownlinkPolicy) expiry() time.Duration { return or(p.Expiry, 24*time.Hour) }

func (p DownlinkPolicy) maxWaiting() int { return or(p.MaxWaiting, 50) }

func or[T comparable](v, otherwise T) T {
	var zero T
	if v == zero {
		return otherwise
	}
	return v
}

// outboxKey is what the node's messages wait under: they belong to the device
// that sends them.
func (n Node) outboxKey() string { return "device:" + n.DeviceID }

// sessionKey is what the node's session is stored under. That of an ABP node
// belongs to its address and keys, whatever the node is called: its counters
// must not start anew when they come back after a change.
func (n Node) sessionKey() string {
	switch {
	case n.OTAA:
		return "otaa:" + n.DevEUI.String()
	case n.Multicast:
		return fmt.Sprintf("group:%s:%s", n.DevAddr, fingerprint(n.NwkSKey, n.AppSKey))
	}
	return fmt.Sprintf("abp:%s:%s", n.DevAddr, fingerprint(n.abpKeys()...))
}

func (n Node) abpKeys() []secret.AES128 {
	if n.Version < mac.V1_1_0 {
		return []secret.AES128{n.NwkSKey, n.AppSKey}
	}
	return []secret.AES128{n.NwkSKey, n.SNwkSIntKey, n.NwkSEncKey, n.AppSKey}
}

// rootKey signs join requests and encrypts join accepts.
func (n Node) rootKey() secret.AES128 {
	if n.Version < mac.V1_1_0 {
		return n.AppKey
	}
	return n.NwkKey
}

// nonceKey is what the DevNonces the node has used are stored under. With a
// new root key a node may begin anew, and each time they are forgotten.
func (n *nodeState) nonceKey() string {
	key := n.node.sessionKey() + ":" + fingerprint(n.node.rootKey())
	if epoch := n.view().nonceEpoch; epoch > 0 {
		key += ":" + strconv.Itoa(int(epoch))
	}
	return key
}

// fingerprint tells keys apart without saying anything about them.
func fingerprint(keys ...secret.AES128) string {
	h := sha256.New()
	for _, k := range keys {
		raw := k.Reveal()
		_, _ = h.Write(raw[:])
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}
