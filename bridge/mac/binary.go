package mac

import (
	"encoding/binary"

	"gatewayd/bridge/region"
)

// stateVersion is the first byte of every encoding. Version 1: flags, then
// fixed bytes, then what is present of masks, channels, requests and history,
// each with its own small header. Numbers are unsigned varints where they can
// be large.
const stateVersion = 1

// maxEncoded bounds an encoding, in bytes: what a node could at most make of
// it, with every channel and request in use. Usual ones have 50 to 150.
const maxEncoded = 1024

// flagCount is how many flags an encoding has, in the order of State.flags.
const flagCount = 11

// flags are all that is yes or no in s.
func (s *State) flags() [flagCount]*bool {
	return [flagCount]*bool{
		&s.OTAA, &s.UplinkDwell, &s.DownlinkDwell, &s.ClassC, &s.HasStatus,
		&s.heard, &s.adrBit, &s.linkDoubt, &s.eirpKnown, &s.rejoinKnown,
		&s.StatusWanted,
	}
}

// octets are all that is one byte in s.
func (s *State) octets() []*uint8 {
	return []*uint8{
		(*uint8)(&s.Version), &s.RX1DROffset, &s.RX2DataRate, &s.RXDelay, &s.DutyCycle, &s.eirp,
		&s.ADRAck.LimitExp, &s.ADRAck.DelayExp, &s.Rejoin.TimeN, &s.Rejoin.CountN, &s.maxDR, &s.maxTXPower,
	}
}

// AppendBinary appends s, as Parse reads it, to b. The error is always nil; it
// makes a State an encoding.BinaryAppender.
func (s State) AppendBinary(b []byte) ([]byte, error) {
	b = append(b, stateVersion)
	b = binary.BigEndian.AppendUint16(b, s.flagBits())
	for _, p := range s.octets() {
		b = append(b, *p)
	}
	b = binary.AppendUvarint(b, uint64(s.RX2Frequency))
	b = binary.AppendUvarint(b, uint64(s.lately))
	b = s.Link.append(b)
	b = s.linkAsked.append(b)
	b = appendMask(b, s.maskRefused)
	if s.HasStatus {
		b = append(b, s.Status.Battery, uint8(s.Status.Margin))
		b = binary.AppendVarint(b, s.Status.At)
	}
	b = s.appendChannels(b)
	b = s.appendAsks(b)
	return s.history.append(b), nil
}

func (s *State) flagBits() (bits uint16) {
	for i, p := range s.flags() {
		if *p {
			bits |= 1 << i
		}
	}
	return bits
}

func (l Link) append(b []byte) []byte {
	return appendMask(append(b, l.DR, l.TXPower, l.NbTrans), l.Mask)
}

// appendMask appends which words are not 0, and those.
func appendMask(b []byte, m region.Mask) []byte {
	at := len(b)
	b = append(b, 0)
	for i, word := range m {
		if word != 0 {
			b[at] |= 1 << i
			b = binary.BigEndian.AppendUint16(b, word)
		}
	}
	return b
}

// appendChannels appends a count of channels and each that exists.
func (s *State) appendChannels(b []byte) []byte {
	at := len(b)
	b = append(b, 0)
	for i, c := range s.Channels {
		if c == (region.Channel{}) && s.Downlinks[i] == 0 {
			continue
		}
		b[at]++
		b = append(b, uint8(i), c.MinDR, c.MaxDR)
		b = binary.AppendUvarint(b, uint64(c.Frequency))
		b = binary.AppendUvarint(b, uint64(s.Downlinks[i]))
	}
	return b
}

// appendAsks appends a count of requests and each that has a history.
func (s *State) appendAsks(b []byte) []byte {
	at := len(b)
	b = append(b, 0)
	for k, a := range s.asks {
		if a == (ask{}) {
			continue
		}
		b[at]++
		b = append(b, uint8(k), bit(a.open, 1)|bit(a.sent, 2), a.refused, a.silent, a.wait)
		b = append(b, a.payload[:]...)
	}
	return b
}

func bit(on bool, b uint8) uint8 {
	if on {
		return b
	}
	return 0
}

// append appends the samples: each counter as what it is more than the one
// before.
func (h *history) append(b []byte) []byte {
	b = append(b, uint8(h.n))
	last := uint32(0)
	for _, s := range h.samples[:h.n] {
		b = binary.AppendUvarint(b, uint64(s.fCnt-last))
		b = append(b, uint8(s.snr))
		last = s.fCnt
	}
	return b
}
