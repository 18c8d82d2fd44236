package concentratord

import (
	"encoding/binary"
	"errors"
	"net"
)

const (
	// greetingSize is what a ZMTP peer sends before its first frame.
	greetingSize = 64

	// maxMessage is the longest message taken. Events have some hundred
	// bytes; statistics of a busy gateway a few thousand.
	maxMessage = 1 << 16

	// frameCost is what a frame counts beyond its bytes, so that a message of
	// empty frames ends too.
	frameCost = 1 << 10

	// Flags in a frame's first byte: more frames of the message follow; its
	// length has 8 bytes, not 1.
	moreFlag = 0x01
	longFlag = 0x02
)

// errTooLong is a message that is too long: probably not ZeroMQ at all.
var errTooLong = errors.New("a ZeroMQ message is longer than 64 KiB: is this Concentratord's socket?")

// guard is a connection that breaks when the peer announces more than
// maxMessage: the ZeroMQ library reserves whatever is announced.
// Source: ZMTP 3.0, rfc.zeromq.org/spec/23.
type guard struct {
	net.Conn
	framing
}

// Read fails as soon as it has read a length that is too large.
func (g *guard) Read(b []byte) (int, error) {
	n, err := g.Conn.Read(b)
	if scanErr := g.scan(b[:n]); scanErr != nil {
		return 0, scanErr
	}
	return n, err
}

// framing follows the frames of a stream. The zero value is at its beginning.
type framing struct {
	greeted int
	head    [9]byte // of the next frame: flags and length
	have    int     // bytes of head
	body    uint64  // bytes of the frame still to come
	message uint64  // bytes of the message so far
}

// scan takes the next bytes of the stream.
func (f *framing) scan(b []byte) error {
	n := min(greetingSize-f.greeted, len(b))
	f.greeted += n
	b = b[n:]
	for len(b) > 0 {
		if f.body > 0 {
			n := min(f.body, uint64(len(b)))
			f.body -= n
			b = b[n:]
			continue
		}
		f.head[f.have] = b[0]
		f.have++
		b = b[1:]
		if err := f.measure(); err != nil {
			return err
		}
	}
	return nil
}

// measure sets body once head is complete.
func (f *framing) measure() error {
	long := f.head[0]&longFlag != 0
	switch {
	case long && f.have == 9:
		f.body = binary.BigEndian.Uint64(f.head[1:])
	case !long && f.have == 2:
		f.body = uint64(f.head[1])
	default:
		return nil
	}
	f.have = 0
	f.message += frameCost
	if f.body > maxMessage || f.message+f.body > maxMessage {
		return errTooLong
	}
	f.message += f.body
	if f.head[0]&moreFlag == 0 {
		f.message = 0
	}
	return nil
}
