package main

import (
	"testing"
	"time"
)

func TestYearly(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		written int64
		since   time.Duration
		want    int64
	}{
		{1 << 20, 59 * time.Second, 0}, // too early
		{2600 * 3600, time.Hour, 2600 * 3600 * 24 * 365},
		{5_000_000_000, 365 * 24 * time.Hour, 5_000_000_000},
	} {
		if got := yearly(tt.written, tt.since); got != tt.want {
			t.Errorf("%d bytes in %v: %d a year, want %d", tt.written, tt.since, got, tt.want)
		}
	}
}

func TestSizeText(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{
		0: "0 B", 999: "999 B", 1000: "1.0 kB", 12_345: "12.3 kB", 123_456: "123 kB", 81_993_600_000: "82.0 GB", 5e15: "5000 TB",
	} {
		if got := sizeText(n); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
}
