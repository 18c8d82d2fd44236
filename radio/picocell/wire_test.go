package picocell

import (
	"bytes"
	"encoding/binary"
	"io"
	"sync"
	"testing"
	"time"

	"gatewayd/radio"
)

// wire is a port in memory on which a test plays the device. It keeps the
// manners of a serial port with a read time-out.
type wire struct {
	mu     sync.Mutex
	answer func(w *wire, c []byte) // called for each write
	writes [][]byte
	stuck  bool
	err    error // of Read

	in     chan []byte
	rest   []byte
	closed chan struct{}
	once   sync.Once
}

func newWire(answer func(w *wire, c []byte)) *wire {
	return &wire{answer: answer, in: make(chan []byte, 1024), closed: make(chan struct{})}
}

// say sends bytes to the host.
func (w *wire) say(b []byte) { w.in <- bytes.Clone(b) }

func (w *wire) Read(b []byte) (int, error) {
	if len(w.rest) == 0 {
		if w.err != nil {
			return 0, w.err
		}
		select {
		case w.rest = <-w.in:
		case <-w.closed:
			return 0, io.EOF // at once, as after a hang-up
		case <-time.After(readTimeout):
			return 0, io.EOF
		}
	}
	n := copy(b, w.rest)
	w.rest = w.rest[n:]
	return n, nil
}

func (w *wire) Write(b []byte) (int, error) {
	if w.stuck {
		<-w.closed
		return 0, io.ErrClosedPipe
	}
	w.mu.Lock()
	w.writes = append(w.writes, bytes.Clone(b))
	w.mu.Unlock()
	if w.answer != nil {
		w.answer(w, b)
	}
	return len(b), nil
}

func (w *wire) Close() error {
	w.once.Do(func() { close(w.closed) })
	return nil
}

// device is a PicoCell after its bring-up: enough of it to receive and send.
// Its counter runs with the clock of the test's bubble.
type device struct {
	mu      sync.Mutex
	start   time.Time
	offset  uint32
	slow    time.Duration // before each answer
	answers map[byte]func() []byte
	heard   [][]byte // packets for the next answers to b
	log     []event
}

// event is one command that reached the device.
type event struct {
	id byte
	at time.Time
	c  []byte
}

func newDevice() *device {
	return &device{start: time.Now(), offset: 0xFFFF_0000, answers: make(map[byte]func() []byte)}
}

func (d *device) count(t time.Time) uint32 { return d.offset + uint32(t.Sub(d.start)/time.Microsecond) }

// reply is the wire.answer of d.
func (d *device) reply(w *wire, c []byte) {
	d.mu.Lock()
	now := time.Now()
	d.log = append(d.log, event{c[0], now, bytes.Clone(c)})
	own := d.answers[c[0]]
	b := d.usual(now, c)
	delay := d.slow
	if c[0] == cmdSend {
		delay = d.emission(now, c)
	}
	d.mu.Unlock()
	if own != nil {
		b = own()
	}
	go func() {
		select {
		case <-w.closed:
		case <-time.After(delay):
			if b != nil {
				w.say(b)
			}
		}
	}()
}

// emission is how long an `f` keeps the device busy.
func (d *device) emission(now time.Time, c []byte) time.Duration {
	lead := time.Duration(int32(binary.LittleEndian.Uint32(c[12:])-d.count(now))) * time.Microsecond
	if lead < 0 {
		return 10 * time.Second
	}
	return lead + 60*time.Millisecond
}

// usual is what a healthy device answers.
func (d *device) usual(now time.Time, c []byte) []byte {
	switch c[0] {
	case cmdHello:
		return []byte{'l', 0, 8, 1, 0, 1, 2, 3, 4, 5, 6, 7}
	case cmdCounter:
		return binary.BigEndian.AppendUint32([]byte{'q', 0, 4, 1}, d.count(now))
	case cmdReceive:
		if len(d.heard) == 0 {
			return []byte{'b', 0, 1, 1, 0}
		}
		b := d.heard[0]
		d.heard = d.heard[1:]
		return b
	default:
		return []byte{c[0], 0, 0, 1}
	}
}

// commands returns what came in so far with that id, and forgets nothing.
func (d *device) commands(id byte) []event {
	d.mu.Lock()
	defer d.mu.Unlock()
	var got []event
	for _, e := range d.log {
		if e.id == id {
			got = append(got, e)
		}
	}
	return got
}

// packetAnswer is an answer to b with n packets that ended at count.
func packetAnswer(n int, status byte, count uint32) []byte {
	data := []byte{byte(n)}
	for range n {
		p := make([]byte, packetMeta, packetMeta+3)
		binary.LittleEndian.PutUint32(p, 868_100_000)
		p[5] = status
		binary.LittleEndian.PutUint32(p[8:], count)
		p[13], p[14], p[16], p[20] = modLoRa, bw125, 2, 1
		p[42] = 3
		data = append(data, append(p, 1, 2, 3)...)
	}
	return command{id: 'b', addr: 1, data: data}.padded()
}

// padded encodes c as an answer, whose status is where the address is.
func (c command) padded() []byte {
	b := c.append(nil)
	if len(b)%usbPacket == 0 {
		b = append(b, 0)
	}
	return b
}

// bench is a session on a device that has come up, and the far ends of its
// channels.
type bench struct {
	*session
	up chan radio.Uplink
	tx chan radio.TxResult
}

func atWork(t *testing.T, d *device) (*Concentrator, *bench) {
	t.Helper()
	w := newWire(d.reply)
	c, err := New(Options{
		Name: "roof", Port: "wire", Board: EU868(),
		LoadImages: func() (Images, error) { return Images{}, nil },
		Open:       func(string) (io.ReadWriteCloser, error) { return w, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{up: make(chan radio.Uplink, 20), tx: make(chan radio.TxResult, 20)}
	b.session = &session{c: c, link: newLink(w, c.clock, &c.count), up: b.up, tx: b.tx}
	t.Cleanup(b.link.close)
	if err := b.sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.desk.open(b.line.anchor)
	return c, b
}
