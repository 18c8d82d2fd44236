package hub

import (
	"encoding/binary"
	"fmt"
)

// MQTT 3.1.1 control packet types that cross a device's connection.
const (
	typeConnack  = 2
	typePublish  = 3
	typePuback   = 4
	typeSuback   = 9
	typePingresp = 13
)

// maxIncoming bounds what one packet from the hub may take: a C2D message of
// 64 KB and its topic.
const maxIncoming = 128 << 10

// packet is what the scanner says about a packet that has come in full.
type packet struct {
	kind byte    // control packet type
	body [4]byte // its first bytes after the fixed header, as many as it has
}

// id is the packet identifier of a PUBACK or SUBACK.
func (p packet) id() uint16 { return binary.BigEndian.Uint16(p.body[:]) }

// scanner follows the packets in a byte stream from the hub, in whatever
// pieces it comes, and stops it at the first that the hub has no business
// sending. The library behind trusts the peer: it allocates what a length
// says, panics on a SUBACK with more codes than filters, takes CONNACK codes
// above 5 for success, and completes a publish on any packet with its id.
type scanner struct {
	inBody   bool
	header   byte
	length   int // remaining length
	shift    int // of the next byte of length
	started  bool
	got      int // bytes of the body so far
	body     [4]byte
	greeted  bool // CONNACK seen
	answered bool // SUBACK seen
}

// next takes one byte. It reports a packet when b was its last byte.
func (s *scanner) next(b byte) (p packet, complete bool, err error) {
	switch {
	case !s.started:
		s.started, s.header = true, b
		return packet{}, false, nil
	case !s.inBody:
		s.length |= int(b&0x7f) << s.shift
		s.shift += 7
		if b&0x80 != 0 {
			if s.shift > 21 {
				return packet{}, false, fmt.Errorf("protocol violation: length of packet type %d has no end", s.kind())
			}
			return packet{}, false, nil
		}
		s.inBody = true
		if err := s.check(); err != nil {
			return packet{}, false, err
		}
	default:
		if s.got < len(s.body) {
			s.body[s.got] = b
		}
		s.got++
	}
	if s.got < s.length {
		return packet{}, false, nil
	}
	return s.finish(), true, nil
}

func (s *scanner) kind() byte { return s.header >> 4 }

// finish makes ready for the next packet.
func (s *scanner) finish() packet {
	p := packet{kind: s.kind(), body: s.body}
	*s = scanner{greeted: true, answered: s.answered || p.kind == typeSuback}
	return p
}

// check looks at the fixed header, before any of the body is let through.
func (s *scanner) check() error {
	kind, flags := s.kind(), s.header&0x0f
	if s.greeted == (kind == typeConnack) {
		return fmt.Errorf("protocol violation: packet type %d out of turn", kind)
	}
	ok := false
	switch kind {
	case typeConnack, typePuback:
		ok = flags == 0 && s.length == 2
	case typeSuback:
		ok = flags == 0 && s.length == 3 && !s.answered
	case typePingresp:
		ok = flags == 0 && s.length == 0
	case typePublish:
		ok = flags&0x06 <= 0x02 && s.length >= 2 && s.length <= maxIncoming
	}
	if !ok {
		return fmt.Errorf("protocol violation: packet type %d, flags %#x, %d bytes", kind, flags, s.length)
	}
	return nil
}

// publishID returns the packet identifier of b if it is a whole PUBLISH of
// QoS 1, as the library writes it: in one piece.
func publishID(b []byte) (id uint16, ok bool) {
	if len(b) < 2 || b[0]>>4 != typePublish || b[0]&0x06 != 0x02 {
		return 0, false
	}
	i := 1
	for i < len(b) && i < 5 && b[i]&0x80 != 0 {
		i++
	}
	i++ // first byte after the remaining length
	if len(b) < i+2 {
		return 0, false
	}
	i += 2 + int(binary.BigEndian.Uint16(b[i:]))
	if len(b) < i+2 {
		return 0, false
	}
	return binary.BigEndian.Uint16(b[i:]), true
}
