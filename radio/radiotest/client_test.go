package radiotest

import (
	"errors"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// patience is how long a test waits for what must happen.
const patience = 20 * time.Second

// client is the raw host side of a serial port.
type client struct {
	t *testing.T
	f *os.File
}

func dial(t *testing.T, path string) *client {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	conn, err := f.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	err = conn.Control(func(fd uintptr) {
		raw := unix.Termios{Cflag: unix.CS8 | unix.CREAD | unix.CLOCAL | unix.B115200}
		raw.Cc[unix.VMIN] = 1
		if err := unix.IoctlSetTermios(int(fd), unix.TCSETS, &raw); err != nil {
			t.Error(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return &client{t: t, f: f}
}

// exchange writes a command with one write and reads the framed answer.
func (c *client) exchange(command []byte) []byte {
	c.t.Helper()
	c.write(command)
	head := c.read(headerSize)
	rest := dataLength(head)
	if (headerSize+rest)%usbPacket == 0 {
		rest++
	}
	return append(head, c.read(rest)...)
}

func (c *client) write(b []byte) {
	c.t.Helper()
	if _, err := c.f.Write(b); err != nil {
		c.t.Fatal(err)
	}
}

// read returns exactly n bytes.
func (c *client) read(n int) []byte {
	c.t.Helper()
	if err := c.f.SetReadDeadline(time.Now().Add(patience)); err != nil {
		c.t.Fatal(err)
	}
	b := make([]byte, n)
	for at := 0; at < n; {
		m, err := c.f.Read(b[at:])
		if err != nil {
			c.t.Fatalf("after %d of %d bytes (% x): %v", at, n, b[:at], err)
		}
		at += m
	}
	return b
}

// hangUp waits for the line to go away.
func (c *client) hangUp() {
	c.t.Helper()
	if err := c.f.SetReadDeadline(time.Now().Add(patience)); err != nil {
		c.t.Fatal(err)
	}
	for {
		if _, err := c.f.Read(make([]byte, 64)); errors.Is(err, os.ErrDeadlineExceeded) {
			c.t.Fatal("the line did not go away")
		} else if err != nil {
			return
		}
	}
}

// eventually waits for a state that no channel announces.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); !ok(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within %v", what, patience)
		}
	}
}
