package bridge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"gatewayd/bridge/codec"
	"gatewayd/radio"
)

// Codec turns payloads into values and back; *codec.Codec is one. Safe for
// concurrent use.
type Codec interface {
	DecodeUplink(ctx context.Context, up codec.Uplink) codec.Result
	EncodeDownlink(ctx context.Context, c codec.Command) (codec.Downlink, error)
}

// noting is a Codec that passes on what it makes of uplinks.
type noting struct {
	Codec
	note func(at time.Time, data json.RawMessage)
}

// DecodeUplink is Codec's.
func (n noting) DecodeUplink(ctx context.Context, up codec.Uplink) codec.Result {
	r := n.Codec.DecodeUplink(ctx, up)
	if len(r.Data) > 0 && len(r.Data) <= maxData {
		n.note(up.RecvTime, r.Data)
	}
	return r
}

// valuesBody is what a codec made of a payload. A codec that fails costs the
// values, never the message.
type valuesBody struct {
	Data     json.RawMessage `json:"data"`
	Warnings []string        `json:"warnings,omitempty"`
	Errors   []string        `json:"errors,omitempty"`
}

// maxData bounds what a codec makes of one payload, in bytes of JSON: IoT Hub
// takes 256 KiB at most, and there is more in a message.
const maxData = 128 << 10

// values decodes the payload of r; nil without a codec, or without anything to
// decode.
func (n Node) values(r record, at time.Time) *valuesBody {
	if n.Codec == nil || r.Kind != kindUp || r.FPort == nil || r.Encrypted {
		return nil
	}
	result := n.Codec.DecodeUplink(context.Background(), codec.Uplink{
		DevEUI: euiText(r.DevEUI), FPort: *r.FPort, Bytes: r.Payload, RecvTime: at, Variables: n.Variables,
	})
	v := &valuesBody{result.Data, result.Warnings, result.Errors}
	switch {
	case len(v.Data) > maxData:
		v.refuse(fmt.Sprintf("the codec's data has %d bytes: at most %d fit in a message", len(v.Data), maxData))
	case len(v.Data) > 0 && !json.Valid(v.Data):
		v.refuse("the codec's data is not JSON")
	}
	return v
}

// euiText is a DevEUI as decoders get it.
func euiText(eui *radio.EUI64) string {
	if eui == nil {
		return ""
	}
	return eui.String()
}

// refuse leaves the data out, and says why.
func (v *valuesBody) refuse(why string) {
	v.Data, v.Errors = nil, append(slices.Clone(v.Errors), why)
}

// errNoCodec is told to whoever sends values to a node without a codec.
var errNoCodec = errors.New("data: the node has no codec that could encode it; send payload, payloadHex or payloadText")

// encode turns the values of a downlink into its payload.
func (n Node) encode(ctx context.Context, d *Downlink, data json.RawMessage) error {
	if n.Codec == nil {
		return errNoCodec
	}
	out, err := n.Codec.EncodeDownlink(ctx, codec.Command{FPort: d.FPort, Data: data, Variables: n.Variables})
	if err != nil {
		return errors.New("data: " + strings.Join(codec.Messages(err), "; "))
	}
	d.Payload = out.Bytes
	if out.FPort != 0 {
		d.FPort = out.FPort
	}
	return nil
}
