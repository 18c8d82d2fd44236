package config

import (
	"testing"
	"time"
)

func TestParseDuration(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{
		"20ms": 20 * time.Millisecond, "230s": 230 * time.Second, "1h30m": 90 * time.Minute, "0s": 0,
		"7d": 7 * day, "1d12h": 36 * time.Hour, "365d": 365 * day,
	} {
		if got, err := parseDuration(text); err != nil || got != want {
			t.Errorf("%q: got %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "d", "7", "-1s", "-1d", "1d-1h", "1.5d", "7 d", "12h1d", "99999d", "1d9999999h", "1y"} {
		if got, err := parseDuration(text); err == nil {
			t.Errorf("%q: got %v; want an error", text, got)
		}
	}
}

func TestFormatDuration(t *testing.T) {
	t.Parallel()
	for want, d := range map[string]time.Duration{
		"3ms": 3 * time.Millisecond, "10s": 10 * time.Second, "5m": 5 * time.Minute, "1h": time.Hour, "1h30m": 90 * time.Minute,
		"10m": 10 * time.Minute, "20h": 20 * time.Hour, "19m37s": maxKeepAlive, "7d": 7 * day, "36h": 36 * time.Hour,
	} {
		if got := formatDuration(d); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		if back, err := parseDuration(want); err != nil || back != d {
			t.Errorf("%q reads as %v, %v; want %v", want, back, err, d)
		}
	}
}

func TestParseSize(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		in   size
		want int64
	}{
		{int64(1000), 1000},
		{"100B", 100},
		{"2kB", 2000},
		{"64MiB", 64 << 20},
		{"64 MiB", 64 << 20},
		{"1GB", 1e9},
		{"1GiB", 1 << 30},
		{"3MB", 3e6},
		{"512KiB", 512 << 10},
	} {
		if got, err := parseSize(tt.in); err != nil || got != tt.want {
			t.Errorf("%v: got %d, %v; want %d", tt.in, got, err, tt.want)
		}
	}
	for _, in := range []size{"", "MiB", "64", "-1B", "1.5GiB", "64mib", "64M", "9223372036854775807GiB", "1 000 B"} {
		if got, err := parseSize(in); err == nil {
			t.Errorf("%v: got %d; want an error", in, got)
		}
	}
}

func TestGuessable(t *testing.T) {
	t.Parallel()
	for _, key := range []string{
		"fake key of lora1", "\x00\x00\x00\x00", "\xFF\xFF\xFF", "\x20\x21\x22\x23",
		"\x2B\x7E\x15\x16\x28\xAE\xD2\xA6\xAB\xF7\x15\x88\x09\xCF\x4F\x3C",
	} {
		if !guessable([]byte(key)) {
			t.Errorf("%q passes as a real key", key)
		}
	}
	for _, key := range []string{"", "\x8f\x11\x20\xce\x01", "\x01\x02\x03\x05"} {
		if guessable([]byte(key)) {
			t.Errorf("%q passes as an example", key)
		}
	}
}

func TestSimilar(t *testing.T) {
	t.Parallel()
	keys := []string{"app_key", "app_s_key", "dev_addr", "dev_eui", "device_id", "join_eui", "nwk_s_key"}
	for key, want := range map[string]string{
		"AppEUI": "join_eui", "app_eui": "join_eui", "devaddr": "dev_addr", "dev-addr": "dev_addr", "nwkskey": "nwk_s_key",
		"appskey": "app_s_key", "appkey": "app_key", "devce_id": "device_id", "deveui": "dev_eui",
		"colour": "", "x": "", "": "",
	} {
		if got, ok := similar(key, keys); got != want || ok != (want != "") {
			t.Errorf("%q: got %q, want %q", key, got, want)
		}
	}
}
