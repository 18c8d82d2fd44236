package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// suite is one run of "go test -bench".
type suite struct {
	pkg   string // from the module's root
	bench string // regular expression
	time  string // -benchtime
	env   []string
	disk  bool // measures the block device, in Options.Disk if that is set
}

// suites are run one after the other, so that none disturbs another; only
// those that do little but wait share a line, and the time. All of them
// together take about four minutes.
func suites() [][]suite {
	return [][]suite{
		{{pkg: "bridge", bench: "^BenchmarkAnswer$", time: "4000x"}},
		{{pkg: "internal/faults", bench: "^BenchmarkFlood$", time: "500x"}},
		{{pkg: "bridge/crypt", bench: "^BenchmarkFrame$", time: "1s"}},
		{{pkg: "bridge/codec", bench: "^BenchmarkDecode$", time: "1s"}},
		{{pkg: "internal/store", bench: "^BenchmarkCommit$", time: "2000x", disk: true}},
		{
			// 60 s, for what happens once not to weigh too much.
			{pkg: "internal/store", bench: "^BenchmarkPaced$", time: "60x", disk: true},
			{pkg: "hub", bench: "^BenchmarkIdleConnections$/^(tls|hub)$", time: "1x", env: []string{"GATEWAYD_BENCH_WINDOW=10s"}},
		},
		{{pkg: "hub/hubtest", bench: "^BenchmarkConnections$", time: "1x"}},
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

// run runs the suite, shows what it says on w and returns its measurements.
func (s suite) run(ctx context.Context, o Options, w io.Writer) (results, error) {
	begin := time.Now()
	cmd := exec.CommandContext(ctx, "go", s.args()...) //nolint:gosec // the table above
	cmd.Dir = o.Root
	cmd.Env = append(os.Environ(), s.env...)
	if s.disk && o.Disk != "" {
		cmd.Env = append(cmd.Env, "TMPDIR="+o.Disk, "GOTMPDIR="+o.Disk) // testing.TB.TempDir heeds both
	}
	out, err := cmd.CombinedOutput()
	fmt.Fprintf(w, "--- %s\n%s--- %v\n\n", s.command(), out, time.Since(begin).Round(time.Second))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.command(), err)
	}
	r, err := parse(s.pkg, string(out))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.command(), err)
	}
	return r, nil
}

// together runs suites at the same time.
func together(ctx context.Context, all []suite, o Options, w io.Writer) (results, error) {
	group, ctx := errgroup.WithContext(ctx)
	var mu sync.Mutex
	sum := results{}
	for _, s := range all {
		group.Go(func() error {
			var said bytes.Buffer
			r, err := s.run(ctx, o, &said)
			mu.Lock()
			defer mu.Unlock()
			_, writeErr := w.Write(said.Bytes())
			maps.Copy(sum, r)
			return errors.Join(err, writeErr)
		})
	}
	return sum, group.Wait()
}
