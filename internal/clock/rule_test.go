package clock

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestJudge(t *testing.T) {
	t.Parallel()
	var (
		floor   = Floor()
		good    = floor.Add(30 * 24 * time.Hour)
		early   = time.Date(1970, 1, 1, 0, 1, 0, 0, time.UTC)
		refused = errors.New("nobody would say")
	)
	for _, tt := range []struct {
		name string
		e    evidence
		rule RequireSync
		ok   bool
		why  string // part of it
	}{
		{"synced pi", evidence{now: good, synced: true, deviceTree: true}, SyncAuto, true, "synchronised"},
		{"synced, always", evidence{now: good, synced: true, deviceTree: true}, SyncAlways, true, "synchronised"},
		{"synced but before the floor", evidence{now: early, synced: true}, SyncAuto, false, "shows 1970-01-01 00:01:00 UTC, but it is at least 2026-"},
		{"pi without rtc", evidence{now: good, deviceTree: true}, SyncAuto, false, "timedatectl"},
		{"pi, kernel mute", evidence{now: good, deviceTree: true, syncErr: refused}, SyncAuto, false, "(nobody would say)"},
		{"pi with rtc", evidence{now: good, deviceTree: true, rtc: good}, SyncAuto, true, "real-time clock"},
		{"pi with an rtc without battery", evidence{now: good, deviceTree: true, rtc: early}, SyncAuto, false, "battery"},
		{"server", evidence{now: good}, SyncAuto, true, "without a network"},
		{"server, kernel mute", evidence{now: good, syncErr: refused}, SyncAuto, true, "without a network"},
		{"server before the floor", evidence{now: early}, SyncAuto, false, "set-time"},
		{"server, always", evidence{now: good, rtc: good}, SyncAlways, false, `require_sync = "always"`},
		{"server, always, kernel mute", evidence{now: good, syncErr: refused}, SyncAlways, false, "(nobody would say)"},
		{"pi, never", evidence{now: good, deviceTree: true}, SyncNever, true, "plausible"},
		{"pi, never, before the floor", evidence{now: early, deviceTree: true}, SyncNever, false, "set-time"},
		{"synced, but before a time seen", evidence{now: good, synced: true, notBefore: good.Add(1)}, SyncAuto, true, "synchronised"},
		{"server before a time seen", evidence{now: good, notBefore: good.Add(1)}, SyncAuto, false, "set-time"},
		{"exactly the floor", evidence{now: floor}, SyncNever, true, "plausible"},
		{"a nanosecond less", evidence{now: floor.Add(-1)}, SyncNever, false, "set-time"},
		{"unknown rule is as strict as auto", evidence{now: good, deviceTree: true}, "sometimes", false, "timedatectl"},
	} {
		tt.e.floor = floor
		if tt.e.notBefore.IsZero() {
			tt.e.notBefore = floor
		}
		ok, why := judge(tt.e, tt.rule)
		if ok != tt.ok || !strings.Contains(why, tt.why) {
			t.Errorf("%s: got %v, %q; want %v and a mention of %q", tt.name, ok, why, tt.ok, tt.why)
		}
	}
}
