package bridge

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/brocaar/lorawan"

	"gatewayd/internal/secret"
	"gatewayd/radio"
)

// Node is one LoRaWAN end device of the node table and the IoT Hub identity
// it has. Comparable with ==.
type Node struct {
	Name     string // for people
	DeviceID string // IoT Hub device identity
	DevEUI   radio.EUI64

	// OTAA says that the node joins with JoinEUI and AppKey. Otherwise it is
	// activated by personalisation with DevAddr, NwkSKey and AppSKey.
	OTAA    bool
	JoinEUI radio.EUI64
	AppKey  secret.AES128
	DevAddr lorawan.DevAddr
	NwkSKey secret.AES128
	AppSKey secret.AES128
}

// outboxKey is what the node's messages wait under: they belong to the device
// that sends them.
func (n Node) outboxKey() string { return "device:" + n.DeviceID }

// sessionKey is what the node's session is stored under. That of an ABP node
// belongs to its address and keys, whatever the node is called: its counters
// must not start anew when they come back after a change.
func (n Node) sessionKey() string {
	if n.OTAA {
		return "otaa:" + n.DevEUI.String()
	}
	return fmt.Sprintf("abp:%s:%s", n.DevAddr, fingerprint(n.NwkSKey, n.AppSKey))
}

// nonceKey is what the DevNonces the node has used are stored under. With a
// new AppKey a node may begin anew.
func (n Node) nonceKey() string {
	return n.sessionKey() + ":" + fingerprint(n.AppKey)
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
