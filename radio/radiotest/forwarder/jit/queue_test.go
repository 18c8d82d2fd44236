package jit_test

import (
	"math"
	"testing"
	"testing/synctest"
	"time"

	"gatewayd/radio/radiotest"
	"gatewayd/radio/radiotest/forwarder/jit"
)

// after is an emission that starts d from now.
func after(q *jit.Queue, d time.Duration) radiotest.Emission {
	return radiotest.Emission{Count: q.Count() + uint32(d/time.Microsecond), Airtime: 50 * time.Millisecond}
}

func TestAdd(t *testing.T) {
	for name, tt := range map[string]struct {
		lead []time.Duration // the last is judged
		want string
	}{
		"in time":      {[]time.Duration{time.Second}, ""},
		"nearly late":  {[]time.Duration{53 * time.Millisecond}, ""},
		"late":         {[]time.Duration{52 * time.Millisecond}, jit.TooLate},
		"passed":       {[]time.Duration{-time.Millisecond}, jit.TooEarly}, // seen with the real one
		"early":        {[]time.Duration{129 * time.Second}, jit.TooEarly},
		"same time":    {[]time.Duration{time.Second, time.Second}, jit.Collision},
		"while on air": {[]time.Duration{time.Second, time.Second + 40*time.Millisecond}, jit.Collision},
		"too close":    {[]time.Duration{time.Second, time.Second + 60*time.Millisecond}, jit.Collision},
		"next":         {[]time.Duration{time.Second, time.Second + 100*time.Millisecond}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q := jit.New(math.MaxUint32 - 10)
				defer q.Stop()
				var got string
				for _, d := range tt.lead {
					got = q.Add(after(q, d), false)
				}
				if got != tt.want {
					t.Errorf("got %q, want %q", got, tt.want)
				}
			})
		})
	}
}

func TestEmitsOnTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := jit.New(0)
		defer q.Stop()
		late := after(q, time.Second)
		if r := q.Add(late, false); r != "" {
			t.Fatal(r)
		}
		if r := q.Add(after(q, 0), true); r != "" {
			t.Fatal(r)
		}
		for range 2 {
			e := <-q.Emissions()
			if e.Count != q.Count() {
				t.Errorf("emitted %d µs off", int32(q.Count()-e.Count))
			}
			if !q.Deaf(time.Millisecond) {
				t.Error("hears while it sends")
			}
		}
		if q.Count() != late.Count || q.Sent() != 2 {
			t.Errorf("at %d, %d sent", q.Count(), q.Sent())
		}
		<-time.After(100 * time.Millisecond)
		if q.Deaf(40*time.Millisecond) || !q.Deaf(60*time.Millisecond) {
			t.Error("deaf for a packet that began after the emission, or not for one that began during it")
		}
	})
}

func TestRestartCallsOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := jit.New(0)
		if r := q.Add(after(q, time.Second), false); r != "" {
			t.Fatal(r)
		}
		q.Restart(7)
		if q.Count() != 7 {
			t.Errorf("counter at %d", q.Count())
		}
		<-time.After(2 * time.Second)
		if q.Sent() != 0 {
			t.Error("emitted what was queued before the restart")
		}
	})
}

func TestFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := jit.New(0)
		defer q.Stop()
		got := ""
		n := 0
		for ; got == ""; n++ {
			got = q.Add(after(q, 0), true)
		}
		if got != jit.QueueFull || n != 33 {
			t.Errorf("%q at downlink %d", got, n)
		}
	})
}
