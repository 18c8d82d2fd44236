package lns

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Message is what a station says: Version, Frame, Transmitted, TimeSync or
// Other.
type Message interface{ message() }

// Version is a station's first message, which router_config answers.
type Version struct {
	Station, Firmware, Package, Model string
	Features                          string // words
}

// Transmitted is dntxed: a downlink is on air.
type Transmitted struct{ DIID int64 }

// TimeSync asks for GPS time. TxTime goes back as it came.
type TimeSync struct{ TxTime int64 }

// Other is a message that is nobody's business here.
type Other struct{ Type string }

func (Version) message()     {}
func (Frame) message()       {}
func (Transmitted) message() {}
func (TimeSync) message()    {}
func (Other) message()       {}

// Parse reads a message of a station.
func Parse(b []byte) (Message, error) {
	var envelope struct {
		Type string `json:"msgtype"`
	}
	if err := json.Unmarshal(b, &envelope); err != nil {
		return nil, fmt.Errorf("message: %w", err)
	}
	switch envelope.Type {
	case "version":
		return parseVersion(b)
	case "jreq", "rejoin", "updf", "propdf":
		var m frameMessage
		if err := json.Unmarshal(b, &m); err != nil {
			return nil, fmt.Errorf("%s: %w", envelope.Type, err)
		}
		f, err := m.frame(envelope.Type)
		if err != nil {
			return nil, err
		}
		return f, nil
	case "dntxed":
		return parseTransmitted(b)
	case "timesync":
		var m struct {
			TxTime int64 `json:"txtime"`
		}
		if err := json.Unmarshal(b, &m); err != nil {
			return nil, fmt.Errorf("timesync: %w", err)
		}
		return TimeSync{TxTime: m.TxTime}, nil
	default:
		return Other{Type: envelope.Type}, nil
	}
}

func parseVersion(b []byte) (Message, error) {
	var m struct {
		Station  text `json:"station"`
		Firmware text `json:"firmware"`
		Package  text `json:"package"`
		Model    text `json:"model"`
		Features text `json:"features"`
	}
	if err := json.Unmarshal(b, &m); err != nil {
		return nil, fmt.Errorf("version: %w", err)
	}
	return Version{
		Station: string(m.Station), Firmware: string(m.Firmware), Package: string(m.Package), Model: string(m.Model),
		Features: string(m.Features),
	}, nil
}

func parseTransmitted(b []byte) (Message, error) {
	var m struct {
		DIID  *int64 `json:"diid"`
		SeqNo *int64 `json:"seqno"` // its name in old stations
	}
	if err := json.Unmarshal(b, &m); err != nil {
		return nil, fmt.Errorf("dntxed: %w", err)
	}
	if m.DIID == nil {
		m.DIID = m.SeqNo
	}
	if m.DIID == nil {
		return nil, fmt.Errorf("dntxed: diid: %w", errFields)
	}
	return Transmitted{DIID: *m.DIID}, nil
}

// production reports whether the station is a build that knows no settings
// for tests.
func (v Version) production() bool {
	for _, word := range strings.Fields(v.Features) {
		if word == "prod" {
			return true
		}
	}
	return false
}

// sx1302 reports whether the station names an SX1302 or SX1303, or the
// reference design for them, as its platform.
func (v Version) sx1302() bool {
	s := strings.ToLower(v.Model + " " + v.Station)
	return strings.Contains(s, "corecell") || strings.Contains(s, "sx1302") || strings.Contains(s, "sx1303")
}

// text is a string that says something of the station. What is none must not
// spoil the message: anything else is kept as it is written, null is empty.
type text string

// UnmarshalJSON takes anything.
func (t *text) UnmarshalJSON(b []byte) error {
	var s string
	if json.Unmarshal(b, &s) != nil {
		s = string(b)
	}
	*t = text(s)
	return nil
}
