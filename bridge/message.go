package bridge

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"gatewayd/hub"
	"gatewayd/radio"
)

// body is the default D2C message body. Its keys are a promise to consumers.
type body struct {
	DeviceID         string       `json:"deviceId"`
	DevEUI           *radio.EUI64 `json:"devEui"` // null for an ABP node without one
	DevAddr          string       `json:"devAddr"`
	FPort            *uint8       `json:"fPort"` // null for a frame without payload
	FCnt             uint32       `json:"fCnt"`
	Confirmed        bool         `json:"confirmed"`
	PayloadHex       string       `json:"payloadHex"`
	Payload          string       `json:"payload"` // base64
	ReceivedAt       string       `json:"receivedAt"`
	ReceivedAtSource string       `json:"receivedAtSource"`
	Frequency        uint32       `json:"frequency"` // Hz
	DataRate         string       `json:"dataRate"`
	CodingRate       string       `json:"codingRate,omitempty"`
	RSSI             float32      `json:"rssi"` // dBm
	SNR              float32      `json:"snr"`  // dB
	Channel          uint8        `json:"channel"`
	GatewayEUI       radio.EUI64  `json:"gatewayEui"`
	Concentrator     string       `json:"concentrator"`
}

// timeFormat is RFC 3339 with microseconds, always UTC.
const timeFormat = "2006-01-02T15:04:05.000000Z07:00"

// render turns an outbox record into the message of node.
func render(seq uint64, raw []byte, node Node, clock Clock) (hub.Message, error) {
	var r record
	if err := json.Unmarshal(raw, &r); err != nil {
		return hub.Message{}, fmt.Errorf("outbox record %d: %w", seq, err)
	}
	if r.Version != recordVersion {
		return hub.Message{}, fmt.Errorf("outbox record %d is of version %d, written by another gatewayd", seq, r.Version)
	}
	at, source := r.receivedAt(clock)
	b, err := json.Marshal(body{
		DeviceID: node.DeviceID, DevEUI: r.DevEUI, DevAddr: strings.ToUpper(r.DevAddr.String()),
		FPort: r.FPort, FCnt: r.FCnt, Confirmed: r.Confirmed,
		PayloadHex: hex.EncodeToString(r.Payload), Payload: base64.StdEncoding.EncodeToString(r.Payload),
		ReceivedAt: at.Format(timeFormat), ReceivedAtSource: source,
		Frequency: r.Frequency, DataRate: r.DataRate, CodingRate: r.CodingRate, RSSI: r.RSSI, SNR: r.SNR,
		Channel: r.Channel, GatewayEUI: r.Gateway, Concentrator: r.Concentrator,
	})
	if err != nil {
		return hub.Message{}, fmt.Errorf("outbox record %d: %w", seq, err)
	}
	return hub.Message{
		Seq: seq, ID: r.messageID(), ContentType: "application/json", ContentEncoding: "utf-8",
		Properties: properties(r), Body: b,
	}, nil
}

// properties are what message routing can filter on without the body.
func properties(r record) []hub.Property {
	var p []hub.Property
	if r.DevEUI != nil {
		p = append(p, hub.Property{Key: "devEui", Value: r.DevEUI.String()})
	}
	p = append(p, hub.Property{Key: "devAddr", Value: strings.ToUpper(r.DevAddr.String())})
	if r.FPort != nil {
		p = append(p, hub.Property{Key: "fPort", Value: strconv.Itoa(int(*r.FPort))})
	}
	return p
}
