package clock

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"golang.org/x/sys/unix"
)

func file(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }

func TestInStep(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		state  int
		status int32
		want   bool
	}{
		{0, unix.STA_PLL, true},
		{0, 0, true},
		{1, unix.STA_PLL | unix.STA_INS, true}, // a leap second is due
		{5, unix.STA_UNSYNC, false},            // as the kernel boots
		{5, unix.STA_PLL, false},
		{0, unix.STA_PLL | unix.STA_UNSYNC, false},
	} {
		if got := inStep(tt.state, tt.status); got != tt.want {
			t.Errorf("state %d, status %#x: got %v", tt.state, tt.status, got)
		}
	}
}

func TestSynchronised(t *testing.T) {
	t.Parallel()
	said := fstest.MapFS{"run/systemd/timesync/synchronized": file("")}
	kernel := func(ok bool, err error) func() (bool, error) {
		return func() (bool, error) { return ok, err }
	}
	forbidden := fmt.Errorf("adjtimex: %w", unix.EPERM)
	for _, tt := range []struct {
		name   string
		root   fstest.MapFS
		kernel func() (bool, error)
		want   bool
		err    string // part of it
	}{
		{"kernel", fstest.MapFS{}, kernel(true, nil), true, ""},
		{"nobody", fstest.MapFS{}, kernel(false, nil), false, ""},
		{"timesyncd", said, kernel(false, nil), true, ""},
		{"timesyncd, kernel out of reach", said, kernel(false, forbidden), true, ""},
		{"nobody, kernel out of reach", fstest.MapFS{}, kernel(false, forbidden), false, "operations guide"},
		{"no such call", fstest.MapFS{}, kernel(false, unix.ENOSYS), false, "not implemented"},
	} {
		got, err := synchronised(tt.root, tt.kernel)
		if got != tt.want || (err != nil) != (tt.err != "") {
			t.Errorf("%s: got %v, %v", tt.name, got, err)
		}
		if err != nil && !strings.Contains(err.Error(), tt.err) {
			t.Errorf("%s: %q does not mention %q", tt.name, err, tt.err)
		}
	}
}

func TestLatestRTC(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		fs   fstest.MapFS
		want int64 // Unix seconds; 0: none
	}{
		{"none", fstest.MapFS{}, 0},
		{"one", fstest.MapFS{"sys/class/rtc/rtc0/since_epoch": file("1795341600\n")}, 1795341600},
		{"two", fstest.MapFS{
			"sys/class/rtc/rtc0/since_epoch": file("61\n"),
			"sys/class/rtc/rtc1/since_epoch": file("1795341600\n"),
		}, 1795341600},
		{"without a counter", fstest.MapFS{"sys/class/rtc/rtc0/name": file("x\n")}, 0},
		{"garbage", fstest.MapFS{"sys/class/rtc/rtc0/since_epoch": file("soon\n")}, 0},
		{"no battery", fstest.MapFS{"sys/class/rtc/rtc0/since_epoch": file("61\n")}, 61},
	} {
		got := latestRTC(tt.fs)
		if got.IsZero() != (tt.want == 0) || (tt.want != 0 && got.Unix() != tt.want) {
			t.Errorf("%s: got %v, want %d", tt.name, got, tt.want)
		}
	}
}

func TestDeviceTreeAndBootID(t *testing.T) {
	t.Parallel()
	board := fstest.MapFS{
		"sys/firmware/devicetree/base/model": file("Raspberry Pi 4 Model B\x00"),
		"proc/sys/kernel/random/boot_id":     file("0b0f3f0e-0000-4000-8000-000000000001\n"),
	}
	if !hasDeviceTree(board) || hasDeviceTree(fstest.MapFS{}) {
		t.Error("device tree not told apart")
	}
	if got := bootID(board); got != "0b0f3f0e-0000-4000-8000-000000000001" {
		t.Errorf("boot id %q", got)
	}
	if got := bootID(fstest.MapFS{}); got != "" {
		t.Errorf("boot id %q out of nothing", got)
	}
}

// TestThisMachine reads the real one: whatever it says, it says it in full.
func TestThisMachine(t *testing.T) {
	t.Parallel()
	c := New(Options{})
	if _, why := c.Trusted(); why == "" {
		t.Error("a verdict without a reason")
	}
	before := time.Now()
	if now := c.Now(); now.Before(before) || now.Sub(before) > time.Minute {
		t.Errorf("Now is %v at %v", now, before)
	}
	id, since := c.BootTime()
	if _, later := c.BootTime(); since <= 0 || later < since {
		t.Errorf("time since boot: %v, then %v", since, later)
	}
	if want := bootID(os.DirFS("/")); id != want {
		t.Errorf("boot id %q, then %q", id, want)
	}
}
