package forwarded_test

import (
	"testing"
	"time"

	"gatewayd/radio"
	"gatewayd/radio/forwarded"
)

// reading is one frame: its time stamp, and when it arrived after the first.
type reading struct {
	count     uint32
	arrived   time.Duration
	step      time.Duration // from the frame before; ignored after a restart
	restarted bool
}

func start() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }

func TestPlace(t *testing.T) {
	t.Parallel()
	const s = 1_000_000
	for name, readings := range map[string][]reading{
		"steady":     {{count: 5 * s}, {count: 6 * s, arrived: time.Second, step: time.Second}},
		"same frame": {{count: 5 * s}, {count: 5 * s}},
		"delayed": {
			{count: 5 * s},
			{count: 6 * s, arrived: 3500 * time.Millisecond, step: time.Second},
			{count: 8 * s, arrived: 3501 * time.Millisecond, step: 2 * time.Second},
		},
		"out of order": {
			{count: 5 * s},
			{count: 7 * s, arrived: 2 * time.Second, step: 2 * time.Second},
			{count: 6 * s, arrived: 2100 * time.Millisecond, step: -time.Second},
		},
		"first frame was slow": {{count: 5 * s}, {count: 6 * s, arrived: 300 * time.Millisecond, step: time.Second}},
		"wrap":                 {{count: 0xffffffff}, {count: 999_999, arrived: time.Second, step: time.Second}},
		"wrap unseen for hours": {
			// 5 h are 4 wraps and 820130816 µs.
			{count: 0}, {count: 820_130_816, arrived: 5 * time.Hour, step: 5 * time.Hour},
		},
		"crystals differ": {{count: 0}, {count: 600_060_000, arrived: 10 * time.Minute, step: 10*time.Minute + 60*time.Millisecond}},
		"restart":         {{count: 500 * s}, {count: 5 * s, arrived: 30 * time.Second, restarted: true}, {count: 6 * s, arrived: 31 * time.Second, step: time.Second}},
		"soon restarted":  {{count: 10 * s}, {count: s, arrived: 5 * time.Second, restarted: true}},
		"jump ahead":      {{count: 10 * s}, {count: 2000 * s, arrived: time.Second, restarted: true}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var c forwarded.Counter
			var before, highest radio.Ticks
			var restarts uint64
			for i, r := range readings {
				got, restarted := c.Place(r.count, start().Add(r.arrived))
				if restarted != r.restarted {
					t.Errorf("reading %d: restarted %t", i, restarted)
				}
				if restarted {
					restarts++
				}
				if got.Count() != r.count || got < 0 || restarted && got <= highest {
					t.Errorf("reading %d: %d for count %d after %d", i, got, r.count, highest)
				}
				if i > 0 && !restarted && got.Sub(before) != r.step {
					t.Errorf("reading %d: %s after the one before, want %s", i, got.Sub(before), r.step)
				}
				before, highest = got, max(highest, got)
			}
			if c.Restarts() != restarts {
				t.Errorf("%d restarts counted, want %d", c.Restarts(), restarts)
			}
		})
	}
}

// The time of day of a frame is told by the fastest frame, not by its own.
func TestTime(t *testing.T) {
	t.Parallel()
	var c forwarded.Counter
	if _, known := c.Now(start()); known {
		t.Error("time known without a frame")
	}
	c.Place(1_000_000, start().Add(10*time.Millisecond))
	now := start().Add(time.Second + 800*time.Millisecond)
	late, _ := c.Place(2_000_000, now)
	if got, want := c.Time(late, now), start().Add(time.Second+10*time.Millisecond); !got.Equal(want) {
		t.Errorf("received %s, want %s", got, want)
	}
	if got, known := c.Now(now); !known || got.Sub(late) != 790*time.Millisecond {
		t.Errorf("now is %s after the frame, known %t", got.Sub(late), known)
	}
	if got := c.Time(late.Add(time.Hour), now); got.After(now) {
		t.Errorf("received in the future: %s", got)
	}
}

func TestForget(t *testing.T) {
	t.Parallel()
	var c forwarded.Counter
	c.Forget()
	before, restarted := c.Place(1_000_000, start())
	if restarted {
		t.Error("the first frame is no restart")
	}
	c.Forget()
	if _, known := c.Now(start()); known {
		t.Error("time known though forgotten")
	}
	after, restarted := c.Place(1_500_000, start().Add(500*time.Millisecond))
	if !restarted || after <= before {
		t.Errorf("%d after %d, restarted %t", after, before, restarted)
	}
}

func TestDrift(t *testing.T) {
	t.Parallel()
	var c forwarded.Counter
	c.Place(0, start())
	if offset, ppm := c.Drift(start().Add(30 * time.Second)); offset != 0 || ppm != 0 {
		t.Errorf("%s, %f ppm from one frame", offset, ppm)
	}
	// 20 ppm fast, one frame per minute, each third one 200 ms late.
	for i := 1; i <= 60; i++ {
		at := time.Duration(i) * time.Minute
		count := uint32((at + at*20/1_000_000) / time.Microsecond)
		if i%3 == 0 {
			at += 200 * time.Millisecond
		}
		if _, restarted := c.Place(count, start().Add(at)); restarted {
			t.Fatalf("restart seen at minute %d", i)
		}
	}
	offset, ppm := c.Drift(start().Add(time.Hour + time.Second))
	if want := 72 * time.Millisecond; (offset-want).Abs() > 5*time.Millisecond || ppm < 18 || ppm > 22 {
		t.Errorf("%s, %.1f ppm; want about %s, 20 ppm", offset, ppm, want)
	}
}

// Whatever is stamped, Ticks bear the count and restarts never step back.
func FuzzPlace(f *testing.F) {
	f.Add(uint32(5), uint32(7), uint32(0), int64(1), int64(1_000_000))
	f.Add(uint32(0xffffffff), uint32(3), uint32(0x80000000), int64(3_000_000_000), int64(0))
	f.Fuzz(func(t *testing.T, a, b, c uint32, d1, d2 int64) {
		var counter forwarded.Counter
		now := start()
		var highest radio.Ticks
		for i, count := range []uint32{a, b, c} {
			now = now.Add(time.Duration([]int64{0, d1, d2}[i] & 0xffffffffffff))
			got, restarted := counter.Place(count, now)
			if got.Count() != count || restarted && got < highest {
				t.Errorf("%d for count %d, restarted %t, highest before %d", got, count, restarted, highest)
			}
			highest = max(highest, got)
		}
	})
}
