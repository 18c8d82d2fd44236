package modem

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func texts(lines []line) (s []string) {
	for _, l := range lines {
		s = append(s, l.text)
	}
	return s
}

func TestAssembler(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("A", maxLine)
	for name, tt := range map[string]struct {
		chunks   []string
		want     []string
		overlong uint64
	}{
		"one":                    {[]string{"ok\r\n"}, []string{"ok"}, 0},
		"empty lines":            {[]string{"\r\n\r\n\nok\r\r\n"}, []string{"ok"}, 0},
		"torn":                   {[]string{"radio_", "rx ", " AB\r", "\n"}, []string{"radio_rx  AB"}, 0},
		"several":                {[]string{"ok\r\nradio_err\r\nra"}, []string{"ok", "radio_err"}, 0},
		"noise before":           {[]string{"\x00\xff\x07RN2483 1.0.5\r\n"}, []string{"RN2483 1.0.5"}, 0},
		"noise inside":           {[]string{"radio_rx  A\x00B\r\n"}, []string{"radio_rx  A?B"}, 0},
		"as long as may be":      {[]string{long + "\n"}, []string{long}, 0},
		"too long":               {[]string{long + "A\nok\n"}, []string{"ok"}, 1},
		"too long, in pieces":    {[]string{long, long, long, "\nok\n"}, []string{"ok"}, 1},
		"two too long, then one": {[]string{long + "A\n" + long + "B\nok\n"}, []string{"ok"}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var a assembler
			var lines []line
			for _, c := range tt.chunks {
				lines = a.take(lines, chunk{data: []byte(c)})
			}
			if diff := cmp.Diff(tt.want, texts(lines)); diff != "" {
				t.Errorf("lines (-want +got):\n%s", diff)
			}
			if a.overlong != tt.overlong {
				t.Errorf("%d overlong, want %d", a.overlong, tt.overlong)
			}
		})
	}
}

// A line's time is that of its first byte, whose distance from the last one
// is a matter of the line's speed; but no byte was there before the read
// began, nor long before it ended.
func TestAssemblerTime(t *testing.T) {
	t.Parallel()
	const ms = time.Millisecond
	a := assembler{perByte: ms}
	start := time.Unix(1000, 0)
	read := func(from, at time.Duration, text string) chunk {
		return chunk{from: start.Add(from), at: start.Add(at), data: []byte(text)}
	}
	var lines []line
	for _, c := range []chunk{
		read(-100*ms, 0, "ok\r\nrad"),
		read(0, 10*ms, "io_err\r\n"),
		read(20*ms, 22*ms, "busy\r\n"),
		read(22*ms, 100*ms, "4294967245 and more than 16\r\n"),
	} {
		lines = a.take(lines, c)
	}
	for i, want := range []time.Duration{-7 * ms, -3 * ms, 20 * ms, 84 * ms} {
		if got := lines[i].at.Sub(start); got != want {
			t.Errorf("%q at %s, want %s", lines[i].text, got, want)
		}
	}
}

// However the bytes are cut up, the lines are the same, and bounded.
func FuzzAssembler(f *testing.F) {
	f.Add([]byte("ok\r\nradio_rx  0102\r\n"), uint8(3))
	f.Add([]byte("\x00\xff+TEST: RX \"00\"\n"+strings.Repeat("x", 2*maxLine)+"\nok\n"), uint8(200))
	f.Fuzz(func(t *testing.T, b []byte, size uint8) {
		var whole, cut assembler
		want := whole.take(nil, chunk{data: b})
		var got []line
		for rest := b; len(rest) > 0; {
			n := min(len(rest), int(size)+1)
			got = cut.take(got, chunk{data: rest[:n]})
			rest = rest[n:]
		}
		if !slices.Equal(texts(want), texts(got)) || whole.overlong != cut.overlong {
			t.Errorf("whole %q, cut up %q", texts(want), texts(got))
		}
		for _, l := range got {
			if len(l.text) == 0 || len(l.text) > maxLine || strings.ContainsFunc(l.text, func(r rune) bool { return r < ' ' || r > '~' }) {
				t.Errorf("line %q", l.text)
			}
		}
	})
}
