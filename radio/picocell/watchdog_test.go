package picocell

import (
	"errors"
	"testing"
	"time"
)

func TestWatchdog(t *testing.T) {
	t.Parallel()
	start := time.Unix(1000, 0)
	at := func(m int) time.Time { return start.Add(time.Duration(m) * time.Minute) }
	w := watchdog{limit: time.Hour}
	w.begin(at(0))
	for _, tt := range []struct {
		minute int
		heard  bool
		begin  bool
		want   string // "", "again" or "reset"
	}{
		{minute: 59},
		{minute: 60, want: "again"},
		{minute: 61, begin: true},
		{minute: 120},
		{minute: 121, want: "reset"},
		{minute: 122, begin: true},
		{minute: 182, want: "reset"}, // and so on
		{minute: 183, begin: true},
		{minute: 200, heard: true},
		{minute: 259},
		{minute: 260, want: "again"}, // the ladder begins anew
	} {
		if tt.heard {
			w.heard(at(tt.minute))
		}
		if tt.begin {
			w.begin(at(tt.minute))
		}
		got := ""
		if e, ok := errors.AsType[*silenceError](w.check(at(tt.minute))); ok {
			if got = "again"; e.reset {
				got = "reset"
			}
		}
		if got != tt.want {
			t.Errorf("minute %d: %q, want %q", tt.minute, got, tt.want)
		}
	}
	never := watchdog{}
	never.begin(at(0))
	if err := never.check(at(1_000_000)); err != nil {
		t.Errorf("switched off: %v", err)
	}
}
