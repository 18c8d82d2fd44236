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
// golang.org/design/14313-benchmark-format. Of several runs it is the mean.
func parse(pkg, output string) (results, error) {
	r, times := results{}, map[key]int{}
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
			k := key{name, words[i+1]}
			r[k] += v
			times[k]++
		}
	}
	for k, n := range times {
		r[k] /= float64(n)
	}
	if len(r) == 0 {
		return nil, errNothing
	}
	return r, nil
}

// benchmarkLines are those lines of an output that are of that format.
func benchmarkLines(output string) string {
	var b strings.Builder
	for line := range strings.Lines(output) {
		for _, begin := range []string{"goos: ", "goarch: ", "pkg: ", "cpu: ", "Benchmark"} {
			if strings.HasPrefix(line, begin) {
				b.WriteString(line)
			}
		}
	}
	return b.String()
}
