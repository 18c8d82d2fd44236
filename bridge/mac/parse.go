package mac

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"gatewayd/bridge/region"
)

// errState is a record that AppendBinary did not write.
var errState = errors.New("unreadable record of MAC parameters")

// Parse reads what AppendBinary wrote.
func Parse(b []byte) (State, error) {
	if len(b) == 0 || len(b) > maxEncoded {
		return State{}, fmt.Errorf("%w: %d bytes", errState, len(b))
	}
	if b[0] != stateVersion {
		return State{}, fmt.Errorf("%w: version %d, written by a newer gatewayd", errState, b[0])
	}
	var s State
	r := reader{b: b[1:]}
	s.read(&r)
	if !r.ok() || !s.sound() {
		return State{}, errState
	}
	return s, nil
}

// sound refuses what no session can have.
func (s *State) sound() bool {
	return s.Version.valid() && s.RXDelay >= 1 && s.RXDelay <= 15 && s.Link.NbTrans >= 1 && s.Link.NbTrans <= 15
}

func (s *State) read(r *reader) {
	bits := uint16(r.byte())<<8 | uint16(r.byte())
	for i, p := range s.flags() {
		*p = bits&(1<<i) != 0
	}
	for _, p := range s.octets() {
		*p = r.byte()
	}
	s.RX2Frequency = r.uint32()
	s.lately = lately(r.uint32())
	s.Link, s.linkAsked, s.maskRefused = r.link(), r.link(), r.mask()
	if s.HasStatus {
		s.Status = Status{Battery: r.byte(), Margin: int8(r.byte()), At: r.varint()}
	}
	s.readChannels(r)
	s.readAsks(r)
	s.history.read(r)
}

func (s *State) readChannels(r *reader) {
	for range r.count(maxChannels) {
		i := r.index(maxChannels)
		s.Channels[i].MinDR, s.Channels[i].MaxDR = r.byte(), r.byte()
		s.Channels[i].Frequency, s.Downlinks[i] = r.uint32(), r.uint32()
	}
}

func (s *State) readAsks(r *reader) {
	for range r.count(int(slots)) {
		a := &s.asks[r.index(int(slots))]
		bits := r.byte()
		a.open, a.sent = bits&1 != 0, bits&2 != 0
		a.refused, a.silent, a.wait = r.byte(), r.byte(), r.byte()
		for i := range a.payload {
			a.payload[i] = r.byte()
		}
	}
}

func (h *history) read(r *reader) {
	h.n = r.count(historySize)
	last := uint32(0)
	for i := range h.n {
		last += r.uint32()
		h.samples[i] = sample{fCnt: last, snr: int8(r.byte())}
	}
}

// reader takes values off b. Once something is wrong it is bad for good, and
// gives zeros.
type reader struct {
	b   []byte
	bad bool
}

// ok says that all was read, and nothing is left.
func (r *reader) ok() bool { return !r.bad && len(r.b) == 0 }

func (r *reader) byte() uint8 {
	if len(r.b) == 0 {
		r.bad = true
		return 0
	}
	v := r.b[0]
	r.b = r.b[1:]
	return v
}

func (r *reader) uint32() uint32 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 || v > math.MaxUint32 {
		r.bad, r.b = true, nil
		return 0
	}
	r.b = r.b[n:]
	return uint32(v)
}

func (r *reader) varint() int64 {
	v, n := binary.Varint(r.b)
	if n <= 0 {
		r.bad, r.b = true, nil
		return 0
	}
	r.b = r.b[n:]
	return v
}

// count is a number up to most.
func (r *reader) count(most int) int {
	n := int(r.byte())
	if n > most {
		r.bad, r.b = true, nil
		return 0
	}
	return n
}

// index is a number below n.
func (r *reader) index(n int) int { return r.count(n - 1) }

func (r *reader) link() Link {
	return Link{DR: r.byte(), TXPower: r.byte(), NbTrans: r.byte(), Mask: r.mask()}
}

func (r *reader) mask() (m region.Mask) {
	present := r.byte()
	for i := range m {
		if present&(1<<i) != 0 {
			m[i] = uint16(r.byte())<<8 | uint16(r.byte())
		}
	}
	return m
}
