package main

import (
	"net"
	"path/filepath"
	"testing"
	"time"

	"gatewayd/bridge"
	"gatewayd/internal/notify"
)

func TestDroppedSaysTheReasons(t *testing.T) {
	t.Parallel()
	s := bridge.Stats{Dropped: map[bridge.Reason]uint64{bridge.Replay: 3, bridge.BadMIC: 2, bridge.Malformed: 0}}
	if got, want := dropped(s), ", 5 dropped (bad_mic 2, replay 3)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := dropped(bridge.Stats{}); got != "" {
		t.Errorf("got %q for nothing", got)
	}
}

// The bridge gets around many times a second; systemd is told four times in
// each interval.
func TestWatchdogIsNotFedMoreThanNeeded(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "notify")
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	n, err := notify.New(func(key string) string {
		return map[string]string{"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "4000000"}[key]
	})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Unix(0, 0)
	alive := watchdog(n, func() time.Time { return now })
	fed := 0
	for range 100 {
		now = now.Add(100 * time.Millisecond)
		alive()
		if err := l.SetReadDeadline(time.Now().Add(time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		buf := make([]byte, 64)
		if size, err := l.Read(buf); err == nil && string(buf[:size]) == "WATCHDOG=1" {
			fed++
		}
	}
	if fed != 10 {
		t.Errorf("fed %d times in 10 s with an interval of 4 s, want 10", fed)
	}
	silent, _ := notify.New(func(string) string { return "" })
	watchdog(silent, time.Now)() // not under systemd
}
