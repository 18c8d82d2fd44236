package hub

import "fmt"

// MQTT 3.1.1 control packet types that a hub sends.
const (
	typeConnack  = 2
	typePublish  = 3
	typePuback   = 4
	typeSuback   = 9
	typePingresp = 13
)

// maxIncoming bounds what one packet from the hub may take: the 256 KB of the
// largest message of any kind, its topic and what MQTT adds.
const maxIncoming = 256<<10 + maxTopic + 4

// header is the fixed header of a packet.
type header struct {
	kind   byte // control packet type
	flags  byte
	length int // of what follows
}

// check reports whether the hub has any business sending such a packet. It
// comes before a byte of the rest is read: the codec behind it allocates what
// the length says and minds neither flags nor trailing bytes.
func (h header) check(greeted bool) error {
	if greeted == (h.kind == typeConnack) {
		return fmt.Errorf("protocol violation: packet type %d out of turn", h.kind)
	}
	ok := false
	switch h.kind {
	case typeConnack, typePuback:
		ok = h.flags == 0 && h.length == 2
	case typeSuback:
		ok = h.flags == 0 && h.length >= 3 && h.length <= 2+maxFilters
	case typePingresp:
		ok = h.flags == 0 && h.length == 0
	case typePublish:
		ok = h.flags&0x06 <= 0x02 && h.length >= 2 && h.length <= maxIncoming
	}
	if !ok {
		return fmt.Errorf("protocol violation: packet type %d, flags %#x, %d bytes", h.kind, h.flags, h.length)
	}
	return nil
}
