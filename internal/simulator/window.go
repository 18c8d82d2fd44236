package simulator

import (
	"fmt"
	"time"

	"gatewayd/internal/simulator/regional"
	"gatewayd/radio"
)

// DefaultTolerance is how far from its nominal time a preamble may begin. A
// receiver needs about five of a LoRaWAN preamble's eight symbols; the other
// three last 3.07 ms at SF7BW125, the shortest of the common data rates.
const DefaultTolerance = 3 * time.Millisecond

// Delays of the receive windows: RP002, defaults of every region.
const (
	joinDelay1 = 5 * time.Second
	rx2After   = time.Second // RX2 opens this long after RX1, always
)

// preambleSymbols is the length of every LoRa frame's preamble: RP002.
const preambleSymbols = 8

// window is one receive window.
type window struct {
	name  string        // "RX1", "RX2", or "RXC", which is always open
	delay time.Duration // after the end of the uplink
	hz    uint32
	rate  radio.DataRate
}

// windowRXC is the name of class C's window.
const windowRXC = "RXC"

// windows are the two receive windows that an uplink at data rate dr on c
// opens, delay after its end.
func (s settings) windows(r Region, c regional.Channel, dr uint8, delay time.Duration) [2]window {
	hz, rate := r.RX1(c, dr, s.rx1Offset, s.dwellDown)
	return [2]window{
		{name: "RX1", delay: delay, hz: hz, rate: rate},
		{name: "RX2", delay: delay + rx2After, hz: s.rx2Hz, rate: s.rx2Rate(r)},
	}
}

func (s settings) rx2Rate(r Region) radio.DataRate {
	rate, _ := r.Rate(s.rx2)
	return rate
}

// uplink is one transmission and the windows it opened. Its node's mutex
// guards it once it is in the history.
type uplink struct {
	ends    []uint32 // counter of each site at the end of the packet
	airtime time.Duration
	windows [2]window
	request *request // of a join or rejoin request
	frame   *Sent    // of a data uplink

	closed   bool          // a downlink was received: no further window opens
	heard    bool          // a downlink was received, in whatever window
	answered chan struct{} // closed when there is nothing more to wait for
	signaled bool          // answered is closed
}

// close notes that u was answered in one of its own windows.
func (u *uplink) close() {
	u.closed, u.heard = true, true
	u.signal()
}

// signal ends the wait for an answer.
func (u *uplink) signal() {
	if !u.signaled {
		u.signaled = true
		close(u.answered)
	}
}

// during reports whether u was on the air at any time of em. The 32-bit
// differences are right across the counter's wrap.
func (u *uplink) during(em heard) bool {
	end := u.ends[em.site]
	afterStart := int32(em.Count + micros(em.Airtime) - (end - micros(u.airtime)))
	beforeEnd := int32(end - em.Count)
	return afterStart > 0 && beforeEnd > 0
}

func micros(d time.Duration) uint32 { return uint32(d / time.Microsecond) }

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

// takes reports whether a join accept, or data, may answer u. A rejoin
// request may be answered by either: section 6.2.4.4.
func (u *uplink) takes(join bool) bool {
	if join {
		return u.request != nil
	}
	return u.request == nil || u.request.rejoin()
}

// match finds the window whose nominal time is nearest to the preamble of em,
// among the windows that a join accept, or data, may use. The offset is
// positive for a late preamble. u is nil if there is no uplink.
func (h history) match(em heard, join bool) (u *uplink, w window, offset time.Duration) {
	for _, candidate := range h {
		if !candidate.takes(join) {
			continue
		}
		for _, cw := range candidate.windows {
			nominal := candidate.ends[em.site] + micros(cw.delay)
			// The 32-bit difference is right across the counter's wrap.
			off := time.Duration(int32(em.Count-nominal)) * time.Microsecond
			if u == nil || off.Abs() < offset.Abs() {
				u, w, offset = candidate, cw, off
			}
		}
	}
	return u, w, offset
}

// latest is the last data uplink, nil if there is none.
func (h history) latest() *uplink {
	for i := len(h) - 1; i >= 0; i-- {
		if h[i].frame != nil {
			return h[i]
		}
	}
	return nil
}

// fault is one broken rule, before it is known whose.
type fault struct {
	rule   Rule
	detail string
}

// faults lists why a node that opened w could not have received em, which
// began offset away from w's nominal time.
func (w window) faults(em heard, offset, tolerance time.Duration, codingRate string) []fault {
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
	if w.rate.Modulation != radio.LoRa {
		return out // what follows is LoRa's own
	}
	add(!em.InvertIQ, RuleInvertIQ, "I/Q not inverted")
	add(em.CRC, RuleCRC, "payload CRC on")
	add(em.Preamble != preambleSymbols, RulePreamble, "preamble of %d symbols, want %d", em.Preamble, preambleSymbols)
	// A CodingRate of "" is one the concentrator does not tell.
	add(em.CodingRate != "" && em.CodingRate != codingRate, RuleCodingRate, "coding rate %s, want %s", em.CodingRate, codingRate)
	return out
}
