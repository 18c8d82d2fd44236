package bridge

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"gatewayd/bridge/mac"
)

// settingsKey is the desired property whose members are settings of the node,
// and the reported one that answers. Everything else in a twin is the
// application's own.
const settingsKey = "gatewayd"

// Settings are what a node's desired properties lay over its configuration.
// A nil field leaves the configuration as it is.
type Settings struct {
	Class          *Class
	ADRMode        *mac.ADRMode
	MinDataRate    *uint8
	MaxDataRate    *uint8
	StatusInterval *time.Duration
	Window         *bool // RX2 first
	Attempts       *int
	AckTimeout     *time.Duration
	Expiry         *time.Duration
	FlushOnJoin    *bool
	Ports          *[]uint8 // FPorts that are published; nil: all
	Report         *time.Duration
	Codec          *string // name of one of Network.Codecs

	// The starter kit's only.
	RX1DROffset, RX2DataRate, RXDelay *uint8
	NoDownlinks                       *bool
}

// setting reads one member into s. Errors are for whoever set it.
type setting func(s *Settings, raw json.RawMessage) error

// settings are the members that are known, by name.
func settings() map[string]setting {
	return map[string]setting{
		"class":             func(s *Settings, raw json.RawMessage) error { return word(&s.Class, raw, classWords()) },
		"adr":               func(s *Settings, raw json.RawMessage) error { return word(&s.ADRMode, raw, adrWords()) },
		"minDataRate":       func(s *Settings, raw json.RawMessage) error { return number(&s.MinDataRate, raw, 0, 15) },
		"maxDataRate":       func(s *Settings, raw json.RawMessage) error { return number(&s.MaxDataRate, raw, 0, 15) },
		"statusInterval":    func(s *Settings, raw json.RawMessage) error { return span(&s.StatusInterval, raw) },
		"downlinkWindow":    func(s *Settings, raw json.RawMessage) error { return word(&s.Window, raw, windowWords()) },
		"confirmedAttempts": func(s *Settings, raw json.RawMessage) error { return number(&s.Attempts, raw, 1, maxAttempts) },
		"ackTimeout":        func(s *Settings, raw json.RawMessage) error { return span(&s.AckTimeout, raw) },
		"downlinkExpiry":    func(s *Settings, raw json.RawMessage) error { return span(&s.Expiry, raw) },
		"flushOnJoin":       func(s *Settings, raw json.RawMessage) error { return value(&s.FlushOnJoin, raw, "true or false") },
		"fPorts":            readPorts,
		"codec":             func(s *Settings, raw json.RawMessage) error { return value(&s.Codec, raw, "the name of a codec") },
		"reportInterval":    func(s *Settings, raw json.RawMessage) error { return span(&s.Report, raw) },
	}
}

func classWords() map[string]Class { return map[string]Class{"A": ClassA, "C": ClassC} }

func adrWords() map[string]mac.ADRMode {
	return map[string]mac.ADRMode{"on": mac.ADROn, "off": mac.ADROff}
}

func windowWords() map[string]bool { return map[string]bool{"rx1": false, "rx2": true} }

// parseSettings reads the members of the settings property. What cannot be
// read is left out and explained, by name.
func parseSettings(raw json.RawMessage) (s Settings, bad map[string]string) {
	bad = map[string]string{}
	if len(raw) == 0 {
		return s, bad
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil {
		bad[settingsKey] = "want an object of settings"
		return s, bad
	}
	known := settings()
	for name, v := range members {
		read, ok := known[name]
		switch {
		case string(v) == "null":
		case !ok:
			bad[name] = "is no setting"
		default:
			if err := read(&s, v); err != nil {
				bad[name] = err.Error()
			}
		}
	}
	return s, bad
}

func value[T any](to **T, raw json.RawMessage, want string) error {
	var v T
	if err := json.Unmarshal(raw, &v); err != nil {
		return fmt.Errorf("want %s", want)
	}
	*to = &v
	return nil
}

func number[T uint8 | int](to **T, raw json.RawMessage, low, high T) error {
	var v *T
	if err := value(&v, raw, fmt.Sprintf("a number from %d to %d", low, high)); err != nil {
		return err
	}
	if *v < low || *v > high {
		return fmt.Errorf("want a number from %d to %d", low, high)
	}
	*to = v
	return nil
}

func word[T any](to **T, raw json.RawMessage, words map[string]T) error {
	var w string
	v, ok := words[w]
	if json.Unmarshal(raw, &w) == nil {
		v, ok = words[w]
	}
	if !ok {
		return errors.New("want " + choice(slices.Sorted(maps.Keys(words))))
	}
	*to = &v
	return nil
}

// choice is words as somebody reads them who is to name one of them.
func choice(words []string) string {
	if len(words) == 0 {
		return "none"
	}
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = strconv.Quote(w)
	}
	last := len(quoted) - 1
	if last == 0 {
		return quoted[0]
	}
	return strings.Join(quoted[:last], ", ") + " or " + quoted[last]
}

// span reads "15m", or a number of seconds.
func span(to **time.Duration, raw json.RawMessage) error {
	var d jsonDuration
	if err := d.UnmarshalJSON(raw); err != nil || d <= 0 {
		return fmt.Errorf(`want a time such as "15m", or a number of seconds`)
	}
	v := time.Duration(d)
	*to = &v
	return nil
}

func readPorts(s *Settings, raw json.RawMessage) error {
	var ports []int
	if err := json.Unmarshal(raw, &ports); err != nil {
		return fmt.Errorf("want a list of numbers from 1 to 255")
	}
	list := []uint8{}
	for _, p := range ports {
		if p < 1 || p > 255 {
			return fmt.Errorf("want a list of numbers from 1 to 255")
		}
		list = append(list, uint8(p))
	}
	s.Ports = &list
	return nil
}

// over lays s over the node of the configuration.
func (s Settings) over(n Node) Node {
	set(&n.Class, s.Class)
	set(&n.MAC.ADR.Mode, s.ADRMode)
	set(&n.MAC.ADR.MinDR, s.MinDataRate)
	set(&n.MAC.ADR.MaxDR, s.MaxDataRate)
	set(&n.MAC.StatusInterval, s.StatusInterval)
	set(&n.Downlink.RX2First, s.Window)
	set(&n.Downlink.Attempts, s.Attempts)
	set(&n.Downlink.AckTimeout, s.AckTimeout)
	set(&n.Downlink.Expiry, s.Expiry)
	set(&n.Downlink.FlushOnJoin, s.FlushOnJoin)
	set(&n.Ports, s.Ports)
	set(&n.ReportInterval, s.Report)
	set(&n.MAC.RX1DROffset, s.RX1DROffset)
	set(&n.MAC.RX2DataRate, s.RX2DataRate)
	set(&n.MAC.RXDelay, s.RXDelay)
	set(&n.NoDownlinks, s.NoDownlinks)
	return n
}

func set[T any](to *T, v *T) {
	if v != nil {
		*to = *v
	}
}
