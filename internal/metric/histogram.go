package metric

import (
	"sync/atomic"
	"time"
)

// Histogram counts durations in buckets. It may be used by any number of
// goroutines; to observe costs no allocation.
type Histogram struct {
	bounds []time.Duration // ascending
	counts []atomic.Uint64 // one for each bound, and one for what is beyond
	sum    atomic.Int64    // ns
}

// NewHistogram has a bucket up to each of bounds, which are ascending, and one
// for what is beyond.
func NewHistogram(bounds ...time.Duration) *Histogram {
	return &Histogram{bounds: bounds, counts: make([]atomic.Uint64, len(bounds)+1)}
}

// Observe counts d.
func (h *Histogram) Observe(d time.Duration) {
	i := 0
	for i < len(h.bounds) && d > h.bounds[i] {
		i++
	}
	h.counts[i].Add(1)
	h.sum.Add(int64(d))
}

// Buckets are the counts of a Histogram at one moment.
type Buckets struct {
	Bounds []time.Duration
	Counts []uint64 // not cumulative; the last is beyond all bounds
	Sum    time.Duration
}

// Read returns the counts.
func (h *Histogram) Read() Buckets {
	b := Buckets{Bounds: h.bounds, Counts: make([]uint64, len(h.counts)), Sum: time.Duration(h.sum.Load())}
	for i := range h.counts {
		b.Counts[i] = h.counts[i].Load()
	}
	return b
}
