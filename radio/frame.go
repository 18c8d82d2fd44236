package radio

import "time"

// Uplink is one frame that a concentrator heard with a good CRC. It is a
// value: receivers may keep it, and nobody writes to Payload again.
type Uplink struct {
	Concentrator string // the concentrator's name in the configuration
	Gateway      EUI64  // gateway EUI
	Payload      []byte // PHYPayload, 1..255 bytes, as heard
	Ticks        Ticks  // end of the packet, concentrator's time
	// Received is the host's time at the end of the packet, derived from
	// Ticks. It carries a monotonic reading; whether its wall part can be
	// trusted is not the driver's to say.
	Received   time.Time
	Frequency  uint32 // Hz
	DataRate   DataRate
	CodingRate string  // "4/5".."4/8", "" when unknown
	RSSI       float32 // dBm
	SNR        float32 // dB; 0 for FSK
	Channel    uint8   // the concentrator's IF chain or channel
	RFChain    uint8   // the concentrator's radio
}

// Downlink is one frame to send.
type Downlink struct {
	ID        uint64 // the caller's; comes back in TxResult
	Gateway   EUI64  // whose time At is, where several share one listener: Uplink.Gateway; zero: the only one
	Payload   []byte // PHYPayload, 1..255 bytes
	At        Ticks  // start of the preamble, concentrator's time
	Immediate bool   // send as soon as possible; At is ignored
	Frequency uint32 // Hz
	DataRate  DataRate
	Power     int8 // dBm EIRP
}

// TxResult is what became of a Downlink that Transmit had accepted: exactly
// one follows for each. Err is nil if it was emitted, else a *TxError.
type TxResult struct {
	Concentrator string
	ID           uint64
	Err          error
}

// TxReason says why a Downlink was not emitted, as one stable word.
type TxReason string

// The reasons.
const (
	TxTooLate    TxReason = "too_late"    // At has passed, or is nearer than the concentrator needs
	TxTooEarly   TxReason = "too_early"   // At is further ahead than the concentrator can wait
	TxCollision  TxReason = "collision"   // another emission is scheduled at that time
	TxFrequency  TxReason = "frequency"   // outside what the radio may send on
	TxPower      TxReason = "power"       // no gain table entry for it
	TxDataRate   TxReason = "data_rate"   // the concentrator cannot modulate it
	TxSize       TxReason = "size"        // empty, or more than 255 bytes
	TxQueueFull  TxReason = "queue_full"  // too many emissions scheduled
	TxNotRunning TxReason = "not_running" // the concentrator is not up
	TxHardware   TxReason = "hardware"    // the concentrator said no, or fell silent
	TxRxOnly     TxReason = "rx_only"     // this concentrator cannot send
)

// TxError is a Downlink refused or lost.
type TxError struct {
	Reason TxReason
	Detail string // for a human; may be empty
}

// Error is the reason and, if any, the detail.
func (e *TxError) Error() string {
	if e.Detail == "" {
		return "transmit: " + string(e.Reason)
	}
	return "transmit: " + string(e.Reason) + ": " + e.Detail
}
