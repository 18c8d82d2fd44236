package soak

import (
	"fmt"
	"math"
	"time"
)

// series is one quantity over time.
type series struct {
	name  string
	unit  string
	scale float64 // of a value, for people
	at    []float64
	value []float64
}

func (s *series) add(at time.Duration, v float64) {
	s.at, s.value = append(s.at, at.Hours()), append(s.value, v)
}

// trend is the straight line through a series.
type trend struct {
	mean      float64
	slope     float64 // per hour
	deviation float64 // standard error of the slope
}

// fit is the least-squares line. It needs three values.
func (s *series) fit() (trend, bool) {
	n := float64(len(s.at))
	if n < 3 {
		return trend{}, false
	}
	var sumX, sumY float64
	for i := range s.at {
		sumX, sumY = sumX+s.at[i], sumY+s.value[i]
	}
	t := trend{mean: sumY / n}
	var xx, xy float64
	for i := range s.at {
		dx := s.at[i] - sumX/n
		xx, xy = xx+dx*dx, xy+dx*(s.value[i]-t.mean)
	}
	if xx == 0 {
		return trend{}, false
	}
	t.slope = xy / xx
	var rest float64
	for i := range s.at {
		d := s.value[i] - t.mean - t.slope*(s.at[i]-sumX/n)
		rest += d * d
	}
	t.deviation = math.Sqrt(rest / (n - 2) / xx)
	return t, true
}

// tolerated is how much of its mean a flat quantity may seem to grow in the
// time it was watched.
const tolerated = 0.05

// flat reports whether what the line says for sure, beyond two standard errors,
// is no growth worth the name over so many hours.
func (t trend) flat(hours float64) bool {
	return (t.slope-2*t.deviation)*hours <= tolerated*t.mean
}

// hours is how long the series was watched.
func (s *series) hours() float64 {
	if len(s.at) == 0 {
		return 0
	}
	return s.at[len(s.at)-1] - s.at[0]
}

// verdict is a line for people, and whether the quantity is flat.
func (s *series) verdict() (string, bool) {
	t, ok := s.fit()
	if !ok {
		return fmt.Sprintf("%-14s too few samples", s.name), true
	}
	word := "flat"
	if !t.flat(s.hours()) {
		word = "GROWS"
	}
	return fmt.Sprintf("%-14s %10.1f %-5s %+10.3f ± %.3f %s/h  %s", s.name, t.mean*s.scale, s.unit,
		t.slope*s.scale, 2*t.deviation*s.scale, s.unit, word), word == "flat"
}
