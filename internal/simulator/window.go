package simulator

import (
	"fmt"
	"time"

	"gatewayd/radio"
	"gatewayd/radio/radiotest"
)

// DefaultTolerance is how far from its nominal time a preamble may begin. A
// receiver needs about five of a LoRaWAN preamble's eight symbols; the other
// three last 3.07 ms at SF7BW125, the shortest of the common data rates.
const DefaultTolerance = 3 * time.Millisecond

// What every LoRa frame of LoRaWAN has in common: RP002.
const (
	preambleSymbols = 8
	codingRate      = "4/5"
)

// window is one receive window.
type window struct {
	name  string        // "RX1" or "RX2"
	delay time.Duration // after the end of the uplink
	hz    uint32
	rate  radio.DataRate
}

// uplink is one transmission and the windows it opened. Its node's mutex
// guards it once it is in the history.
type uplink struct {
	end     uint32 // counter at the end of the packet
	windows [2]window
	request *Join // of a join request
	frame   *Sent // of a data uplink

	closed   bool          // a downlink was received: no further window opens
	answered chan struct{} // closed together with closed
}

// historySize is how many uplinks of a node stay matchable: enough that an
// emission reported late is still judged against the uplink it answers.
const historySize = 4

// history holds a node's latest uplinks, oldest first.
type history []*uplink

// add appends u and forgets what is too old.
func (h *history) add(u *uplink) {
	*h = append(*h, u)
	if len(*h) > historySize {
		*h = (*h)[1:]
	}
}

// match finds the window whose nominal time is nearest to a preamble that
// began at count, among the windows of join requests or of data uplinks. The
// offset is positive for a late preamble. u is nil if there is no uplink.
func (h history) match(count uint32, join bool) (u *uplink, w window, offset time.Duration) {
	for _, candidate := range h {
		if (candidate.request != nil) != join {
			continue
		}
		for _, cw := range candidate.windows {
			nominal := candidate.end + uint32(cw.delay/time.Microsecond)
			// The 32-bit difference is right across the counter's wrap.
			off := time.Duration(int32(count-nominal)) * time.Microsecond
			if u == nil || off.Abs() < offset.Abs() {
				u, w, offset = candidate, cw, off
			}
		}
	}
	return u, w, offset
}

// fault is one broken rule, before it is known whose.
type fault struct {
	rule   Rule
	detail string
}

// faults lists why a node that opened w could not have received em, which
// began offset away from w's nominal time.
func (w window) faults(em radiotest.Emission, offset, tolerance time.Duration) []fault {
	var out []fault
	add := func(bad bool, rule Rule, format string, args ...any) {
		if bad {
			out = append(out, fault{rule, w.name + ": " + fmt.Sprintf(format, args...)})
		}
	}
	add(offset.Abs() > tolerance, RuleWindow, "preamble began %+d µs from %d µs after the uplink, tolerance is %d µs",
		offset.Microseconds(), w.delay.Microseconds(), tolerance.Microseconds())
	add(em.Frequency != w.hz, RuleFrequency, "emitted on %d Hz, the window is on %d Hz", em.Frequency, w.hz)
	add(em.DataRate != w.rate, RuleDataRate, "emitted at %s, the window is at %s", em.DataRate, w.rate)
	add(!em.InvertIQ, RuleInvertIQ, "I/Q not inverted")
	add(em.CRC, RuleCRC, "payload CRC on")
	add(em.Preamble != preambleSymbols, RulePreamble, "preamble of %d symbols, want %d", em.Preamble, preambleSymbols)
	// A CodingRate of "" is one the concentrator does not tell.
	add(em.CodingRate != "" && em.CodingRate != codingRate, RuleCodingRate, "coding rate %s, want %s", em.CodingRate, codingRate)
	return out
}
