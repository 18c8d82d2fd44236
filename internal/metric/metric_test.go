package metric

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestText(t *testing.T) {
	t.Parallel()
	var x Text
	x.One("a_total", Counter, "Says \\ and\nmore.", 3)
	x.Family("b", Gauge, "B.")
	x.Sample(0.5, Label{"name", "say \"hi\"\n\\"}, Label{"bad", "\xff"})
	h := NewHistogram(time.Millisecond, time.Second)
	for _, d := range []time.Duration{time.Microsecond, time.Millisecond, 2 * time.Millisecond, time.Minute} {
		h.Observe(d)
	}
	x.Histogram("c_seconds", "C.", h.Read())
	want := `# HELP a_total Says \\ and\nmore.
# TYPE a_total counter
a_total 3
# HELP b B.
# TYPE b gauge
b{name="say \"hi\"\n\\",bad="` + "\uFFFD" + `"} 0.5
# HELP c_seconds C.
# TYPE c_seconds histogram
c_seconds_bucket{le="0.001"} 2
c_seconds_bucket{le="1"} 3
c_seconds_bucket{le="+Inf"} 4
c_seconds_sum 60.003001
c_seconds_count 4
`
	if diff := cmp.Diff(want, string(x.Bytes())); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
