package hub

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// Bounds of the ways out of a connection.
const (
	// writeTimeout bounds one write to the network, which is a TLS record or
	// less. A peer that stops reading is found out by it.
	writeTimeout      = 5 * time.Second
	disconnectTimeout = 500 * time.Millisecond
)

// errSilent is a connection on which no PINGRESP came.
var errSilent = errors.New("no answer to PINGREQ")

// smallPacket is up to which size room is made before the bytes are there.
const smallPacket = 4096

// wire carries MQTT packets over one network connection. One goroutine reads;
// any may write. The first failure ends it, and is its reason.
//
// It has no buffers of its own: crypto/tls keeps the record that is being
// read, and a packet is written as one record.
type wire struct {
	stream net.Conn // TLS, or WebSocket over it
	raw    net.Conn // what stream runs over

	// Owned by the goroutine that reads.
	one     [1]byte
	greeted bool // CONNACK has come

	sending chan struct{} // capacity 1: held by the one that writes

	mu    sync.Mutex
	err   error
	sent  time.Time // latest write
	heard time.Time // latest bytes
}

func newWire(stream, raw net.Conn) *wire {
	now := time.Now()
	return &wire{stream: stream, raw: raw, sending: make(chan struct{}, 1), sent: now, heard: now}
}

// read returns the next packet. What it returns is one of the five kinds that
// a hub sends, well-formed.
func (w *wire) read() (packets.ControlPacket, error) {
	p, err := w.next()
	if err != nil {
		if w.note(err) { // else it has been ended, or is to be ended in good order
			_ = w.raw.Close() // nothing depends on how it ends
		}
		return nil, w.reason()
	}
	w.mu.Lock()
	w.heard = time.Now()
	w.mu.Unlock()
	return p, nil
}

func (w *wire) next() (packets.ControlPacket, error) {
	h, err := w.header()
	if err != nil {
		return nil, err
	}
	if err := h.check(w.greeted); err != nil {
		return nil, err
	}
	w.greeted = true
	p, err := packets.NewControlPacketWithHeader(packets.FixedHeader{
		MessageType: h.kind, Dup: h.flags&8 != 0, Qos: h.flags >> 1 & 3, Retain: h.flags&1 != 0, RemainingLength: h.length,
	})
	if err != nil {
		return nil, err
	}
	body, err := w.body(h.length)
	if err != nil {
		return nil, err
	}
	if err := p.Unpack(bytes.NewBuffer(body)); err != nil {
		return nil, fmt.Errorf("protocol violation: packet type %d: %w", h.kind, err)
	}
	if publish, is := p.(*packets.PublishPacket); is && publish.Qos > 0 && publish.MessageID == 0 {
		return nil, errors.New("protocol violation: PUBLISH of QoS 1 without packet id")
	}
	return p, nil
}

// header reads type, flags and remaining length: MQTT 3.1.1 section 2.2.
func (w *wire) header() (header, error) {
	first, err := w.octet()
	if err != nil {
		return header{}, err
	}
	h := header{kind: first >> 4, flags: first & 0x0f}
	for shift := 0; ; shift += 7 {
		if shift > 21 {
			return header{}, fmt.Errorf("protocol violation: length of packet type %d has no end", h.kind)
		}
		b, err := w.octet()
		if err != nil {
			return header{}, unexpected(err)
		}
		h.length |= int(b&0x7f) << shift
		if b&0x80 == 0 {
			return h, nil
		}
	}
}

func (w *wire) octet() (byte, error) {
	_, err := io.ReadFull(w.stream, w.one[:])
	return w.one[0], err
}

// body reads the rest of a packet. A large one takes memory as it comes, not
// as it is announced.
func (w *wire) body(length int) ([]byte, error) {
	if length <= smallPacket {
		b := make([]byte, length)
		_, err := io.ReadFull(w.stream, b)
		return b, unexpected(err)
	}
	var b bytes.Buffer
	_, err := io.CopyN(&b, w.stream, int64(length))
	return b.Bytes(), unexpected(err)
}

// unexpected is an end inside a packet.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// write sends p, whole and before any other.
func (w *wire) write(p packets.ControlPacket) error {
	w.sending <- struct{}{}
	defer func() { <-w.sending }()
	if err := w.reason(); err != nil {
		return err
	}
	if err := p.Write(w.stream); err != nil {
		if timedOut(err) {
			err = fmt.Errorf("%w: %w", errStalled, err)
		}
		w.fail(err)
		return w.reason()
	}
	w.mu.Lock()
	w.sent = time.Now()
	w.mu.Unlock()
	return nil
}

// quiet is for how long nothing has gone out, or nothing has come in,
// whichever is longer.
func (w *wire) quiet() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.sent.Before(w.heard) {
		return time.Since(w.sent)
	}
	return time.Since(w.heard)
}

// interrupt frees the goroutine in read, which fails.
func (w *wire) interrupt(why error) {
	w.note(why)
	_ = w.raw.SetReadDeadline(time.Unix(1, 0)) // a closed connection has freed it already
}

// close says DISCONNECT and ends the connection, within disconnectTimeout.
func (w *wire) close() {
	cut := time.AfterFunc(disconnectTimeout, func() { _ = w.raw.Close() })
	defer cut.Stop()
	w.sending <- struct{}{}
	defer func() { <-w.sending }()
	if packets.NewControlPacket(packets.Disconnect).Write(w.stream) == nil {
		_ = w.stream.Close() // tells TLS's end too; nothing depends on how it goes
	}
	_ = w.raw.Close()
}

// fail ends the connection at once, without a word to the peer. It never
// blocks, and frees whoever reads or writes. The first reason stays.
func (w *wire) fail(err error) {
	w.note(err)
	_ = w.raw.Close() // nothing depends on how it ends
}

// note keeps the first reason, and reports whether err is that.
func (w *wire) note(err error) (first bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return false
	}
	w.err = err
	return true
}

// reason is why the connection has ended, nil while it has not.
func (w *wire) reason() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}

// timedConn gives each write its own time limit.
type timedConn struct{ net.Conn }

// Write fails when the peer does not make room in time.
func (c timedConn) Write(b []byte) (int, error) {
	if err := c.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return 0, err
	}
	return c.Conn.Write(b)
}
