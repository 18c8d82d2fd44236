package main

import "slices"

// paint colours words for a terminal; the zero value leaves them as they are.
type paint struct{ on bool }

// paint is on where standard output is a terminal and nobody objects
// (https://no-color.org).
func (q asking) paint() paint {
	return paint{isTerminal(q.app.stdout) && q.app.getenv("NO_COLOR") == "" && q.app.getenv("TERM") != "dumb"}
}

// Colours (ECMA-48 SGR).
const (
	green  = "\x1b[32m"
	yellow = "\x1b[33m"
	red    = "\x1b[31m"
	plain0 = "\x1b[0m"
)

func (p paint) in(colour, text string) string {
	if !p.on {
		return text
	}
	return colour + text + plain0
}

// verdict shows at a glance what is well, what is nobody's fault, and what
// needs a look.
func (p paint) verdict(v string) string { return p.in(colourOf(v), v) }

func colourOf(verdict string) string {
	switch {
	case slices.Contains([]string{"accepted", "joined", "sent", "downlink"}, verdict):
		return green
	case slices.Contains([]string{"duplicate", "retransmission", "unknown_dev_addr", "unknown_dev_eui", "not_uplink", "malformed"}, verdict):
		return yellow
	default:
		return red
	}
}
