package bridge

import (
	"encoding/base64"
	"encoding/hex"
	"maps"
	"slices"
	"strconv"
	"strings"

	"gatewayd/bridge/shape"
	"gatewayd/hub"
	"gatewayd/radio"
)

// body is the default D2C message body. Its keys are a promise to consumers;
// docs/schema has them as a JSON schema.
type body struct {
	Schema           shape.Format `json:"schema"`
	Event            kind         `json:"event"`
	DeviceID         string       `json:"deviceId"`
	DevEUI           *radio.EUI64 `json:"devEui"` // null for an ABP node without one
	DevAddr          string       `json:"devAddr"`
	ReceivedAt       string       `json:"receivedAt"`
	ReceivedAtSource string       `json:"receivedAtSource"`
	// Reason is why a downlink came to an end, or messages were dropped. It
	// stands here because encoding/json leaves out a key that two of the parts
	// below have.
	Reason string `json:"reason,omitempty"`

	*uplinkBody
	*radioBody
	*downlinkBody
	*statusBody
	*logBody
	*dropBody
	*valuesBody
}

// uplinkBody is what a data uplink adds.
type uplinkBody struct {
	FPort            *uint8 `json:"fPort"` // null for a frame without payload
	FCnt             uint32 `json:"fCnt"`
	Confirmed        bool   `json:"confirmed"`
	PayloadHex       string `json:"payloadHex"`
	Payload          string `json:"payload"` // base64
	PayloadEncrypted bool   `json:"payloadEncrypted,omitempty"`
}

// radioBody is what anything heard on the air adds: the best receiver, and
// all of them if there were several.
type radioBody struct {
	Frequency    uint32         `json:"frequency"` // Hz
	DataRate     string         `json:"dataRate"`
	CodingRate   string         `json:"codingRate,omitempty"`
	RSSI         float32        `json:"rssi"` // dBm
	SNR          float32        `json:"snr"`  // dB
	Channel      uint8          `json:"channel"`
	GatewayEUI   radio.EUI64    `json:"gatewayEui"`
	Concentrator string         `json:"concentrator"`
	Receivers    []receiverBody `json:"receivers,omitempty"` // the best first; only when there were several
}

type receiverBody struct {
	GatewayEUI   radio.EUI64 `json:"gatewayEui"`
	Concentrator string      `json:"concentrator"`
	RSSI         float32     `json:"rssi"`
	SNR          float32     `json:"snr"`
	Channel      uint8       `json:"channel"`
}

// downlinkBody is how far a downlink has come.
type downlinkBody struct {
	DownlinkID    string `json:"downlinkId"`
	CorrelationID string `json:"correlationId,omitempty"`
	State         string `json:"state"` // queued, transmitted, acked, nacked, expired, rejected
	DownlinkFPort *uint8 `json:"downlinkFPort,omitempty"`
	FCntDown      uint32 `json:"fCntDown"`
	Attempt       int    `json:"attempt"`
}

// statusBody is what a node says of itself.
type statusBody struct {
	Battery *uint8 `json:"battery"` // 0 external power, 1 to 254 empty to full, 255 unknown
	Margin  *int8  `json:"margin"`  // dB
}

// logBody is what an operator should know.
type logBody struct {
	What    string `json:"what"`
	Command string `json:"command,omitempty"`
	Detail  string `json:"detail,omitempty"`
}

// dropBody is what the outbox's bounds have cost.
type dropBody struct {
	Dropped int `json:"dropped"` // messages
}

// timeFormat is RFC 3339 with microseconds, always UTC.
const timeFormat = "2006-01-02T15:04:05.000000Z07:00"

// v2 writes every kind of record in gatewayd's own format.
func (f facts) v2() body {
	r := f.record
	content := body{
		Schema: shape.V2, Event: r.Kind, DeviceID: f.node.DeviceID, DevEUI: r.DevEUI, DevAddr: strings.ToUpper(r.DevAddr.String()),
		ReceivedAt: f.at.Format(timeFormat), ReceivedAtSource: f.source, radioBody: r.radio(),
	}
	switch r.Kind {
	case kindTxAck, kindAck:
		content.downlinkBody = &downlinkBody{r.DownlinkID, r.CorrelationID, r.State, r.FPort, r.FCnt, r.Attempt}
		content.Reason = r.Reason
	case kindStatus:
		content.statusBody = &statusBody{r.Battery, r.Margin}
	case kindLog:
		content.logBody = &logBody{r.State, r.Command, r.Reason}
	case kindUp, kindProprietary:
		content.uplinkBody = &uplinkBody{
			FPort: r.FPort, FCnt: r.FCnt, Confirmed: r.Confirmed, PayloadEncrypted: r.Encrypted,
			PayloadHex: hex.EncodeToString(r.Payload), Payload: base64.StdEncoding.EncodeToString(r.Payload),
		}
		content.valuesBody = f.values
	case kindDrop:
		content.dropBody, content.Reason = &dropBody{r.Count}, r.Reason
	case kindStats, kindJoin:
	}
	return content
}

// radio is nil for what was not heard on the air.
func (r record) radio() *radioBody {
	if len(r.Receivers) == 0 {
		return nil
	}
	best := r.Receivers[0]
	out := &radioBody{
		Frequency: r.Frequency, DataRate: r.DataRate, CodingRate: r.Coding, RSSI: best.RSSI, SNR: best.SNR,
		Channel: best.Channel, GatewayEUI: best.Gateway, Concentrator: best.Concentrator,
	}
	if len(r.Receivers) > 1 {
		for _, x := range r.Receivers {
			out.Receivers = append(out.Receivers, receiverBody{x.Gateway, x.Concentrator, x.RSSI, x.SNR, x.Channel})
		}
	}
	return out
}

// properties are what message routing can filter on without the body.
func (f facts) properties() []hub.Property {
	r := f.record
	p := []hub.Property{{Key: "event", Value: string(r.Kind)}}
	if r.DevEUI != nil {
		p = append(p, hub.Property{Key: "devEui", Value: r.DevEUI.String()})
	}
	p = append(p, hub.Property{Key: "devAddr", Value: strings.ToUpper(r.DevAddr.String())})
	if r.FPort != nil {
		p = append(p, hub.Property{Key: "fPort", Value: strconv.Itoa(int(*r.FPort))})
	}
	if r.State != "" && r.Kind != kindLog {
		p = append(p, hub.Property{Key: "state", Value: r.State})
	}
	if f.node.Profile != "" {
		p = append(p, hub.Property{Key: "profile", Value: f.node.Profile})
	}
	return append(p, f.told()...)
}

// confirmedProperty is the property of an uplink that acknowledges a downlink, as
// the starter kit names it.
const confirmedProperty = "C2DMsgConfirmed"

// told are the properties that the starter kit's consumers look for.
func (f facts) told() []hub.Property {
	if f.node.Format != shape.StarterKit {
		return nil
	}
	var p []hub.Property
	if f.Acknowledges != "" {
		p = append(p, hub.Property{Key: confirmedProperty, Value: f.Acknowledges})
	}
	for _, name := range slices.Sorted(maps.Keys(f.MACAnswers)) {
		p = append(p, hub.Property{Key: name, Value: f.MACAnswers[name]})
	}
	return p
}
