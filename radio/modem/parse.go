package modem

import (
	"encoding/hex"
	"regexp"
	"strconv"

	"gatewayd/radio"
)

// eventKind is what a line says that answers no command.
type eventKind uint8

const (
	evOther     eventKind = iota // nothing that concerns us
	evFrame                      // a frame
	evLevels                     // RSSI and SNR of the frame that follows
	evBad                        // a frame with a wrong CRC
	evEnded                      // the receiver has stopped
	evBanner                     // the module has started anew
	evMalformed                  // looks like a frame and makes no sense
)

// event is a line understood.
type event struct {
	kind    eventKind
	payload []byte
	levels  levels
	size    int // what the module says payload has; 0: it does not say
}

// levels are RSSI in dBm and SNR in dB of a frame, where known.
type levels struct {
	rssi, snr float32
}

// parse understands a line. It never fails: what it does not know is evOther.
func (m *module) parse(text string) event {
	switch {
	case m.frame.MatchString(text):
		return m.parseFrame(text)
	case matches(m.levels, text):
		g := groups(m.levels, text)
		size, err := strconv.Atoi(g["len"])
		l, ok := parseLevels(g)
		if err != nil || !ok || size < 1 || size > radio.MaxPHYPayload {
			return event{kind: evMalformed}
		}
		return event{kind: evLevels, levels: l, size: size}
	case matches(m.bad, text):
		return event{kind: evBad}
	case matches(m.ended, text):
		return event{kind: evEnded}
	case m.banner.MatchString(text):
		return event{kind: evBanner}
	default:
		return event{kind: evOther}
	}
}

func (m *module) parseFrame(text string) event {
	g := groups(m.frame, text)
	payload, err := hex.DecodeString(g["hex"])
	if err != nil || len(payload) == 0 || len(payload) > radio.MaxPHYPayload {
		return event{kind: evMalformed}
	}
	if said := g["len"]; said != "" && said != strconv.Itoa(len(payload)) {
		return event{kind: evMalformed}
	}
	l, ok := parseLevels(g)
	if !ok {
		return event{kind: evMalformed}
	}
	return event{kind: evFrame, payload: payload, levels: l}
}

// parseLevels reads the groups rssi and snr, where there are any.
func parseLevels(g map[string]string) (l levels, ok bool) {
	for name, to := range map[string]*float32{"rssi": &l.rssi, "snr": &l.snr} {
		if g[name] == "" {
			continue
		}
		v, err := strconv.ParseInt(g[name], 10, 16)
		if err != nil {
			return levels{}, false
		}
		*to = float32(v)
	}
	return l, true
}

// matches is false for a pattern that a module does not have.
func matches(re *regexp.Regexp, text string) bool { return re != nil && re.MatchString(text) }

// groups returns the named groups of re in text.
func groups(re *regexp.Regexp, text string) map[string]string {
	found := re.FindStringSubmatch(text)
	g := make(map[string]string)
	for i, name := range re.SubexpNames() {
		if name != "" && i < len(found) {
			g[name] = found[i]
		}
	}
	return g
}
