package metric

import (
	"bytes"
	"strconv"
	"strings"
)

// Kind of a family.
type Kind string

// The kinds.
const (
	Counter   Kind = "counter"
	Gauge     Kind = "gauge"
	histogram Kind = "histogram"
)

// Label is a name and a value that tell the samples of a family apart.
type Label struct{ Name, Value string }

// Text collects families in Prometheus' text format, version 0.0.4. A family's
// samples follow it: begin it with Family.
type Text struct {
	buf  bytes.Buffer
	name string
}

// ContentType is that of the format.
const ContentType = "text/plain; version=0.0.4; charset=utf-8"

// Family begins a family of samples. Counters' names end in _total.
func (t *Text) Family(name string, kind Kind, help string) {
	t.name = name
	t.buf.WriteString("# HELP " + name + " " + strings.NewReplacer(`\`, `\\`, "\n", `\n`).Replace(help) + "\n")
	t.buf.WriteString("# TYPE " + name + " " + string(kind) + "\n")
}

// Sample writes one value of the family.
func (t *Text) Sample(v float64, labels ...Label) { t.sample(t.name, v, labels) }

// One is a family with one sample.
func (t *Text) One(name string, kind Kind, help string, v float64) {
	t.Family(name, kind, help)
	t.Sample(v)
}

// Histogram writes a family of durations, in seconds.
func (t *Text) Histogram(name, help string, b Buckets) {
	t.Family(name, histogram, help)
	sum := uint64(0)
	for i, n := range b.Counts {
		sum += n
		bound := "+Inf"
		if i < len(b.Bounds) {
			bound = strconv.FormatFloat(b.Bounds[i].Seconds(), 'g', -1, 64)
		}
		t.sample(name+"_bucket", float64(sum), []Label{{"le", bound}})
	}
	t.sample(name+"_sum", b.Sum.Seconds(), nil)
	t.sample(name+"_count", float64(sum), nil)
}

func (t *Text) sample(name string, v float64, labels []Label) {
	t.buf.WriteString(name)
	for i, l := range labels {
		sep := byte(',')
		if i == 0 {
			sep = '{'
		}
		t.buf.WriteByte(sep)
		t.buf.WriteString(l.Name + `="` + strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`).Replace(strings.ToValidUTF8(l.Value, "\uFFFD")) + `"`)
	}
	if len(labels) > 0 {
		t.buf.WriteByte('}')
	}
	t.buf.WriteString(" " + strconv.FormatFloat(v, 'g', -1, 64) + "\n")
}

// Bytes are what has been written.
func (t *Text) Bytes() []byte { return t.buf.Bytes() }

// Bool is 1 for true.
func Bool(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
