package conformance_test

import (
	"gatewayd/bridge"
	"gatewayd/bridge/mac"
	"gatewayd/bridge/region"
	"gatewayd/internal/secret"
	"gatewayd/internal/simulator"
	"gatewayd/internal/simulator/lorawan"
	"gatewayd/internal/simulator/regional"
	"gatewayd/radio"
)

// node is the node of a scenario, as both sides know it. The zero value is an
// ABP node of 1.0.3, class A.
type node struct {
	v11, joins, classC, rx2First bool
}

func key(n byte) secret.AES128 { return secret.NewAES128([16]byte{15: n}) }

// known is the node in the bridge's table.
func (n node) known(plan *region.Region) bridge.Node {
	b := bridge.Node{
		Name: "node", DeviceID: "node", Version: mac.V1_0_3, Class: bridge.ClassA, OTAA: n.joins, MAC: mac.DefaultDesired(plan),
	}
	b.Downlink.RX2First = n.rx2First
	if n.v11 {
		b.Version = mac.V1_1_0
	}
	if n.classC {
		b.Class = bridge.ClassC
	}
	if n.joins {
		b.DevEUI, b.JoinEUI, b.AppKey = radio.EUI64{1, 2, 3, 4, 5, 6, 7, 8}, radio.EUI64{9}, key(1)
		if n.v11 {
			b.NwkKey = key(2)
		}
		return b
	}
	b.DevAddr, b.NwkSKey, b.AppSKey = [4]byte{0x26, 1, 2, 3}, key(3), key(4)
	return b
}

// onAir is the node itself. Its data rate is DR5, SF7BW125.
func (n node) onAir() simulator.Config {
	c := simulator.Config{Name: "node", Version: lorawan.V103, Region: regional.EU868(), DataRate: 5, RSSI: -60, SNR: 9, JoinAttempts: 3}
	if n.v11 {
		c.Version = lorawan.V110
	}
	if n.classC {
		c.Class = simulator.ClassC
	}
	if n.joins {
		c.DevEUI, c.JoinEUI, c.AppKey = radio.EUI64{1, 2, 3, 4, 5, 6, 7, 8}, radio.EUI64{9}, key(1)
		if n.v11 {
			c.NwkKey = key(2)
		}
		return c
	}
	c.DevAddr, c.NwkSKey, c.AppSKey = 0x26010203, key(3), key(4)
	return c
}
