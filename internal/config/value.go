package config

import (
	"encoding/hex"
	"errors"
	"math"
	"strconv"
	"strings"
	"time"
)

const day = 24 * time.Hour

// Errors of values. None quotes the value: what was put in the wrong place
// may be a secret.
var (
	errDuration = errors.New(`not a time span; want a number and its unit (ms, s, m, h or d), such as "30s", "1h30m" or "7d"`)
	errSize     = errors.New(`not a size; want bytes as an integer, or text such as "64MiB" (B, KiB, MiB, GiB, kB, MB, GB)`)
	errHex      = errors.New("not hexadecimal, or of the wrong length")
)

// parseDuration reads what time.ParseDuration reads, and whole days before
// it: "7d", "1d12h".
func parseDuration(text string) (time.Duration, error) {
	days, rest, hasDays := strings.Cut(text, "d")
	if !hasDays {
		days, rest = "0", text
	}
	n, err := strconv.ParseUint(days, 10, 16)
	if err != nil {
		return 0, errDuration
	}
	if hasDays && rest == "" {
		return time.Duration(n) * day, nil
	}
	d, err := time.ParseDuration(rest)
	if err != nil || d < 0 || d > math.MaxInt64-time.Duration(n)*day {
		return 0, errDuration
	}
	return time.Duration(n)*day + d, nil
}

// formatDuration prints d as a person writes it: "7d", "1h", "19m37s".
func formatDuration(d time.Duration) string {
	if d >= day && d%day == 0 {
		return strconv.FormatInt(int64(d/day), 10) + "d"
	}
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// parseSize reads a number of bytes.
func parseSize(v size) (int64, error) {
	text, ok := v.(string)
	if !ok {
		n, _ := v.(int64)
		return n, nil
	}
	digits := strings.TrimRight(text, " kKMGiB")
	n, err := strconv.ParseInt(digits, 10, 64)
	unit, known := sizeUnit(strings.TrimSpace(text[len(digits):]))
	if err != nil || !known || n < 0 || n > math.MaxInt64/unit {
		return 0, errSize
	}
	return n * unit, nil
}

func sizeUnit(name string) (int64, bool) {
	switch name {
	case "B":
		return 1, true
	case "kB":
		return 1e3, true
	case "MB":
		return 1e6, true
	case "GB":
		return 1e9, true
	case "KiB":
		return 1 << 10, true
	case "MiB":
		return 1 << 20, true
	case "GiB":
		return 1 << 30, true
	}
	return 0, false
}

// parseHex reads exactly len(dst) bytes.
func parseHex(dst []byte, text string) error {
	b, err := hex.DecodeString(text)
	if err != nil || len(b) != len(dst) {
		return errHex
	}
	copy(dst, b)
	return nil
}
