package picocell

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
)

func TestOpenPortThatIsNone(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		path string
		want string
		is   error
	}{
		{filepath.Join(t.TempDir(), "ttyACM0"), "is the concentrator plugged in?", fs.ErrNotExist},
		{file, "not a serial port", syscall.ENOTTY},
	}
	for _, tt := range tests {
		_, err := openPort(tt.path)
		if !errors.Is(err, tt.is) || !strings.Contains(err.Error(), tt.want) || strings.Count(err.Error(), tt.path) != 1 {
			t.Errorf("%s: got %v, want %q", tt.path, err, tt.want)
		}
	}
}

func TestExplainOpen(t *testing.T) {
	for errno, want := range map[syscall.Errno]string{
		syscall.EACCES: "dialout", syscall.EBUSY: "in use by another program", syscall.ENXIO: "plugged in?", syscall.EINVAL: "invalid argument",
	} {
		err := explainOpen("/dev/ttyACM0", &fs.PathError{Op: "open", Path: "/dev/ttyACM0", Err: errno})
		if !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "/dev/ttyACM0: ") {
			t.Errorf("%s: got %v, want %q", errno, err, want)
		}
	}
}

func TestOpenPortIsExclusiveUntilClosed(t *testing.T) {
	master, slave, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer master.Close()
	defer slave.Close()
	p, err := openPort(slave.Name())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := openPort(slave.Name()); !errors.Is(err, ErrPortInUse) {
		t.Errorf("second open: %v", err)
	}
	start := time.Now()
	if n, _ := p.Read(make([]byte, 1)); n != 0 {
		t.Errorf("read %d bytes of nothing", n)
	}
	if took := time.Since(start); took > 10*readTimeout {
		t.Errorf("a read without data took %s", took)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	if err := p.Close(); err != nil {
		t.Errorf("second close: %v", err)
	}
	again, err := openPort(slave.Name())
	if err != nil {
		t.Fatal(err)
	}
	again.Close()
}
