package bridge

import (
	"encoding/json"
	"fmt"

	"github.com/brocaar/lorawan"

	"gatewayd/radio"
)

// recordV1 is a record of the first releases: uplinks only, one receiver.
type recordV1 struct {
	DevEUI    *radio.EUI64    `json:"eui"`
	DevAddr   lorawan.DevAddr `json:"addr"`
	Session   uint32          `json:"sess"`
	FCnt      uint32          `json:"fcnt"`
	FPort     *uint8          `json:"port"`
	Payload   []byte          `json:"pl"`
	Confirmed bool            `json:"conf"`

	At        int64  `json:"at"`
	Trusted   bool   `json:"ok"`
	BootID    string `json:"boot"`
	SinceBoot int64  `json:"up"`

	Concentrator string      `json:"conc"`
	Gateway      radio.EUI64 `json:"gw"`
	Frequency    uint32      `json:"freq"`
	DataRate     string      `json:"dr"`
	CodingRate   string      `json:"cr"`
	RSSI         float32     `json:"rssi"`
	SNR          float32     `json:"snr"`
	Channel      uint8       `json:"ch"`
}

// unmarshalRecord reads a record of any version.
func unmarshalRecord(raw []byte) (record, error) {
	if len(raw) > 0 && raw[0] == recordVersion {
		return parseRecord(raw[1:])
	}
	var v struct {
		Version int `json:"v"`
	}
	if err := json.Unmarshal(raw, &v); err != nil {
		return record{}, err
	}
	switch v.Version {
	case 1:
		var old recordV1
		err := json.Unmarshal(raw, &old)
		return old.upgrade(), err
	case 2:
		var r record
		err := json.Unmarshal(raw, &r)
		return r, err
	}
	return record{}, fmt.Errorf("version %d, written by another gatewayd", v.Version)
}

func (o recordV1) upgrade() record {
	n := Node{}
	if o.DevEUI != nil {
		n.DevEUI = *o.DevEUI
	}
	return record{
		Kind: kindUp, DevEUI: o.DevEUI, DevAddr: o.DevAddr,
		ID: messageID(n, &session{id: o.Session, devAddr: o.DevAddr}, o.FCnt),
		At: o.At, Trusted: o.Trusted, BootID: o.BootID, SinceBoot: o.SinceBoot,
		FCnt: o.FCnt, FPort: o.FPort, Payload: o.Payload, Confirmed: o.Confirmed,
		DataRate: o.DataRate, Frequency: o.Frequency, Coding: o.CodingRate,
		Receivers: []receipt{{o.Concentrator, o.Gateway, o.RSSI, o.SNR, o.Channel}},
	}
}
