package codec

import (
	"math"
	"strings"
	"testing"
	"time"
	"unicode/utf16"
)

// parsedDate reads text as scripts do.
func parsedDate(text string) float64 {
	p := newDateParser(utf16.Encode([]rune(text)))
	return p.parse()
}

// FuzzDate reads any text, and dates as Go writes them.
func FuzzDate(f *testing.F) {
	f.Add("2024-01-31T12:00:00Z", int64(1706702400))
	f.Add("Wed Jan 31 2024 12:00:00 GMT+0200 (CEST", int64(-62135596800))
	f.Add("1::2 +99:-(", int64(253402300799))
	f.Add("\u00e9 99999999999999999999:1.", int64(0))
	f.Fuzz(func(t *testing.T, text string, seconds int64) {
		if ms := parsedDate(text); math.Abs(ms) > 864e13 || ms != math.Trunc(ms) && !math.IsNaN(ms) {
			t.Errorf("%q is %v", text, ms)
		}
		at := time.Unix(seconds%253402300799, 0).UTC()
		if at.Year() < 100 {
			return
		}
		for _, layout := range []string{time.RFC3339, time.RFC1123, time.RFC1123Z, "2006-01-02 15:04:05", "Jan 2, 2006 3:04:05 PM", "2006/1/2 15:04:05"} {
			written := at.Format(layout)
			if at.Year() < 1000 && !strings.HasPrefix(layout, "2006") {
				continue
			}
			if got := parsedDate(written); got != float64(at.UnixMilli()) {
				t.Errorf("%s is %v, want %d", written, got, at.UnixMilli())
			}
		}
	})
}
