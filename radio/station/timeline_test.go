package station

import (
	"math"
	"testing"
	"time"

	"gatewayd/radio"
	"gatewayd/radio/station/lns"
)

func epoch() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }

// reading is one frame: its xtime, and when it arrived after the first.
type reading struct {
	xtime     int64
	arrived   time.Duration
	step      time.Duration // from the frame before; ignored after a restart
	restarted bool
}

func TestPlace(t *testing.T) {
	t.Parallel()
	const s, a, b = 1_000_000, 0x4d << 48, 0x77 << 48
	for name, readings := range map[string][]reading{
		"steady":        {{xtime: a + 5*s}, {xtime: a + 6*s, arrived: time.Second, step: time.Second}},
		"same frame":    {{xtime: a + 5*s}, {xtime: a + 5*s}},
		"out of order":  {{xtime: a + 7*s}, {xtime: a + 6*s, arrived: 100 * time.Millisecond, step: -time.Second}},
		"a minute late": {{xtime: a + 5*s}, {xtime: a + 6*s, arrived: time.Minute, step: time.Second}, {xtime: a + 67*s, arrived: 62 * time.Second, step: 61 * time.Second}},
		"days of silence": {
			{xtime: a},
			{xtime: a + 259_200*s + 5*s, arrived: 72 * time.Hour, step: 72*time.Hour + 5*time.Second}, // 20 ppm fast
		},
		"no session bits":      {{xtime: 5 * s}, {xtime: 6 * s, arrived: time.Second, step: time.Second}},
		"all bits":             {{xtime: -1}, {xtime: -1 - s, arrived: time.Second, step: -time.Second}},
		"new session":          {{xtime: a + 500*s}, {xtime: b + 5*s, arrived: time.Second, restarted: true}, {xtime: b + 6*s, arrived: 2 * time.Second, step: time.Second}},
		"jump ahead":           {{xtime: a + 10*s}, {xtime: a + 2000*s, arrived: time.Second, restarted: true}},
		"back by an hour":      {{xtime: a + 4000*s}, {xtime: a + 5*s, arrived: time.Second, restarted: true}},
		"first frame was slow": {{xtime: a + 5*s}, {xtime: a + 6*s, arrived: 300 * time.Millisecond, step: time.Second}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var c chronicle
			var before, highest radio.Ticks
			for i, r := range readings {
				h, gone := c.place(lns.Frame{XTime: r.xtime}, epoch().Add(r.arrived))
				if (gone != nil) != r.restarted {
					t.Errorf("reading %d: restarted %t", i, gone != nil)
				}
				if h.ticks.Count() != uint32(r.xtime) || h.ticks <= 0 || gone != nil && h.ticks <= highest {
					t.Errorf("reading %d: %d for %#x after %d", i, h.ticks, r.xtime, highest)
				}
				if i > 0 && gone == nil && h.ticks.Sub(before) != r.step {
					t.Errorf("reading %d: %s after the one before, want %s", i, h.ticks.Sub(before), r.step)
				}
				if back, ok := h.line.xtime(h.ticks); !ok || back != r.xtime {
					t.Errorf("reading %d: %#x back, want %#x", i, back, r.xtime)
				}
				before, highest = h.ticks, max(highest, h.ticks)
			}
		})
	}
}

// The time of day of a frame is told by the fastest frame, not by its own.
func TestHost(t *testing.T) {
	t.Parallel()
	var c chronicle
	c.place(lns.Frame{XTime: 1_000_000}, epoch().Add(10*time.Millisecond))
	now := epoch().Add(1800 * time.Millisecond)
	h, _ := c.place(lns.Frame{XTime: 2_000_000}, now)
	if got, want := h.line.host(h.ticks, now), epoch().Add(time.Second+10*time.Millisecond); !got.Equal(want) {
		t.Errorf("received %s, want %s", got, want)
	}
	if got := h.line.host(h.ticks.Add(time.Hour), now); got.After(now) {
		t.Errorf("received in the future: %s", got)
	}
	if _, ok := h.line.xtime(h.ticks.Add(-3 * time.Second)); ok {
		t.Error("a time before the session began")
	}
}

func TestDrift(t *testing.T) {
	t.Parallel()
	var c chronicle
	c.place(lns.Frame{XTime: 1}, epoch())
	if offset, ppm := c.lines[0].drift(epoch().Add(30 * time.Second)); offset != 0 || ppm != 0 {
		t.Errorf("%s, %f ppm from one frame", offset, ppm)
	}
	// 20 ppm fast, one frame per minute, each third one 200 ms late.
	for i := 1; i <= 60; i++ {
		at := time.Duration(i) * time.Minute
		xtime := 1 + (at + at*20/1_000_000).Microseconds()
		if i%3 == 0 {
			at += 200 * time.Millisecond
		}
		if _, gone := c.place(lns.Frame{XTime: xtime}, epoch().Add(at)); gone != nil {
			t.Fatalf("restart seen at minute %d", i)
		}
	}
	offset, ppm := c.lines[0].drift(epoch().Add(time.Hour + time.Second))
	if want := 72 * time.Millisecond; (offset-want).Abs() > 5*time.Millisecond || ppm < 18 || ppm > 22 {
		t.Errorf("%s, %.1f ppm; want about %s, 20 ppm", offset, ppm, want)
	}
}

// A station that invents antennas fills no memory.
func TestManyAntennas(t *testing.T) {
	t.Parallel()
	var c chronicle
	for i := range int64(1000) {
		c.place(lns.Frame{XTime: i%128<<56 + 1<<48 + i}, epoch())
	}
	if len(c.lines) > maxTimelines || len(c.frames) > maxHeard {
		t.Errorf("%d timelines, %d frames", len(c.lines), len(c.frames))
	}
}

// Whatever is stamped, Ticks lead back to it and restarts never step back.
func FuzzPlace(f *testing.F) {
	f.Add(int64(5), int64(7), int64(1)<<60, int64(1), int64(1_000_000))
	f.Add(int64(math.MaxInt64), int64(math.MinInt64), int64(-1), int64(3_000_000_000), int64(0))
	f.Fuzz(func(t *testing.T, x1, x2, x3, d1, d2 int64) {
		var c chronicle
		now := epoch()
		var highest radio.Ticks
		for i, xtime := range []int64{x1, x2, x3} {
			now = now.Add(time.Duration([]int64{0, d1, d2}[i] & 0xffffffffffff))
			h, gone := c.place(lns.Frame{XTime: xtime}, now)
			back, ok := h.line.xtime(h.ticks)
			if !ok || back != xtime || gone != nil && h.ticks < highest {
				t.Errorf("%d for %#x, back %#x, restarted %t, highest before %d", h.ticks, xtime, back, gone != nil, highest)
			}
			highest = max(highest, h.ticks)
		}
	})
}
