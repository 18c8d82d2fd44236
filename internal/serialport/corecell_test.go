package serialport

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/creack/pty"
)

const pong = "\x01\x00\x15\x40" + "\x00\x1a\x00\x3b\x34\x34\x51\x0d\x36\x39\x31\x31" + "V01.00.00"

func TestParsePong(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ answer, want string }{
		"Semtech's":     {pong, "V01.00.00"},
		"debug build":   {strings.Replace(pong, "V01", "D02", 1), "D02.00.00"},
		"another id":    {"\x02" + pong[1:], ""},
		"another order": {strings.Replace(pong, "\x40", "\x41", 1), ""},
		"an error":      {strings.Replace(pong, "\x40", "\xff", 1), ""},
		"cut off":       {pong[:20], ""},
		"too long":      {pong + "x", ""},
		"no text":       {strings.Replace(pong, "V01", "\x00\x01\x02", 1), ""},
		"nothing":       {"", ""},
	} {
		got, err := parsePong([]byte(tt.answer))
		if got != tt.want || (err == nil) != (tt.want != "") {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

func FuzzParsePong(f *testing.F) {
	f.Add([]byte(pong))
	f.Add([]byte{1, 0, 0x15, 0x40})
	f.Fuzz(func(t *testing.T, b []byte) {
		version, err := parsePong(b)
		if err == nil && (len(version) != versionSize || !bytes.HasSuffix(b, []byte(version))) {
			t.Errorf("%x gives %q", b, version)
		}
	})
}

// behind puts a device on a pseudo-terminal that reads a PING and gives that
// answer.
func behind(t *testing.T, answer string) (device string) {
	t.Helper()
	master, slave, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = slave.Close(), master.Close() })
	go func() {
		ping := make([]byte, headerSize)
		if _, err := io.ReadFull(master, ping); err != nil || !bytes.Equal(ping, pingFrame()) {
			t.Errorf("got %x, %v", ping, err)
			return
		}
		_, _ = master.WriteString(answer)
	}()
	return slave.Name()
}

func TestPing(t *testing.T) {
	t.Parallel()
	if got, err := Ping(behind(t, pong)); err != nil || got != "V01.00.00" {
		t.Errorf("a CoreCell: %q, %v", got, err)
	}
	for name, answer := range map[string]string{"silence": "", "a few bytes": "\x01\x00\x15", "a modem": "+TEST: ERROR(-1) at this length\r\n"} {
		if got, err := Ping(behind(t, answer)); err == nil {
			t.Errorf("%s: %q", name, got)
		}
	}
	if _, err := Ping("/nonexistent"); err == nil {
		t.Error("no port: no error")
	}
	if _, err := Ping("/dev/null"); err == nil {
		t.Error("no terminal: no error")
	}
}
