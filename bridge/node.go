package bridge

import (
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

// Key is what the node's session and outbox are stored under: its DevEUI, or
// the device identity where an ABP node has none.
func (n Node) Key() string {
	if n.DevEUI.IsZero() {
		return "device:" + n.DeviceID
	}
	return "eui:" + n.DevEUI.String()
}
