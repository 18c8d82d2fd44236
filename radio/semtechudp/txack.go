package semtechudp

import (
	"encoding/json"
	"strings"

	"gatewayd/radio"
	"gatewayd/radio/forwarded"
)

// verdict is what a TX_ACK says.
type verdict struct {
	err  error  // a *radio.TxError: refused
	warn string // emitted, but not as asked for
}

// parseTxAck reads the body of TX_ACK, which may be empty: accepted.
func parseTxAck(b []byte) verdict {
	b = trim(b)
	if len(b) == 0 {
		return verdict{}
	}
	var body struct {
		Ack struct {
			Error text   `json:"error"`
			Warn  text   `json:"warn"`
			Value number `json:"value"`
		} `json:"txpk_ack"`
	}
	if json.Unmarshal(b, &body) != nil {
		return verdict{err: forwarded.Refuse(radio.TxHardware, "the gateway's TX_ACK is not the JSON of the protocol")}
	}
	return verdict{err: refusal(string(body.Ack.Error)), warn: printable(string(body.Ack.Warn))}
}

// refusal is the *radio.TxError of a forwarder's "error", nil if it is none.
func refusal(s string) error {
	reasons := map[string]radio.TxReason{
		"TOO_LATE":         radio.TxTooLate,
		"TOO_EARLY":        radio.TxTooEarly,
		"COLLISION_PACKET": radio.TxCollision,
		"COLLISION_BEACON": radio.TxCollision,
		"TX_FREQ":          radio.TxFrequency,
		"TX_POWER":         radio.TxPower,
		"QUEUE_FULL":       radio.TxQueueFull, // ChirpStack's forwarders
	}
	switch s = strings.ToUpper(s); s {
	case "", "NONE", "NULL", "OK":
		return nil
	}
	reason, known := reasons[s]
	if !known {
		reason = radio.TxHardware // GPS_UNLOCKED and what vendors invent
	}
	return forwarded.Refuse(reason, "the gateway says %s", printable(s))
}

// printable is at most 32 characters of s that no log minds.
func printable(s string) string {
	clean := strings.Map(func(r rune) rune {
		if r <= ' ' || r > '~' {
			return '?'
		}
		return r
	}, s)
	return clean[:min(len(clean), 32)]
}
