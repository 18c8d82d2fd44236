package bridge

import (
	"encoding/base64"
	"encoding/json"
	"strings"

	"gatewayd/radio"
)

// kitBody is the telemetry of the Azure LoRaWAN starter kit 2.2.2, with its
// keys in its order.
type kitBody struct {
	Time      int64           `json:"time"` // µs; the kit has a counter of its concentrator here
	TmmS      uint32          `json:"tmms"` // GPS time, 0 without
	Freq      float64         `json:"freq"` // MHz
	Chan      uint8           `json:"chan"` // data rate index
	RFCh      uint8           `json:"rfch"`
	Modu      string          `json:"modu"` // LoRa or Fsk
	Datr      string          `json:"datr"`
	RSSI      float32         `json:"rssi"` // dBm
	LSNR      float32         `json:"lsnr"` // dB
	Data      json.RawMessage `json:"data"`
	Port      *uint8          `json:"port"`
	FCnt      uint16          `json:"fcnt"`
	EdgeTS    int64           `json:"edgets"` // ms since 1970
	RawData   string          `json:"rawdata"`
	EUI       string          `json:"eui"`
	GatewayID string          `json:"gatewayid"`
	Station   string          `json:"stationeui"`
}

// starterKit writes an uplink as the starter kit does. Other events have no
// message there: acknowledgements and MAC answers are properties of an uplink.
func (f facts) starterKit() (any, bool) {
	if f.Kind != kindUp {
		return nil, false
	}
	b := kitBody{
		Time: f.at.UnixMicro(), Freq: float64(f.Frequency) / 1e6, Datr: f.DataRate, Modu: "LoRa",
		Data: f.kitData(), Port: f.FPort, FCnt: uint16(f.FCnt), EdgeTS: f.at.UnixMilli(),
		RawData: base64.StdEncoding.EncodeToString(f.Payload), GatewayID: f.node.GatewayID,
	}
	if f.DR != nil {
		b.Chan = *f.DR
	}
	if f.dataRate().Modulation == radio.FSK {
		b.Modu = "Fsk"
	}
	if len(f.Receivers) > 0 {
		best := f.Receivers[0]
		b.RSSI, b.LSNR, b.Station = best.RSSI, best.SNR, best.Gateway.String()
	}
	if f.DevEUI != nil {
		b.EUI = strings.ToUpper(f.DevEUI.String())
	}
	return b, true
}

// kitData is the decoder's output, the payload where there is no decoder, or
// what went wrong.
func (f facts) kitData() json.RawMessage {
	switch v := f.values; {
	case len(f.Payload) == 0:
		return json.RawMessage("null")
	case v == nil:
		return kitObject{{"value", base64.StdEncoding.EncodeToString(f.Payload)}}.json()
	case len(v.Errors) > 0:
		return kitObject{{"error", "Decoding of the payload failed"}, {"errorDetail", strings.Join(v.Errors, "; ")}}.json()
	case len(v.Data) == 0:
		return json.RawMessage("null")
	default:
		return v.Data
	}
}

// kitObject is a small object of texts, in order.
type kitObject [][2]string

func (o kitObject) json() json.RawMessage {
	var w flatWriter
	for _, member := range o {
		w.add(member[0], quoted(member[1]))
	}
	return w.object()
}
