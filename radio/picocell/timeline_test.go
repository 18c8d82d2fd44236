package picocell

import (
	"testing"
	"time"

	"gatewayd/radio"
)

func TestTimelineAcrossTheWrap(t *testing.T) {
	start := time.Unix(1000, 0)
	var line timeline
	if !line.sync(0xFFFF_FF00, start, start.Add(2*time.Millisecond)) {
		t.Fatal("first reading refused")
	}
	first := line.ticks
	// 10 s later the counter has wrapped.
	later := start.Add(10 * time.Second)
	if !line.sync(10_000_000-0x100, later, later.Add(2*time.Millisecond)) {
		t.Fatal("reading after the wrap refused")
	}
	if got := line.ticks.Sub(first); got != 10*time.Second {
		t.Errorf("unrolled to %s later", got)
	}
	if got := line.timeAt(first); !got.Equal(start.Add(time.Millisecond)) {
		t.Errorf("first reading was at %s", got)
	}
}

func TestTimelineNoticesARestart(t *testing.T) {
	start := time.Unix(1000, 0)
	tests := []struct {
		name  string
		count uint32
		took  time.Duration
		want  bool
	}{
		{"as expected", 105_000_000, 0, true},
		{"a little off", 105_400_000, 0, true},
		{"off, but the answer was slow", 105_000_000, 2 * time.Second, true},
		{"ahead", 105_600_000, 0, false},
		{"back at zero", 1_000, 0, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var line timeline
			line.sync(100_000_000, start, start)
			at := start.Add(5 * time.Second)
			if got := line.sync(tt.count, at, at.Add(tt.took)); got != tt.want {
				t.Errorf("got %t", got)
			}
		})
	}
}

func TestPlace(t *testing.T) {
	now := time.Unix(1000, 0)
	const present = radio.Ticks(7)<<32 + 1_000_000
	a := anchor{ticks: present - 5_000_000, host: now.Add(-5 * time.Second)}
	tests := []struct {
		name  string
		count uint32
		want  radio.Ticks
		ok    bool
	}{
		{"just now", 1_000_000, present, true},
		{"30 ms ago", 970_000, present - 30_000, true},
		{"before the wrap", 0xFFFF_FFFF, present - 1_000_001, true},
		{"50 ms ahead", 1_050_000, present + 50_000, true},
		{"a second ahead", 2_000_000, present + 1_000_000, false},
		{"two minutes old", 0xFFFF_FFFF - 119_000_000, present - 120_000_001, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := a.place(tt.count, now)
			if got != tt.want || ok != tt.ok {
				t.Errorf("got %d (%d from now), %t", got, got-present, ok)
			}
		})
	}
}

// A crystal that is 20 ppm fast is told as such, once a minute has passed.
func TestDrift(t *testing.T) {
	t.Parallel()
	var line timeline
	start := time.Unix(1000, 0)
	for s := range 600 {
		at := start.Add(time.Duration(s) * time.Second)
		count := uint32(int64(4_000_000_000) + int64(s)*1_000_020) // wraps
		if !line.sync(count, at, at) {
			t.Fatalf("second %d: a jump", s)
		}
		offset, ppm := line.drift()
		if s < 60 && (offset != 0 || ppm != 0) {
			t.Errorf("second %d: %v and %v ppm already", s, offset, ppm)
		}
		if s >= 60 && (offset != time.Duration(s)*20*time.Microsecond || ppm < 19.99 || ppm > 20.01) {
			t.Errorf("second %d: %v and %v ppm", s, offset, ppm)
		}
	}
}
