package simulator

import (
	"gatewayd/internal/simulator/lorawan"
	"gatewayd/internal/simulator/regional"
)

// DevAddr is a device address, as printed: 0x26011BDA is "26011BDA".
type DevAddr = lorawan.DevAddr

// Region is the channel plan of a node. Package regional has all of them.
type Region = regional.Region

// EU868 is regional.EU868.
func EU868(further ...uint32) Region { return regional.EU868(further...) }

// US915 is regional.US915.
func US915(subBand int) (Region, error) { return regional.US915(subBand) }
