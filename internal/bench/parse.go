package bench

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// key names a measurement: "bridge.Answer" and "ms/p99".
type key struct{ bench, unit string }

// results are the measurements of one or several suites.
type results map[key]float64

// procs is what go test appends to a name: the number of CPUs.
var procs = regexp.MustCompile(`-\d+$`)

var errNothing = errors.New("no benchmark has run")

// parse reads the output of "go test -bench" of a package, see
// golang.org/design/14313-benchmark-format.
func parse(pkg, output string) (results, error) {
	r := results{}
	for line := range strings.Lines(output) {
		words := strings.Fields(line)
		if len(words) < 4 || !strings.HasPrefix(words[0], "Benchmark") {
			continue
		}
		if _, err := strconv.Atoi(words[1]); err != nil {
			continue // a line of log that begins like one
		}
		name := pkg + "." + procs.ReplaceAllString(strings.TrimPrefix(words[0], "Benchmark"), "")
		for i := 2; i+1 < len(words); i += 2 {
			v, err := strconv.ParseFloat(words[i], 64)
			if err != nil {
				return nil, fmt.Errorf("%s: %q is not a number", name, words[i])
			}
			r[key{name, words[i+1]}] = v
		}
	}
	if len(r) == 0 {
		return nil, errNothing
	}
	return r, nil
}
