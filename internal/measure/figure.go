package measure

import (
	"slices"
	"time"
)

// Figure is one thing measured.
type Figure struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit"`
	Means string  `json:"means"` // for somebody who has to decide something
	Bad   bool    `json:"bad"`   // the machine is not good enough
}

// perCall runs do for at least d and returns what a call took.
func perCall(d time.Duration, do func()) time.Duration {
	do() // caches and lazily made parts are not what is asked for
	begin, calls := time.Now(), 0
	for n := 1; ; n *= 2 {
		for range n {
			do()
		}
		calls += n
		if took := time.Since(begin); took >= d {
			return took / time.Duration(calls)
		}
	}
}

// at is the share q of the durations, sorted by it: 0.5 is the median.
func at(all []time.Duration, q float64) time.Duration {
	slices.Sort(all)
	return all[min(int(q*float64(len(all))), len(all)-1)]
}

func micros(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e3 }
func millis(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e6 }
