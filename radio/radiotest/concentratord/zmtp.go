package concentratord

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
)

// Flags of a ZMTP frame.
const (
	flagMore    = 0x01
	flagLong    = 0x02
	flagCommand = 0x04
)

var errPeer = errors.New("the peer does not speak ZMTP 3 with the NULL mechanism")

// peer is a ZMTP connection after the handshake.
type peer struct {
	conn net.Conn
	r    *bufio.Reader
}

// accept does the handshake as a socket of that type.
func accept(conn net.Conn, socketType string) (*peer, error) {
	greeting := make([]byte, 64)
	greeting[0], greeting[9], greeting[10] = 0xff, 0x7f, 3
	copy(greeting[12:], "NULL")
	if _, err := conn.Write(greeting); err != nil {
		return nil, err
	}
	p := &peer{conn: conn, r: bufio.NewReader(conn)}
	got := make([]byte, 64)
	if _, err := io.ReadFull(p.r, got); err != nil {
		return nil, err
	}
	if got[0] != 0xff || got[9] != 0x7f || got[10] < 3 || string(got[12:17]) != "NULL\x00" {
		return nil, errPeer
	}
	ready := []byte("\x05READY\x0bSocket-Type")
	ready = append(binary.BigEndian.AppendUint32(ready, uint32(len(socketType))), socketType...)
	if _, err := conn.Write(append([]byte{flagCommand, byte(len(ready))}, ready...)); err != nil {
		return nil, err
	}
	if flags, body, err := p.frame(); err != nil || flags&flagCommand == 0 || len(body) < 6 || string(body[:6]) != "\x05READY" {
		return nil, fmt.Errorf("%w: %x %q %w", errPeer, flags, body, err)
	}
	return p, nil
}

// frame reads one frame.
func (p *peer) frame() (flags byte, body []byte, err error) {
	if flags, err = p.r.ReadByte(); err != nil {
		return 0, nil, err
	}
	length := make([]byte, 1)
	if flags&flagLong != 0 {
		length = make([]byte, 8)
	}
	if _, err := io.ReadFull(p.r, length); err != nil {
		return 0, nil, err
	}
	n := uint64(length[0])
	if len(length) == 8 {
		n = binary.BigEndian.Uint64(length)
	}
	if n > 1<<20 {
		return 0, nil, errPeer
	}
	body = make([]byte, n)
	_, err = io.ReadFull(p.r, body)
	return flags, body, err
}

// message reads the frames of one message.
func (p *peer) message() ([][]byte, error) {
	var frames [][]byte
	for {
		flags, body, err := p.frame()
		if err != nil {
			return nil, err
		}
		frames = append(frames, body)
		if flags&flagMore == 0 {
			return frames, nil
		}
	}
}

// send writes the frames of one message.
func (p *peer) send(frames ...[]byte) error {
	var b []byte
	for i, f := range frames {
		flags := byte(0)
		if i < len(frames)-1 {
			flags = flagMore
		}
		if len(f) < 256 {
			b = append(b, flags, byte(len(f)))
		} else {
			b = binary.BigEndian.AppendUint64(append(b, flags|flagLong), uint64(len(f)))
		}
		b = append(b, f...)
	}
	_, err := p.conn.Write(b)
	return err
}
