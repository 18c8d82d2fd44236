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
	"slices"
	"strconv"
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
	count int    // -count, for those that vary little and take no time; 0: 1
	env   []string
	as    string // tells its results from those of another run of the same benchmark
	disk  bool   // measures the block device, in Options.Disk if that is set
	long  bool   // only if Options.Long is set
}

// suites are run one after the other, so that none disturbs another; only
// those that do little but wait share a line, and the time. All of them
// together take about eight minutes, the long ones as many again.
func suites() [][]suite {
	return [][]suite{
		{{pkg: "bridge", bench: "^BenchmarkAnswer$", time: "4000x"}},
		{{pkg: "internal/faults", bench: "^BenchmarkFlood$", time: "500x"}},
		{{pkg: "internal/bench/daemon", bench: "^BenchmarkSerial$", time: "4000x", disk: true}},
		{{pkg: "internal/bench/daemon", bench: "^BenchmarkSustained$", time: "20000x", disk: true}},
		{{pkg: "internal/bench/daemon", bench: "^BenchmarkBridge$", time: "1500x", disk: true}},
		{{pkg: "internal/bench/daemon", bench: "^BenchmarkIdle$", time: "20x"}},
		{{pkg: "internal/bench/daemon", bench: "^Benchmark(Start|Binary)$", time: "3x", disk: true}},
		{{pkg: "bridge/crypt", bench: "^BenchmarkFrame$", time: "1s", count: 5}},
		{{pkg: "bridge/codec", bench: "^BenchmarkDecode$", time: "1s", count: 5}},
		{{pkg: "internal/store", bench: "^BenchmarkCommit$", time: "2000x", disk: true}},
		{
			// 60 s, for what happens once not to weigh too much.
			{pkg: "internal/store", bench: "^BenchmarkPaced$", time: "60x", disk: true},
			{pkg: "hub", bench: "^BenchmarkIdleConnections$/^(tls|hub)$", time: "1x", env: []string{"GATEWAYD_BENCH_WINDOW=10s"}},
		},
		{{pkg: "hub/hubtest", bench: "^BenchmarkConnections$", time: "1x"}},
		{{pkg: "internal/bench/daemon", bench: "^BenchmarkScale$", time: "2000x", disk: true, long: true}},
		{{pkg: "hub", bench: "^BenchmarkReconnect$", time: "1x", env: []string{"GATEWAYD_BENCH_CONNECTIONS=5000"}, long: true}},
		{{
			pkg: "hub", bench: "^BenchmarkIdleConnections$/^(tls|hub|paho)$", time: "1x", as: "5000",
			env: []string{"GATEWAYD_BENCH_CONNECTIONS=5000", "GATEWAYD_BENCH_WINDOW=60s"}, long: true,
		}},
	}
}

// wanted are the suites that o asks for.
func wanted(o Options) [][]suite {
	var all [][]suite
	for _, line := range suites() {
		line = slices.DeleteFunc(line, func(s suite) bool { return s.long && !o.Long })
		if len(line) > 0 {
			all = append(all, line)
		}
	}
	return all
}

func (s suite) args() []string {
	args := []string{"test", "-run", "^$", "-bench", s.bench, "-benchtime", s.time}
	if s.count > 1 {
		args = append(args, "-count", strconv.Itoa(s.count))
	}
	return append(args, "-timeout", "30m", "./"+s.pkg)
}

// name is what its results are under.
func (s suite) name() string {
	if s.as == "" {
		return s.pkg
	}
	return s.pkg + "@" + s.as
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
	r, err := parse(s.name(), string(out))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.command(), err)
	}
	return r, nil
}

// together runs suites at the same time. What benchstat reads goes to raw.
func together(ctx context.Context, all []suite, o Options, w, raw io.Writer) (results, error) {
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
			if s.as == "" { // two runs of one name would be taken for one
				_, rawErr := io.WriteString(raw, benchmarkLines(said.String()))
				writeErr = errors.Join(writeErr, rawErr)
			}
			maps.Copy(sum, r)
			return errors.Join(err, writeErr)
		})
	}
	return sum, group.Wait()
}
