package semtechudp

import (
	"encoding/base64"
	"encoding/json"
	"strconv"

	"gatewayd/radio"
	"gatewayd/radio/forwarded"
)

// txpk is a downlink as forwarders read it. The order of the fields is the
// one most servers use: there are forwarders that do not parse JSON but look
// for text.
type txpk struct {
	Immediate bool            `json:"imme"`
	Count     *uint32         `json:"tmst,omitempty"`
	Frequency json.RawMessage `json:"freq"` // MHz
	RFChain   uint8           `json:"rfch"`
	Power     int8            `json:"powe"` // dBm EIRP
	Modu      string          `json:"modu"`
	DataRate  any             `json:"datr"`
	CodeRate  string          `json:"codr,omitempty"`
	Deviation uint32          `json:"fdev,omitempty"` // Hz
	InvertIQ  bool            `json:"ipol"`
	Preamble  int             `json:"prea"`
	Size      int             `json:"size"`
	NoCRC     bool            `json:"ncrc"`
	Data      string          `json:"data"`
}

// pullRespBody is the JSON of PULL_RESP: d at count, or as soon as possible.
func pullRespBody(d radio.Downlink, count uint32, soon bool) ([]byte, error) {
	p := txpk{
		Immediate: soon,
		Frequency: strconv.AppendFloat(nil, float64(d.Frequency)/1e6, 'f', 6, 64),
		Power:     d.Power, // the forwarder takes its antenna's gain off
		Size:      len(d.Payload),
		Data:      base64.StdEncoding.EncodeToString(d.Payload),
	}
	if !soon {
		p.Count = &count
	}
	if d.DataRate.Modulation == radio.FSK {
		p.Modu, p.DataRate = "FSK", d.DataRate.BitRate
		p.Deviation, p.Preamble = forwarded.FSKDeviation, forwarded.FSKPreamble
	} else {
		p.Modu, p.DataRate, p.CodeRate = "LORA", d.DataRate.String(), "4/5"
		p.Preamble, p.InvertIQ, p.NoCRC = forwarded.LoRaPreamble, true, true
	}
	return json.Marshal(struct {
		P txpk `json:"txpk"`
	}{p})
}
