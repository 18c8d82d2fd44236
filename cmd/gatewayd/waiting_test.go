package main

import (
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// serviceManager listens as systemd would. said returns once the daemon has
// said something that begins with want.
func serviceManager(t *testing.T) (socket string, said func(want string) string) {
	t.Helper()
	socket = filepath.Join(t.TempDir(), "notify")
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return socket, func(want string) string {
		t.Helper()
		if err := l.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		for buf := make([]byte, 4096); ; {
			size, err := l.Read(buf)
			if err != nil {
				t.Fatalf("waiting for %s: %v", want, err)
			}
			if got := string(buf[:size]); strings.HasPrefix(got, want) {
				return got
			}
		}
	}
}

// A service that has just been installed waits, and says what for. It goes on
// when it is told that the configuration is there.
func TestWaitsForConfiguration(t *testing.T) {
	t.Parallel()
	s, err := newStage(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.close() })
	socket, said := serviceManager(t)
	path := filepath.Join(t.TempDir(), "gatewayd.toml")
	d := spawn(t, path, "NOTIFY_SOCKET="+socket, "WATCHDOG_USEC=400000", "WATCHDOG_PID=")
	said("READY=1")
	if status := said("STATUS="); !strings.Contains(status, "waiting for a configuration: write "+path) || !strings.Contains(status, "systemctl restart gatewayd") {
		t.Errorf("%q does not say what to do", status)
	}
	said("WATCHDOG=1")
	d.signal(t, syscall.SIGHUP)
	said("RELOADING=1")
	said("READY=1")

	config, err := os.ReadFile(s.config)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, config, 0o600); err != nil {
		t.Fatal(err)
	}
	said("STATUS=waiting: " + path + " is there now")
	d.signal(t, syscall.SIGHUP)
	said("READY=1")
	said("STATUS=picocell0 ")
	d.terminate(t)
	if !strings.Contains(d.stderr.String(), "no configuration yet") {
		t.Errorf("the log does not tell\n%s", d.stderr)
	}
}

func TestWaitingEnds(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		content string // of the configuration, before the signal
		signal  syscall.Signal
		code    int
	}{
		"told to stop":        {"", syscall.SIGTERM, exitOK},
		"wrong configuration": {"hub = 1\n", syscall.SIGHUP, exitUsage},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			socket, said := serviceManager(t)
			path := filepath.Join(t.TempDir(), "gatewayd.toml")
			d := spawn(t, path, "NOTIFY_SOCKET="+socket, "WATCHDOG_USEC=")
			said("STATUS=waiting for a configuration")
			if tt.content != "" {
				if err := os.WriteFile(path, []byte(tt.content), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			d.signal(t, tt.signal)
			err := <-d.exited
			var exit *exec.ExitError
			if err != nil && !errors.As(err, &exit) {
				t.Fatal(err)
			}
			if got := d.cmd.ProcessState.ExitCode(); got != tt.code {
				t.Errorf("exit code %d, want %d\n%s", got, tt.code, d.stderr)
			}
		})
	}
}

// Nobody would see what a daemon waits for that was started by hand.
func TestNoWaitingWithoutServiceManager(t *testing.T) {
	t.Parallel()
	d := spawn(t, filepath.Join(t.TempDir(), "gatewayd.toml"), "NOTIFY_SOCKET=")
	if err := <-d.exited; err == nil || d.cmd.ProcessState.ExitCode() != exitUsage {
		t.Errorf("ended with %v, want exit code %d\n%s", err, exitUsage, d.stderr)
	}
}

func (c *child) signal(t *testing.T, s os.Signal) {
	t.Helper()
	if err := c.cmd.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}
