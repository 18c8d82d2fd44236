package clock

import (
	"fmt"
	"time"
)

// Floor is a time before which this source did not exist: no clock that shows
// less is right. It moves forward with each release.
func Floor() time.Time { return time.Date(2026, time.October, 7, 0, 0, 0, 0, time.UTC) }

// RequireSync is the configured rule for believing the clock.
type RequireSync string

// The rules. Under each of them a time before Floor is never believed, and one
// before Options.NotBefore only from a clock reported as synchronised.
const (
	// SyncAuto believes a clock that is reported as synchronised, and one
	// on a machine that keeps time without a network.
	SyncAuto RequireSync = "auto"
	// SyncAlways believes only a clock that is reported as synchronised, by the
	// kernel or by systemd-timesyncd.
	SyncAlways RequireSync = "always"
	// SyncNever believes any plausible time.
	SyncNever RequireSync = "never"
)

// evidence is what a verdict rests on, read once.
type evidence struct {
	now        time.Time
	floor      time.Time // Floor
	notBefore  time.Time // the latest time that has been seen, or floor
	synced     bool      // by the word of the kernel or of the NTP service
	syncErr    error     // nobody would say
	deviceTree bool      // a board described by a device tree, such as a Pi
	rtc        time.Time
}

const waitForNTP = "check the network and the NTP service (timedatectl status)"

// judge applies rule to e.
func judge(e evidence, rule RequireSync) (ok bool, why string) {
	least := e.notBefore
	if e.synced {
		// A time once seen may have been the wrong one. It must not outvote a
		// synchronised clock, or one glitch would silence the gateway for years.
		least = e.floor
	}
	switch {
	case e.now.Before(least):
		return false, fmt.Sprintf("the clock shows %s, but it is at least %s: %s, or set the time with timedatectl set-time",
			stamp(e.now), stamp(least), waitForNTP)
	case e.synced:
		return true, "the clock is reported as synchronised"
	case rule == SyncNever:
		return true, `the time is plausible, and require_sync = "never" asks for no more`
	case rule == SyncAlways:
		return false, fmt.Sprintf(`the clock is not synchronised%s: %s, or relax require_sync = "always"`, reason(e.syncErr), waitForNTP)
	case !e.deviceTree:
		return true, "this kind of machine keeps time without a network"
	case e.rtc.IsZero():
		return false, fmt.Sprintf(`the clock is not synchronised%s and this board has no real-time clock: %s, or set require_sync = "never" if you set the time yourself`,
			reason(e.syncErr), waitForNTP)
	case e.rtc.Before(e.notBefore):
		return false, fmt.Sprintf("the clock is not synchronised%s and the real-time clock has lost the time (it shows %s): %s, and look at its battery",
			reason(e.syncErr), stamp(e.rtc), waitForNTP)
	default:
		return true, "a real-time clock keeps the time"
	}
}

// reason puts err in parentheses, if there is one.
func reason(err error) string {
	if err == nil {
		return ""
	}
	return " (" + err.Error() + ")"
}

// stamp is a time as an operator reads it.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }
