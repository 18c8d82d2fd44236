package bridge

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// kitRequest is the starter kit's JSON of a downlink, in C2D messages and
// direct methods. encoding/json takes keys in any case, as the kit does.
type kitRequest struct {
	DevEUI      string  `json:"devEUI"`
	FPort       *uint8  `json:"fport"`
	Confirmed   bool    `json:"confirmed"`
	Payload     *string `json:"payload"`    // UTF-8
	RawPayload  *string `json:"rawPayload"` // base64
	MessageID   string  `json:"messageId"`
	MACCommands []struct {
		CID string `json:"cid"`
	} `json:"macCommands"`
}

// ownKeys are those that only gatewayd's form of a downlink has, in lower case.
func ownKeys() []string {
	return []string{"id", "payloadhex", "payloadtext", "data", "priority", "ttl", "expires", "attempts", "replace"}
}

// isKit reports whether a JSON object is the kit's form of a downlink: it has
// none of the keys that only gatewayd's has.
func isKit(b []byte) bool {
	var keys map[string]json.RawMessage
	if json.Unmarshal(b, &keys) != nil {
		return false
	}
	lower := map[string]bool{}
	for k := range keys {
		lower[strings.ToLower(k)] = true
	}
	for _, own := range ownKeys() {
		if lower[own] {
			return false
		}
	}
	return true
}

// devStatusCmd is the only MAC command that the kit's users are told of, and that
// may be ordered here: the others would work against what the configuration wants.
const devStatusCmd = "DevStatusCmd"

// parseKit reads the kit's form. Source: its documentation of C2D messages, and
// its code where that says more. The kit sends nothing where rawPayload is no
// base64; here that is an error.
func parseKit(b []byte) (d Downlink, err error) {
	var r kitRequest
	if err := json.Unmarshal(b, &r); err != nil {
		return d, fmt.Errorf("not a downlink in JSON: %w", err)
	}
	if len(r.MessageID) > maxID {
		return d, fmt.Errorf("messageId: %d characters, at most %d", len(r.MessageID), maxID)
	}
	d = Downlink{ID: r.MessageID, Confirmed: r.Confirmed}
	for _, c := range r.MACCommands {
		if !strings.EqualFold(c.CID, devStatusCmd) {
			return d, fmt.Errorf("macCommands: %q cannot be ordered here: want %s; channels, windows, power and data rates follow the configuration and the twin", c.CID, devStatusCmd)
		}
		d.AskStatus = true
	}
	if r.FPort != nil {
		d.FPort = *r.FPort
	}
	switch {
	case r.Payload != nil && *r.Payload != "":
		d.Payload = []byte(*r.Payload)
	case r.RawPayload != nil:
		if d.Payload, err = base64.StdEncoding.DecodeString(*r.RawPayload); err != nil {
			return d, fmt.Errorf("rawPayload: %w", err)
		}
	}
	switch {
	case d.FPort == 0 && len(d.Payload) > 0:
		return d, errors.New("fport: 1 to 223 with a payload; 0 is for macCommands alone")
	case d.FPort == 0 && !d.AskStatus:
		return d, errors.New("fport is missing")
	}
	return d, nil
}

// alone reports whether d only asks for MAC commands: nothing goes into the
// queue.
func (d Downlink) alone() bool { return d.AskStatus && d.FPort == 0 }
