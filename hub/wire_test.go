package hub

import (
	"bytes"
	"errors"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// stream is a connection that gives out bytes and takes none.
type stream struct {
	net.Conn
	*bytes.Reader
}

func (s stream) Read(b []byte) (int, error) { return s.Reader.Read(b) }
func (stream) Close() error                 { return nil }

func streamWire(s string) *wire {
	c := stream{Reader: bytes.NewReader([]byte(s))}
	return newWire(c, c)
}

func TestWireRead(t *testing.T) {
	const connack = "\x20\x02\x00\x00"
	tests := []struct {
		name, stream, want string
	}{
		{"nothing", "", "EOF"},
		{"CONNACK", connack, "EOF"},
		{"all kinds", connack + "\x90\x03\x00\x01\x01" + "\x40\x02\x00\x02" + "\xd0\x00" + "\x32\x05\x00\x01a\x00\x07", "EOF"},
		{"not CONNACK first", "\xd0\x00", "out of turn"},
		{"CONNACK twice", connack + connack, "out of turn"},
		{"long CONNACK", "\x20\x03\x00\x00\x00", "type 2"},
		{"CONNECT", connack + "\x10\x00", "type 1"},
		{"PUBREC", connack + "\x50\x02\x00\x01", "type 5"},
		{"SUBACK of five", connack + "\x90\x07\x00\x01\x01\x01\x01\x01\x01", "type 9"},
		{"SUBACK of none", connack + "\x90\x02\x00\x01", "type 9"},
		{"PUBACK with flags", connack + "\x42\x02\x00\x01", "type 4"},
		{"QoS 2", connack + "\x34\x05\x00\x01a\x00\x07", "type 3"},
		{"QoS 3", connack + "\x36\x05\x00\x01a\x00\x07", "type 3"},
		{"256 MB", connack + "\x30\xff\xff\xff\x7f", "type 3"},
		{"length without end", connack + "\x30\xff\xff\xff\xff", "no end"},
		{"empty PUBLISH", connack + "\x30\x00", "type 3"},
		{"topic beyond the end", connack + "\x30\x03\x00\x09a", "type 3"},
		{"no packet id", connack + "\x32\x03\x00\x01a", "type 3"},
		{"packet id 0", connack + "\x32\x05\x00\x01a\x00\x00", "without packet id"},
		{"cut in the length", connack + "\x30", "unexpected EOF"},
		{"cut in the body", connack + "\x30\x05\x00\x01a", "unexpected EOF"},
		{"cut in a large body", connack + "\x30\xff\xff\x0f" + strings.Repeat("x", 5000), "unexpected EOF"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := streamWire(tt.stream)
			var err error
			for err == nil {
				_, err = w.read()
			}
			checkError(t, err, tt.want, "")
			if _, again := w.read(); !errors.Is(again, err) {
				t.Errorf("the reason became %v", again)
			}
		})
	}
}

// Whatever comes, what is read is what the library reads, no more is let
// through, and no more memory is taken than has come.
func FuzzWireRead(f *testing.F) {
	f.Add([]byte("\x20\x02\x00\x00\x90\x03\x00\x01\x01\x40\x02\x00\x02"))
	f.Add([]byte("\x20\x02\x00\x00\x32\x07\x00\x01a\x00\x07hi\xd0\x00"))
	f.Add([]byte("\x20\x02\x00\x00\x31\x07\x00\x010kept"))
	f.Add([]byte("\x20\x82\x00\x00\x00\x30\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, in []byte) {
		w, reference := streamWire(string(in)), bytes.NewReader(in)
		for {
			got, err := w.read()
			if err != nil {
				return
			}
			want, err := packets.ReadPacket(reference)
			if err != nil || got.String() != want.String() {
				t.Fatalf("read %v, the library %v, %v", got, want, err)
			}
		}
	})
}

// A packet that is announced and does not come takes no memory.
func TestWireMemory(t *testing.T) {
	const announced = 320_000
	w := streamWire("\x20\x02\x00\x00\x30\x80\xc4\x13" + strings.Repeat("x", 100))
	if _, err := w.read(); err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := w.read()
	runtime.ReadMemStats(&after)
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("error %v", err)
	}
	if took := after.TotalAlloc - before.TotalAlloc; took > announced/10 {
		t.Errorf("%d bytes taken for 100", took)
	}
}

// Writers take turns; one that the peer keeps waiting is cut off, and so are
// those behind it.
func TestWireWriteTimesOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := net.Pipe()
		defer server.Close()
		w := newWire(timedConn{client}, client)
		results := make(chan error, 3)
		begin := time.Now()
		for range 3 {
			go func() { results <- w.write(packets.NewControlPacket(packets.Pingreq)) }()
		}
		for range 3 {
			if err := <-results; !errors.Is(err, errStalled) {
				t.Errorf("error %v", err)
			}
		}
		if took := time.Since(begin); took != writeTimeout {
			t.Errorf("took %v", took)
		}
	})
}

func TestWindow(t *testing.T) {
	var w window
	begin := time.Now()
	for i := range uint64(3) {
		if id := w.add(flight{seq: 10 + i, sent: begin.Add(time.Duration(i))}); uint64(id) != i+1 {
			t.Fatalf("flight %d got packet id %d", i, id)
		}
	}
	if w.room() != maxInFlight-3 {
		t.Errorf("room for %d", w.room())
	}
	for _, tt := range []struct {
		id     uint16
		seq    uint64
		ok     bool
		oldest time.Duration // of what is left, -1: nothing is
	}{{9, 0, false, 0}, {1, 10, true, 1}, {1, 0, false, 1}, {3, 12, true, 1}, {2, 11, true, -1}} {
		if f, ok := w.settle(tt.id); f.seq != tt.seq || ok != tt.ok {
			t.Errorf("PUBACK %d settles %d, %v; want %d, %v", tt.id, f.seq, ok, tt.seq, tt.ok)
		}
		sent, ok := w.oldest()
		if ok != (tt.oldest >= 0) || ok && sent.Sub(begin) != tt.oldest {
			t.Errorf("after PUBACK %d the oldest is of %v, %v", tt.id, sent.Sub(begin), ok)
		}
	}
}

// Packet ids go round, past 0 and past those in flight.
func TestWindowPacketIDs(t *testing.T) {
	w := window{latest: 65_533}
	for _, want := range []uint16{65_534, 65_535, 1, 2} {
		if id := w.add(flight{}); id != want {
			t.Errorf("packet id %d, want %d", id, want)
		}
	}
	w.latest = 65_533
	if id := w.add(flight{}); id != 3 {
		t.Errorf("packet id %d, want 3", id)
	}
}
