package clock

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Machine is where a Clock reads from. A nil function reads this machine.
type Machine struct {
	// Now is the wall clock, with a monotonic reading.
	Now func() time.Time
	// Synchronised is the word of the kernel or of the NTP service.
	Synchronised func() (bool, error)
	// DeviceTree reports whether a device tree describes the machine, as on
	// single-board computers.
	DeviceTree func() bool
	// RTC returns the latest time that a real-time clock shows, or zero if
	// there is none.
	RTC func() time.Time
	// Boot returns the id of this boot and the time since it.
	Boot func() (id string, sinceBoot time.Duration)
}

// orReal fills what is nil.
func (m Machine) orReal() Machine {
	root := os.DirFS("/")
	if m.Now == nil {
		m.Now = time.Now
	}
	if m.Synchronised == nil {
		m.Synchronised = kept(func() (bool, error) { return synchronised(root, kernelInStep) })
	}
	if m.DeviceTree == nil {
		m.DeviceTree = sync.OnceValue(func() bool { return hasDeviceTree(root) })
	}
	if m.RTC == nil {
		latest := kept(func() (time.Time, error) { return latestRTC(root), nil })
		m.RTC = func() time.Time { t, _ := latest(); return t }
	}
	if m.Boot == nil {
		m.Boot = func() (string, time.Duration) { return bootID(root), sinceBoot() }
	}
	return m
}

// keptFor is how long an answer of the machine is as good as a new one: it is
// asked for every frame, and takes files to be opened.
const keptFor = 500 * time.Millisecond

// kept is ask, which is called again only when its last answer is old.
func kept[T any](ask func() (T, error)) func() (T, error) {
	var mu sync.Mutex
	var asked time.Time
	var answer T
	var err error
	return func() (T, error) {
		mu.Lock()
		defer mu.Unlock()
		if now := time.Now(); asked.IsZero() || now.Sub(asked) >= keptFor {
			asked = now
			answer, err = ask()
		}
		return answer, err
	}
}

// synchronised asks systemd-timesyncd, which leaves a file in /run with its
// first answer from a server, and then the kernel. Both are needed: other NTP
// daemons leave no such file, and the kernel may be out of reach, since
// systemd's ProtectClock= forbids adjtimex(2) even to those who only read.
func synchronised(root fs.FS, kernel func() (bool, error)) (bool, error) {
	if _, err := fs.Stat(root, "run/systemd/timesync/synchronized"); err == nil {
		return true, nil
	}
	ok, err := kernel()
	if errors.Is(err, fs.ErrPermission) {
		return false, errors.New("systemd-timesyncd has not said so, and this service may not ask the kernel; " +
			"for another NTP daemon see the operations guide, time")
	}
	return ok, err
}

// kernelInStep asks adjtimex(2) without changing anything.
func kernelInStep() (bool, error) {
	var t unix.Timex
	state, err := unix.Adjtimex(&t)
	if err != nil {
		return false, fmt.Errorf("adjtimex: %w", err)
	}
	return inStep(state, t.Status), nil
}

// inStep reads adjtimex's answer. Both signs count: an NTP daemon clears
// STA_UNSYNC, and the state is TIME_ERROR for some further faults.
func inStep(state int, status int32) bool {
	const timeError = 5 // TIME_ERROR of <linux/timex.h>
	return state != timeError && status&unix.STA_UNSYNC == 0
}

func hasDeviceTree(root fs.FS) bool {
	_, err := fs.Stat(root, "sys/firmware/devicetree/base")
	return err == nil
}

// latestRTC reads the counters of all real-time clocks. The counter itself is
// read because a Pi 5 has a clock even where no battery feeds it.
func latestRTC(root fs.FS) time.Time {
	clocks, _ := fs.Glob(root, "sys/class/rtc/rtc*") // fails on a bad pattern only
	var latest time.Time
	for _, dir := range clocks {
		b, err := fs.ReadFile(root, path.Join(dir, "since_epoch"))
		if err != nil {
			continue
		}
		sec, err := strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64)
		if err != nil {
			continue
		}
		if t := time.Unix(sec, 0).UTC(); t.After(latest) {
			latest = t
		}
	}
	return latest
}

func bootID(root fs.FS) string {
	b, err := fs.ReadFile(root, "proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}

func sinceBoot() time.Duration {
	var ts unix.Timespec
	if unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts) != nil {
		return 0
	}
	return time.Duration(ts.Nano())
}
