package concentratord_test

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"gatewayd/radio"
	"gatewayd/radio/radiotest"
	sim "gatewayd/radio/radiotest/concentratord"
)

// client is a ZeroMQ socket by hand.
type client struct {
	t    *testing.T
	conn net.Conn
}

// connect does the handshake as a socket of that type.
func connect(t *testing.T, url, socketType string) *client {
	t.Helper()
	conn, err := net.Dial("unix", strings.TrimPrefix(url, "ipc://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	c := &client{t, conn}
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	c.write("\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f\x03\x00NULL" + strings.Repeat("\x00", 48))
	c.write("\x04\x19\x05READY\x0bSocket-Type\x00\x00\x00\x03" + socketType)
	if g := c.read(64); !strings.HasPrefix(g, "\xff") || g[12:17] != "NULL\x00" {
		t.Fatalf("greeting %q", g)
	}
	if ready := c.read(2); ready[0] != 4 || !strings.HasPrefix(c.read(int(ready[1])), "\x05READY") {
		t.Fatal("no READY")
	}
	return c
}

func (c *client) write(s string) {
	c.t.Helper()
	if _, err := io.WriteString(c.conn, s); err != nil {
		c.t.Fatal(err)
	}
}

func (c *client) read(n int) string {
	c.t.Helper()
	b := make([]byte, n)
	if _, err := io.ReadFull(c.conn, b); err != nil {
		c.t.Fatal(err)
	}
	return string(b)
}

// frames reads a message of short frames.
func (c *client) frames() []string {
	c.t.Helper()
	var out []string
	for {
		head := c.read(2)
		out = append(out, c.read(int(head[1])))
		if head[0]&1 == 0 {
			return out
		}
	}
}

// ask sends a request of short frames and returns the reply.
func (c *client) ask(frames ...string) string {
	c.t.Helper()
	c.write("\x01\x00")
	for i, f := range frames {
		more := "\x01"
		if i == len(frames)-1 {
			more = "\x00"
		}
		c.write(more + string(rune(len(f))) + f)
	}
	reply := c.frames()
	if len(reply) != 2 || reply[0] != "" {
		c.t.Fatalf("reply %q", reply)
	}
	return reply[1]
}

func power(t *testing.T, o sim.Options) *sim.Concentratord {
	t.Helper()
	s, err := sim.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestEvents(t *testing.T) {
	t.Parallel()
	for before45, want := range map[bool]int{false: 1, true: 2} {
		s := power(t, sim.Options{Before45: before45, StartCount: 5})
		events, commands := s.URLs()
		p := radiotest.Packet{Frequency: 868_100_000, DataRate: radio.LoRaDataRate(7, 125_000), Payload: []byte{0x40}, Count: 77}
		if err := s.Hear(p); !errors.Is(err, radiotest.ErrNotReceiving) {
			t.Errorf("without a subscriber: %v", err)
		}
		sub, req := connect(t, events, "SUB"), connect(t, commands, "REQ")
		sub.write("\x00\x01\x01")
		id := req.ask("\x1a\x00")
		if before45 {
			if id != "" {
				t.Errorf("answered a command of 4.5: %q", id)
			}
			id = hex.EncodeToString([]byte(req.ask("gateway_id", "")))
		}
		if !strings.HasSuffix(id, "0016c001ff10d3f6") {
			t.Errorf("gateway id %q", id)
		}
		<-s.Ready()
		if err := s.Hear(p); err != nil {
			t.Fatal(err)
		}
		got := sub.frames()
		if len(got) != want || before45 && got[0] != "up" || !strings.Contains(got[want-1], "\x6a\x04\x00\x00\x00\x4d") {
			t.Errorf("event %q", got)
		}
		if v := s.Violations(); len(v) != 0 {
			t.Errorf("violations %q", v)
		}
	}
}

func TestDownlink(t *testing.T) {
	t.Parallel()
	s := power(t, sim.Options{})
	_, commands := s.URLs()
	req := connect(t, commands, "REQ")
	const eui = "\x3a\x100016c001ff10d3f6"
	lora := "\x1a\x10\x1a\x0e\x08\xc8\xd0\x07\x10\x07\x20\x01\x28\x01\x30\x08\x38\x01"
	frame := func(timing string) string {
		tx := "\x08\xa0\xcf\xf8\x9d\x03\x10\x0e" + lora + timing
		item := "\x0a\x01\x60\x1a" + string(rune(len(tx))) + tx
		down := "\x18\x07\x2a" + string(rune(len(item))) + item + eui
		return "\x0a" + string(rune(len(down))) + down
	}
	context := string(binary.BigEndian.AppendUint32([]byte{0x3a, 4}, s.Count()))
	const ok, refused = "\x10\x07\x2a\x02\x08\x01", "\x10\x07\x2a\x02\x08\x06"
	if got := req.ask(frame("\x32\x06\x12\x04\x0a\x02\x08\x01" + context)); !strings.HasPrefix(got, ok) {
		t.Errorf("acknowledgement %q", got)
	}
	if e := <-s.Emissions(); e.Count != s.Count() && e.Ahead > time.Second || e.Frequency != 868_100_000 || !e.InvertIQ || e.CRC || e.Preamble != 8 {
		t.Errorf("emitted %+v", e)
	}
	s.Refuse(6)
	if got := req.ask(frame("\x32\x02\x0a\x00")); !strings.HasPrefix(got, refused) {
		t.Errorf("acknowledgement %q", got)
	}
	for _, bad := range []string{"\x0a\x02\x2a\x00", frame("\x32\x06\x12\x04\x0a\x02\x08\x01" + "\x3a\x01x"), frame(""), "\xff"} {
		if got := req.ask(bad); got != "" {
			t.Errorf("%q answered with %q", bad, got)
		}
	}
	if v := s.Violations(); len(v) < 4 {
		t.Errorf("violations %q", v)
	}
}

func TestComesAndGoes(t *testing.T) {
	t.Parallel()
	s := power(t, sim.Options{StartCount: 5})
	events, _ := s.URLs()
	sub := connect(t, events, "SUB")
	s.Unplug()
	if _, err := sub.conn.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("connection goes on: %v", err)
	}
	if _, err := os.Stat(strings.TrimPrefix(events, "ipc://")); err == nil {
		t.Error("socket is still there")
	}
	if err := s.Replug(); err != nil {
		t.Fatal(err)
	}
	if err := s.Replug(); err == nil {
		t.Error("started twice")
	}
	connect(t, events, "SUB")
	if err := s.Restart(1_000_000_000); err != nil || s.Count() < 1_000_000_000 {
		t.Errorf("counter at %d, %v", s.Count(), err)
	}
}
