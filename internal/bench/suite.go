package bench

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"
)

// suite is one run of "go test -bench".
type suite struct {
	pkg   string // from the module's root
	bench string // regular expression
	time  string // -benchtime
	env   []string
	disk  bool // measures the block device, in Options.Disk if that is set
}

// suites are run one after the other, so that none disturbs another. All of
// them together take about five minutes.
func suites() []suite {
	return []suite{
		{pkg: "bridge", bench: "^BenchmarkAnswer$", time: "4000x"},
		{pkg: "internal/faults", bench: "^BenchmarkFlood$", time: "500x"},
		{pkg: "bridge/crypt", bench: "^BenchmarkFrame$", time: "1s"},
		{pkg: "bridge/codec", bench: "^BenchmarkDecode$", time: "1s"},
		{pkg: "internal/store", bench: "^BenchmarkCommit$", time: "2000x", disk: true},
		{pkg: "internal/store", bench: "^BenchmarkPaced$", time: "25x", disk: true},
		{pkg: "hub", bench: "^BenchmarkIdleConnections$/^(tls|hub)$", time: "1x", env: []string{"GATEWAYD_BENCH_WINDOW=10s"}},
		{pkg: "hub/hubtest", bench: "^BenchmarkConnections$", time: "1x"},
	}
}

func (s suite) args() []string {
	return []string{"test", "-run", "^$", "-bench", s.bench, "-benchtime", s.time, "-timeout", "20m", "./" + s.pkg}
}

// command is what a person would type.
func (s suite) command() string {
	var words []string
	words = append(words, s.env...)
	words = append(words, "go")
	for _, a := range s.args() {
		if strings.ContainsAny(a, "^$(|") {
			a = "'" + a + "'"
		}
		words = append(words, a)
	}
	return strings.Join(words, " ")
}

// run runs the suite, shows its output on w and returns its measurements.
func (s suite) run(ctx context.Context, o Options, w io.Writer) (results, error) {
	begin := time.Now()
	cmd := exec.CommandContext(ctx, "go", s.args()...) //nolint:gosec // the table above
	cmd.Dir = o.Root
	cmd.Env = append(os.Environ(), s.env...)
	if s.disk && o.Disk != "" {
		cmd.Env = append(cmd.Env, "TMPDIR="+o.Disk, "GOTMPDIR="+o.Disk) // testing.TB.TempDir heeds both
	}
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = io.MultiWriter(&out, w), w
	fmt.Fprintf(w, "--- %s\n", s.command())
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%s: %w", s.command(), err)
	}
	r, err := parse(s.pkg, out.String())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.command(), err)
	}
	fmt.Fprintf(w, "--- %v\n\n", time.Since(begin).Round(time.Second))
	return r, nil
}
