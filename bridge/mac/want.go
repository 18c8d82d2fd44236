package mac

import (
	"time"

	"gatewayd/bridge/region"
)

// Desired is what the network wants of one node. Immutable once in use.
type Desired struct {
	Region *region.Region // channel plan and mask

	RX1DROffset  uint8  // 0..7
	RX2DataRate  uint8  // index
	RX2Frequency uint32 // Hz
	RXDelay      uint8  // seconds from the end of an uplink to RX1: 1..15

	// UplinkDwell and DownlinkDwell limit emissions to 400 ms, MaxEIRP is in
	// dBm: regions with TxParamSetupReq only.
	UplinkDwell, DownlinkDwell bool
	MaxEIRP                    int8

	DutyCycle uint8 // the node's aggregated duty cycle is 1/2^DutyCycle: 0..15
	// Downlinks are the RX1 frequencies, in Hz, of uplink channels that are
	// not answered on their own frequency; 0 elsewhere. By channel number.
	Downlinks [maxChannels]uint32

	ADR            ADR
	ADRAck         *ADRAck       // nil: the node keeps its own; LoRaWAN 1.1
	Rejoin         *Rejoin       // nil: the node keeps its own; LoRaWAN 1.1
	ForceRejoin    *ForceRejoin  // asked for until nil; LoRaWAN 1.1
	StatusInterval time.Duration // between two DevStatusReq; 0: never

	Factory Start // what an ABP node falls back to when it is reset
}

// ADRAck is ADR_ACK_LIMIT = 2^LimitExp and ADR_ACK_DELAY = 2^DelayExp, each
// exponent 0..15 (LoRaWAN 1.1 section 5.10).
type ADRAck struct{ LimitExp, DelayExp uint8 }

// Rejoin makes a node send a ReJoin-request of type 0 every 2^(TimeN+10)
// seconds or 2^(CountN+4) uplinks, whichever is first; each 0..15 (LoRaWAN 1.1
// section 5.13).
type Rejoin struct{ TimeN, CountN uint8 }

// ForceRejoin makes a node send a ReJoin-request at once (LoRaWAN 1.1 section
// 5.12).
type ForceRejoin struct {
	Period     uint8 // 0..7: retried after 32 s * 2^Period and a random part
	MaxRetries uint8 // 0..7
	Type       uint8 // 0 or 2
	DR         uint8 // data rate of the request
}

// DefaultDesired is what a region proposes for a node that is configured with
// nothing special: everything as it is by default, ADR on.
func DefaultDesired(r *region.Region) Desired {
	d := r.Defaults()
	return Desired{
		Region: r, RX2DataRate: d.RX2DataRate, RX2Frequency: d.RX2Frequency,
		RXDelay: uint8(d.RX1Delay / time.Second), MaxEIRP: r.MaxEIRP(),
		ADR: DefaultADR(r), Factory: RegionStart(r),
	}
}
