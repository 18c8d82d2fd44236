package doctor

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"gatewayd/internal/serialport"
)

// expect compares findings, each as "level what | fix", by what they contain.
func expect(t *testing.T, got []Finding, want ...string) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d findings, want %d: %+v", len(got), len(want), got)
	}
	for i, f := range got {
		line := string(f.Level) + " " + f.What + " | " + f.Fix
		for part := range strings.SplitSeq(want[i], "...") {
			if !strings.Contains(line, part) {
				t.Errorf("finding %d is %q, want %q in it", i, line, part)
			}
		}
		if (f.Level == OK) != (f.Fix == "") {
			t.Errorf("finding %d: %+v: what is not well says what to do, and only that", i, f)
		}
	}
}

func TestPort(t *testing.T) {
	t.Parallel()
	ports := []serialport.Port{
		{Device: "/dev/ttyACM0", Serial: "ABC", Board: serialport.PicoCell},
		{Device: "/dev/ttyACM1", Board: serialport.CoreCell, Firmware: "V01.00.00"},
		{Device: "/dev/ttyACM2", Board: serialport.STM32},
		{Device: "/dev/ttyUSB0"},
	}
	m := Machine{
		Root: fstest.MapFS{
			"proc/12/comm": {Data: []byte("lora_pkt_fwd\n")}, "proc/12/fd/3": {}, "proc/12/fd/4": {},
			"proc/self/fd/3": {}, "proc/13/comm": {Data: []byte("gone")},
		},
		Readlink: func(name string) (string, error) {
			if name == "/proc/12/fd/4" {
				return "/dev/ttyUSB0", nil
			}
			return "/dev/null", nil
		},
		Access: func(device string) error {
			switch device {
			case "/dev/ttyACM2":
				return os.ErrPermission
			case "/dev/ttyACM9":
				return fs.ErrNotExist
			}
			return nil
		},
		Resolve: func(name string) (string, error) {
			if name == "/dev/link" {
				return "/dev/ttyACM0", nil
			}
			return name, nil
		},
	}
	for _, tt := range []struct {
		name   string
		daemon bool
		want   []string
	}{
		{"/dev/link", false, []string{"ok c: /dev/ttyACM0 is there"}},
		{"usb:ABC", false, []string{"ok c: /dev/ttyACM0 is there"}},
		{"usb:XYZ", false, []string{"problem c: usb:XYZ: no device... | plug it in...ttyACM1"}},
		{"/dev/ttyACM1", false, []string{"problem c: behind /dev/ttyACM1 is a CoreCell...V01.00.00... | run Concentratord"}},
		{"/dev/ttyACM2", false, []string{"problem c: /dev/ttyACM2 may not be opened... | sudo usermod -aG dialout"}},
		{"/dev/ttyACM9", false, []string{"problem c: /dev/ttyACM9: file does not exist"}},
		{"/dev/ttyUSB0", false, []string{"problem c: /dev/ttyUSB0 is in use by lora_pkt_fwd (process 12) | stop it"}},
		{"/dev/ttyUSB0", true, []string{"ok c: /dev/ttyUSB0 is there"}},
	} {
		expect(t, m.Port("c", tt.name, ports, tt.daemon), tt.want...)
	}
	expect(t, m.Boards(ports, []string{"usb:ABC"}),
		"warning /dev/ttyACM1 is a CoreCell... | run Concentratord", "warning /dev/ttyACM2 is an STM32... | gatewayd ports --probe")
	expect(t, m.Boards(ports[:1], nil), `warning /dev/ttyACM0 is a PicoCell... | [[concentrator]]`)
}

func TestSpace(t *testing.T) {
	t.Parallel()
	expect(t, []Finding{Space("d", 1e6), Space("d", 100e6), Space("d", 1e9)}, "problem 1 MB... | make room: df -h d", "warning 100 MB", "ok 1000 MB")
}

func TestStateDir(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	expect(t, StateDir(dir+"/none"), "warning ...is not there | install -d -o gatewayd")
	if err := os.WriteFile(dir+"/file", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	expect(t, StateDir(dir+"/file"), "problem ...is no directory")
	if err := os.Chmod(dir, 0o750); err != nil {
		t.Fatal(err)
	}
	if got := StateDir(dir); len(got) < 2 || got[0].Level != Warning || !strings.Contains(got[0].What, "0750") {
		t.Errorf("of a directory that others may read: %+v", got)
	}
}

func TestExpiry(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, time.March, 1, 0, 0, 0, 0, time.UTC)
	expect(t, []Finding{Expiry("a", now, now), Expiry("b", now.AddDate(0, 0, 29), now), Expiry("c", now.AddDate(1, 0, 0), now)},
		"problem a: token or certificate expired at 2026-03-01T00:00:00Z", "warning b: ...in 29 days", "ok c: ...2027-03-01")
}

func TestConnections(t *testing.T) {
	t.Parallel()
	expect(t, Connections([]Connection{
		{"a", "connected", ""}, {"b", "idle", "nothing to send"}, {"c", "connecting", ""}, {"d", "backing-off", "the hub refuses this device."},
	}), "ok 2 of 4 devices", "warning c is connecting | gatewayd node c", "problem d is backing-off: the hub refuses this device | ")
	expect(t, Connections(nil), "ok 0 of 0")
}

func TestConfig(t *testing.T) {
	t.Parallel()
	expect(t, Config("f", []string{"f:1:1: a: odd; change it"}, []string{"f:2:1: port: none; plug it in"}),
		"ok f can be used", "warning f:1:1: a: odd | change it", "problem f:2:1: port: none | plug it in")
	if got := BadConfig(errors.New("f:1:1: a: bad; do this\nf:2:1: b: worse; do that")); len(got) != 2 || got[1].Fix != "do that" {
		t.Errorf("got %+v", got)
	}
}

func TestResolve(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		addresses []string
		err       error
		want      string
	}{
		{[]string{"127.0.0.1"}, nil, "ok h has an address"},
		{nil, nil, "problem h has no address | check the name"},
		{nil, &net.DNSError{IsNotFound: true}, "problem there is no host h"},
		{nil, &net.DNSError{Err: "refused"}, "problem the address of h cannot be found...refused"},
	} {
		lookup := func(context.Context, string) ([]string, error) { return tt.addresses, tt.err }
		expect(t, Try(t.Context(), []Attempt{Resolve("h", lookup)}), tt.want)
	}
}

// No more than some at a time, none for ever, and in the order asked.
func TestTry(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		hang := func(ctx context.Context) error { <-ctx.Done(); return errors.New("silent") }
		var attempts []Attempt
		for range 3 * atATime {
			attempts = append(attempts, Attempt{Part: "p", What: "w", Fix: "f", Do: hang})
		}
		attempts[0] = Attempt{Part: "p", What: "well", Do: func(context.Context) error { return nil }}
		attempts[1].Soft = true
		attempts = append(attempts, Attempt{Part: "p", What: "late", Fix: "f", Do: hang})
		start := time.Now()
		got := Try(ctx, attempts)
		if took := time.Since(start); took > 20*time.Second {
			t.Errorf("took %v", took)
		}
		if got[0].Level != OK || got[1].Level != Warning || got[2].Level != Problem || got[2].What != "silent" {
			t.Errorf("got %+v", got[:3])
		}
		if last := got[len(got)-1]; last.Level != Warning || !strings.Contains(last.What, "not tried") {
			t.Errorf("the one without time: %+v", last)
		}
	})
}

func TestPrint(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	r := Report{good("config", "fine"), problem("hub", "turn it on", "off"), Clock(false, "it is 1970")}
	if err := r.Print(&b, func(l Level, s string) string { return "<" + s + ">" }); err != nil {
		t.Fatal(err)
	}
	want := "<ok     >  config  fine\n<problem>  hub     off\n                 turn it on\n<problem>  clock   it is 1970\n" +
		"                 no device connects before it is: timedatectl shows the NTP service; see docs/operations.md, Time\n" +
		"3 checks: 1 ok, 0 to watch, 2 wrong\n"
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}
