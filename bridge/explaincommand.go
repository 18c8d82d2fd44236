package bridge

import (
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"

	"github.com/brocaar/lorawan"
)

// ExplainCommand is one MAC command.
type ExplainCommand struct {
	Name   string          `json:"name"`
	Hex    string          `json:"hex,omitempty"` // of its payload
	Fields json.RawMessage `json:"fields,omitempty"`
}

// explainCommands reads MAC commands. One that is not known, or cut short, is
// the last: where it ends cannot be told.
func explainCommands(uplink bool, b []byte) (all []ExplainCommand) {
	for len(b) > 0 {
		cid := lorawan.CID(b[0])
		c := ExplainCommand{Name: specName(uplink, cid)}
		payload, size, err := lorawan.GetMACPayloadAndSize(uplink, cid)
		if err != nil && !bare(uplink, cid) || len(b) < 1+size {
			c.Name, c.Hex = "unknown "+strings.ToUpper(hex.EncodeToString(b[:1])), hex.EncodeToString(b[1:])
			return append(all, c)
		}
		c.Hex = hex.EncodeToString(b[1 : 1+size])
		if payload != nil && payload.UnmarshalBinary(b[1:1+size]) == nil {
			c.Fields, _ = json.Marshal(payload) // a struct of numbers always can be
		}
		all, b = append(all, c), b[1+size:]
	}
	return all
}

// bare reports whether the command has no payload.
func bare(uplink bool, cid lorawan.CID) bool {
	if uplink {
		return bareAnswer(cid)
	}
	return slices.Contains([]lorawan.CID{lorawan.DevStatusReq}, cid)
}

// specName is the name of a command in the specification. lorawan has one name
// for the request and its answer.
func specName(uplink bool, cid lorawan.CID) string {
	name := cid.String()
	asks := slices.Contains([]lorawan.CID{lorawan.LinkCheckReq, lorawan.DeviceTimeReq, lorawan.PingSlotInfoReq}, cid)
	switch stem, isReq := strings.CutSuffix(name, "Req"); {
	case isReq && asks != uplink:
		return stem + "Ans"
	case !isReq && !uplink:
		return strings.TrimSuffix(name, "Ind") + "Conf"
	}
	return name
}
