package doctor

import (
	"fmt"
	"io"
	"strings"
)

// Level is how bad a finding is.
type Level string

// The levels.
const (
	OK      Level = "ok"
	Warning Level = "warning" // works, or may, but not for ever
	Problem Level = "problem" // something does not work
)

// Finding is what one check has found.
type Finding struct {
	Part  string `json:"part"` // config, clock, hub, device, port, disk, ...
	Level Level  `json:"level"`
	What  string `json:"what"`
	Fix   string `json:"fix,omitempty"` // what to do; empty with OK
}

func good(part, format string, args ...any) Finding {
	return Finding{Part: part, Level: OK, What: fmt.Sprintf(format, args...)}
}

func warning(part, fix, format string, args ...any) Finding {
	return Finding{Part: part, Level: Warning, What: fmt.Sprintf(format, args...), Fix: fix}
}

func problem(part, fix, format string, args ...any) Finding {
	return Finding{Part: part, Level: Problem, What: fmt.Sprintf(format, args...), Fix: fix}
}

// Report is what all checks have found.
type Report []Finding

// Count is the number of findings of a level.
func (r Report) Count(l Level) (n int) {
	for _, f := range r {
		if f.Level == l {
			n++
		}
	}
	return n
}

// Print writes one line for each finding, and its fix below. paint colours a
// level; nil: no colours.
func (r Report) Print(w io.Writer, paint func(Level, string) string) error {
	if paint == nil {
		paint = func(_ Level, s string) string { return s }
	}
	width := 0
	for _, f := range r {
		width = max(width, len(f.Part))
	}
	var b strings.Builder
	for _, f := range r {
		fmt.Fprintf(&b, "%s  %-*s  %s\n", paint(f.Level, fmt.Sprintf("%-7s", f.Level)), width, f.Part, f.What)
		if f.Fix != "" {
			fmt.Fprintf(&b, "%*s  %s\n", len("problem")+2+width, "", f.Fix)
		}
	}
	fmt.Fprintf(&b, "%d checks: %d ok, %d to watch, %d wrong\n", len(r), r.Count(OK), r.Count(Warning), r.Count(Problem))
	_, err := io.WriteString(w, b.String())
	return err
}
