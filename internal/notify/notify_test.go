package notify_test

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gatewayd/internal/notify"
)

// env is an environment as a literal.
type env map[string]string

func (e env) get(key string) string { return e[key] }

// manager listens as systemd would on name, and returns what it reads next.
func manager(t *testing.T, name string) (next func() string) {
	t.Helper()
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return func() string {
		t.Helper()
		buf := make([]byte, 4096)
		n, err := conn.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		return string(buf[:n])
	}
}

func TestStates(t *testing.T) {
	t.Parallel()
	for kind, socket := range map[string]string{
		"path":     filepath.Join(t.TempDir(), "notify"),
		"abstract": fmt.Sprintf("@gatewayd-notify-test-%d", os.Getpid()),
	} {
		next := manager(t, socket)
		n, err := notify.New(env{"NOTIFY_SOCKET": socket}.get)
		if err != nil {
			t.Fatal(err)
		}
		for _, tt := range []struct {
			send func() error
			want string
		}{
			{n.Ready, "READY=1"},
			{n.Watchdog, "WATCHDOG=1"},
			{n.Stopping, "STOPPING=1"},
			{func() error { return n.Status("3 nodes, 2 connected") }, "STATUS=3 nodes, 2 connected"},
			{func() error { return n.Status("a\nMAINPID=1\r") }, "STATUS=a MAINPID=1 "},
		} {
			if err := tt.send(); err != nil {
				t.Fatalf("%s: %v", kind, err)
			}
			if diff := cmp.Diff(tt.want, next()); diff != "" {
				t.Errorf("%s (-want +got):\n%s", kind, diff)
			}
		}
	}
}

func TestReloadingCarriesTheMonotonicTime(t *testing.T) {
	t.Parallel()
	socket := filepath.Join(t.TempDir(), "notify")
	next := manager(t, socket)
	n, err := notify.New(env{"NOTIFY_SOCKET": socket}.get)
	if err != nil {
		t.Fatal(err)
	}
	var stamps [2]uint64
	for i := range stamps {
		if err := n.Reloading(); err != nil {
			t.Fatal(err)
		}
		m := regexp.MustCompile(`^RELOADING=1\nMONOTONIC_USEC=([0-9]+)$`).FindStringSubmatch(next())
		if m == nil {
			t.Fatal("not a reload message with a time stamp")
		}
		if stamps[i], err = strconv.ParseUint(m[1], 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	if stamps[0] == 0 || stamps[1] < stamps[0] {
		t.Errorf("time stamps %v do not grow", stamps)
	}
}

func TestNilDoesNothing(t *testing.T) {
	t.Parallel()
	n, err := notify.New(env{"WATCHDOG_USEC": "1000000"}.get)
	if n != nil || err != nil {
		t.Fatalf("outside systemd: got %v, %v", n, err)
	}
	for _, send := range []func() error{n.Ready, n.Stopping, n.Reloading, n.Watchdog, func() error { return n.Status("x") }} {
		if err := send(); err != nil {
			t.Error(err)
		}
	}
	if d := n.WatchdogInterval(); d != 0 {
		t.Errorf("watchdog interval %v without a manager", d)
	}
}

func TestEnvironment(t *testing.T) {
	t.Parallel()
	self := strconv.Itoa(os.Getpid())
	for _, tt := range []struct {
		name     string
		env      env
		watchdog time.Duration
		err      string // part of it; empty: none
	}{
		{"no watchdog", env{"NOTIFY_SOCKET": "/run/x"}, 0, ""},
		{"watchdog", env{"NOTIFY_SOCKET": "/run/x", "WATCHDOG_USEC": "30000000"}, 30 * time.Second, ""},
		{"ours", env{"NOTIFY_SOCKET": "/run/x", "WATCHDOG_USEC": "1", "WATCHDOG_PID": self}, time.Microsecond, ""},
		{"another's", env{"NOTIFY_SOCKET": "/run/x", "WATCHDOG_USEC": "1", "WATCHDOG_PID": "1" + self}, 0, ""},
		{"garbage", env{"NOTIFY_SOCKET": "/run/x", "WATCHDOG_USEC": "soon"}, 0, `WATCHDOG_USEC "soon"`},
		{"zero", env{"NOTIFY_SOCKET": "/run/x", "WATCHDOG_USEC": "0"}, 0, "WATCHDOG_USEC"},
		{"too long", env{"NOTIFY_SOCKET": "/run/x", "WATCHDOG_USEC": "18446744073709551615"}, 0, "WATCHDOG_USEC"},
		{"not a socket", env{"NOTIFY_SOCKET": "vsock:2:1"}, 0, `NOTIFY_SOCKET "vsock:2:1"`},
	} {
		n, err := notify.New(tt.env.get)
		if got := n.WatchdogInterval(); got != tt.watchdog {
			t.Errorf("%s: watchdog interval %v, want %v", tt.name, got, tt.watchdog)
		}
		if (err != nil) != (tt.err != "") || (err != nil && !strings.Contains(err.Error(), tt.err)) {
			t.Errorf("%s: got error %v, want %q", tt.name, err, tt.err)
		}
	}
}

func TestManagerGone(t *testing.T) {
	t.Parallel()
	n, err := notify.New(env{"NOTIFY_SOCKET": filepath.Join(t.TempDir(), "gone")}.get)
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Ready(); err == nil || !strings.Contains(err.Error(), "notify systemd") {
		t.Fatalf("got %v", err)
	}
}
