package bench

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
	"unicode/utf8"
)

// Options of Run.
type Options struct {
	Root     string // the module's root
	Document string // is written anew; "": none
	Raw      string // gets what benchstat reads; "": nothing does
	Long     bool   // with what takes many minutes
	Disk     string // a directory on the file system to measure; "": the one for temporary files
}

// Run runs every suite, prints a table to w and writes the document. Goals
// that were missed are not an error.
func Run(ctx context.Context, o Options, w io.Writer) error {
	all := results{}
	begin, m := time.Now(), thisMachine(o.Disk)
	var raw bytes.Buffer
	for _, s := range wanted(o) {
		r, err := together(ctx, s, o, w, &raw)
		if err != nil {
			return err
		}
		maps.Copy(all, r)
	}
	lines, err := measured(all)
	if err != nil {
		return err
	}
	table(w, lines)
	fmt.Fprintf(w, "\n%v; %v\n", m, time.Since(begin).Round(time.Second))
	if o.Raw != "" {
		if err := os.WriteFile(o.Raw, raw.Bytes(), 0o644); err != nil { //nolint:gosec // a document
			return err
		}
	}
	if o.Document == "" {
		return nil
	}
	return os.WriteFile(o.Document, []byte(document(o, lines, all, m, time.Now())), 0o644) //nolint:gosec // a document
}

// head are the titles of the columns.
func head() []string { return []string{"figure", "measured", "goal", "of the goal", ""} }

// table prints lines for a terminal.
func table(w io.Writer, lines []line) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, strings.ToUpper(strings.Join(head(), "\t")))
	for _, l := range lines {
		fmt.Fprintln(t, strings.Join(l.cells(), "\t"))
	}
	_ = t.Flush() // w is a terminal or a test's log
}

// document is docs/benchmarks.md.
func document(o Options, lines []line, all results, m machine, at time.Time) string {
	var b strings.Builder
	fmt.Fprintf(&b, `# Benchmarks

What the goals look like on one machine. `+"`make bench`"+` measures anew and writes this page; a run takes about eight minutes, with
`+"`BENCH_LONG=1`"+` as many again. Figures of other machines differ; a goal that is missed here may be met on yours, and the other way
round. Nothing else should run meanwhile: bytes are counted at the block device, whoever writes them. `+"`make bench-compare`"+` measures
and shows what has changed against [benchmarks.txt](benchmarks.txt).

- Machine: %v
- Date: %s
- Ratio: measured by goal. At most 1 is good, except where the goal is a least value.

`, m, at.UTC().Format(time.DateOnly))
	markdown(&b, lines)
	b.WriteString(notes)
	scaling(&b, all)
	b.WriteString("\n## Commands\n\n```\n")
	for _, s := range slices.Concat(wanted(o)...) {
		b.WriteString(s.command() + "\n")
	}
	b.WriteString("```\n\nThe comments of the benchmarks say what each of them does. `BENCH_DISK` names a directory on the file system to measure,\n" +
		"`GATEWAYD_BENCH_BRIDGE` the binary of a chirpstack-gateway-bridge 4 to compare with.\n")
	return b.String()
}

// markdown writes lines as a table whose columns are aligned in the source
// too.
func markdown(b *strings.Builder, lines []line) {
	rows := [][]string{head()}
	for _, l := range lines {
		rows = append(rows, l.cells())
	}
	grid(b, rows)
}

// grid writes rows, the first of which are titles.
func grid(b *strings.Builder, rows [][]string) {
	width := make([]int, len(rows[0]))
	for _, r := range rows {
		for i, c := range r {
			width[i] = max(width[i], utf8.RuneCountInString(c))
		}
	}
	for n, r := range rows {
		for i, c := range r {
			b.WriteString("| " + c + strings.Repeat(" ", width[i]-utf8.RuneCountInString(c)+1))
		}
		b.WriteString("|\n")
		if n == 0 {
			for i := range r {
				b.WriteString("|" + strings.Repeat("-", width[i]+2))
			}
			b.WriteString("|\n")
		}
	}
}
