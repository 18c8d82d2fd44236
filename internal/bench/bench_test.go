package bench

import (
	"context"
	"os"
	"os/signal"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Environment of the run that "make bench" orders.
const (
	envDocument = "GATEWAYD_BENCHMARKS" // the document to write
	envRaw      = "GATEWAYD_BENCHMARKS_RAW"
	envLong     = "BENCH_LONG" // not empty: with what takes many minutes
	envDisk     = "BENCH_DISK"
)

// TestRun is the program.
func TestRun(t *testing.T) {
	o := Options{
		Root: "../..", Document: os.Getenv(envDocument), Raw: os.Getenv(envRaw),
		Long: os.Getenv(envLong) != "", Disk: os.Getenv(envDisk),
	}
	if o.Raw == "" {
		t.Skip("make bench")
	}
	ctx, stop := signal.NotifyContext(t.Context(), os.Interrupt)
	defer stop()
	if err := Run(ctx, o, os.Stdout); err != nil {
		t.Fatal(err)
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	const output = `goos: linux
pkg: gatewayd/internal/store
BenchmarkPaced/1-per-second-2   30   1000012345 ns/op   7733 device-B/uplink   4300 estimated-B/uplink
BenchmarkAnswer                 4000   5.5 ms/p99   100 %answered
Benchmark results follow
BenchmarkFlood/bad=5000-16      500   0 ns/op   1.25e-3 ms/p50
PASS
`
	want := results{
		{"x.Paced/1-per-second", "ns/op"}: 1000012345, {"x.Paced/1-per-second", "device-B/uplink"}: 7733,
		{"x.Paced/1-per-second", "estimated-B/uplink"}: 4300,
		{"x.Answer", "ms/p99"}:                         5.5, {"x.Answer", "%answered"}: 100,
		{"x.Flood/bad=5000", "ns/op"}: 0, {"x.Flood/bad=5000", "ms/p50"}: 0.00125,
	}
	got, err := parse("x", output)
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(key{})); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	for name, bad := range map[string]string{"nothing": "PASS\n", "not a number": "BenchmarkX 1 many ns/op\n"} {
		if r, err := parse("x", bad); err == nil {
			t.Errorf("%s: %v, want an error", name, r)
		}
	}
}

func TestCells(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		line line
		want string
	}{
		{line{figure{what: "a", unit: "ms", goal: 50, kind: most}, 5.4321}, "a|5.43 ms|≤ 50 ms|0.11|met"},
		{line{figure{what: "a", unit: "ms", goal: 50, kind: most}, 50.04}, "a|50.0 ms|≤ 50 ms|1.00|MISSED"},
		{line{figure{what: "a", unit: "%", goal: 100, kind: least}, 99.5}, "a|99.5 %|≥ 100 %|0.99|MISSED"},
		{line{figure{what: "a", unit: "%", goal: 100, kind: least}, 100}, "a|100 %|≥ 100 %|1.00|met"},
		{line{figure{what: "a", goal: 0, kind: most}, 0}, "a|0|≤ 0||met"},
		{line{figure{what: "a", goal: 0, kind: most}, 1}, "a|1|≤ 0||MISSED"},
		{line{figure{what: "a", unit: "/s"}, 123456.7}, "a|123457 /s|||"},
		{line{figure{what: "a", unit: "µs"}, 0.01234}, "a|0.0123 µs|||"},
		{line{figure{what: "a", unit: "ms"}, -1.5}, "a|-1.50 ms|||"},
	} {
		if got := strings.Join(tt.line.cells(), "|"); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}

// Every figure finds what it needs in what the suites report, and says so if
// it does not.
func TestFigures(t *testing.T) {
	t.Parallel()
	if _, err := measured(results{}); err == nil {
		t.Error("figures from nothing")
	}
	all := everything(t)
	lines, err := measured(all)
	if err != nil {
		t.Fatal(err)
	}
	doc := document(Options{Long: true}, lines, all, machine{cpu: "a CPU", kernel: "6.1", cores: 2, memory: 4e9, disk: "ext4"}, time.Unix(0, 0))
	for _, want := range []string{"- Machine: a CPU, 2 cores, 4 GB, Linux 6.1, ext4, go", "- Date: 1970-01-01", "| figure ", "go test -run '^$' -bench '^BenchmarkAnswer$'"} {
		if !strings.Contains(doc, want) {
			t.Errorf("the document lacks %q:\n%s", want, doc)
		}
	}
	if i := strings.Index(doc, "\n## "); strings.Contains(doc[:i], "with 5,000") || strings.Contains(doc, "## Scaling") {
		t.Error("the document tells of what has not been measured")
	}
	for row := range strings.Lines(doc) {
		if row[0] == '|' && strings.Count(row, "|") != len(head())+1 {
			t.Errorf("not a row: %s", row)
		}
	}
}

// What takes many minutes is in the document when it has been measured.
func TestScaling(t *testing.T) {
	t.Parallel()
	all := results{}
	for _, nodes := range []string{"10", "100", "1000", "10000"} {
		for i, unit := range []string{"idle-RSS-MB", "RSS-MB", "idle-ms/s", "cpu-µs/frame", "ms/p50", "ms/p99"} {
			all[key{"internal/bench/daemon.Scale/nodes=" + nodes, unit}] = float64(i + 1)
		}
	}
	var b strings.Builder
	scaling(&b, all)
	const want = "| 10000 | 1 MB           | 2 MB               | 3 ms/s    | 4 µs          | 5 ms | 6 ms |"
	if !strings.Contains(b.String(), want) {
		t.Errorf("no %s in\n%s", want, b.String())
	}
	short, long := 0, 0
	for _, s := range wanted(Options{}) {
		short += len(s)
	}
	for _, s := range wanted(Options{Long: true}) {
		long += len(s)
	}
	if short == 0 || long <= short {
		t.Errorf("%d suites, %d with the long ones", short, long)
	}
}

func TestBenchmarkLines(t *testing.T) {
	t.Parallel()
	got := benchmarkLines("--- go test\ngoos: linux\npkg: x\nBenchmarkA 1 2 ns/op\nPASS\nok x 1s\n")
	if want := "goos: linux\npkg: x\nBenchmarkA 1 2 ns/op\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// everything has all that any figure asks for: it adds what it is told to be
// missing until nothing is.
func everything(t *testing.T) results {
	t.Helper()
	all := results{}
	for range 100 {
		_, err := measured(all)
		if err == nil {
			return all
		}
		words := strings.Fields(err.Error()) // benchmark NAME does not report UNIT
		all[key{words[1], words[len(words)-1]}] = 1
	}
	t.Fatal("no end of what is missing")
	return nil
}

func TestRunSaysWhatFailed(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out strings.Builder
	err := Run(ctx, Options{Root: "../..", Document: t.TempDir() + "/x.md"}, &out)
	if err == nil || !strings.Contains(err.Error(), "BenchmarkAnswer") {
		t.Errorf("got %v, want an error that names the command", err)
	}
}
