package duty_test

import (
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gatewayd/bridge/duty"
	"gatewayd/bridge/region"
)

const (
	strong = 869_525_000 // 10 %, 29 dBm
	common = 868_100_000 // 1 %
	weak   = 868_900_000 // 0.1 %
)

func eu868(t testing.TB) []region.SubBand {
	t.Helper()
	r, err := region.New(region.Options{Name: "EU868"})
	if err != nil {
		t.Fatal(err)
	}
	return r.SubBands()
}

// clock is a fixed instant with a monotonic reading.
func clock() time.Time { return time.Now() }

// refusal is the *duty.Refusal of err, or nil.
func refusal(t *testing.T, err error) *duty.Refusal {
	t.Helper()
	if err == nil {
		return nil
	}
	var r *duty.Refusal
	if !errors.As(err, &r) {
		t.Fatalf("the error is a %T: %v", err, err)
	}
	return r
}

func TestCheck(t *testing.T) {
	t.Parallel()
	dwell := []region.SubBand{{From: 915_000_000, To: 928_000_000, DutyCycle: 1, MaxEIRP: 16, DownlinkDwell: 400 * time.Millisecond}}
	for _, tt := range []struct {
		name      string
		subBands  []region.SubBand
		spent     time.Duration // on the same frequency, just before
		frequency uint32
		airtime   time.Duration
		eirp      int8
		want      string
	}{
		{name: "allowed", frequency: common, airtime: time.Second, eirp: 16},
		{name: "allowed strong", frequency: strong, airtime: time.Second, eirp: 29},
		{name: "the last of it", spent: 35 * time.Second, frequency: common, airtime: time.Second, eirp: 14},
		{
			name: "alarm band", frequency: 868_650_000, airtime: time.Second, eirp: 14,
			want: "868.650000 MHz is in none of the region's sub-bands",
		},
		{
			name: "too strong", frequency: common, airtime: time.Second, eirp: 27,
			want: "EIRP limit of 868.000-868.600 MHz: 27 dBm asked for, 16 allowed",
		},
		{
			name: "used up", spent: 35500 * time.Millisecond, frequency: common, airtime: 600 * time.Millisecond, eirp: 14,
			want: "duty cycle of 868.000-868.600 MHz: 35.5s of 36s in the hour used, 600ms asked for, free again in 1h0m0s",
		},
		{
			name: "never", frequency: weak, airtime: 4 * time.Second, eirp: 14,
			want: "duty cycle of 868.700-869.200 MHz: 0s of 3.6s in the hour used, 4s asked for, which is more than an hour has",
		},
		{name: "short enough", subBands: dwell, frequency: 923_200_000, airtime: 400 * time.Millisecond, eirp: 16},
		{
			name: "too long", subBands: dwell, frequency: 923_200_000, airtime: 401 * time.Millisecond, eirp: 16,
			want: "dwell time limit of 915.000-928.000 MHz: 401ms on air, 400ms allowed",
		},
		{name: "no limit", subBands: dwell, spent: time.Hour, frequency: 923_200_000, airtime: 400 * time.Millisecond, eirp: 16},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			bands := tt.subBands
			if bands == nil {
				bands = eu868(t)
			}
			start := clock()
			l := duty.New(bands, start)
			// In the first bucket, so that the time left is round.
			l.Book(start.Add(-tt.spent), tt.frequency, tt.spent)
			got := ""
			if err := l.Check(start.Add(10*time.Second), tt.frequency, tt.airtime, tt.eirp); err != nil {
				got = err.Error()
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestRefusalSaysWhen(t *testing.T) {
	t.Parallel()
	start := clock()
	l := duty.New(eu868(t), start)
	// 36 s in steps of 1 s, each 15 s after the other.
	for i := range 36 {
		at := start.Add(time.Duration(i) * 15 * time.Second)
		if err := l.Check(at, common, time.Second, 14); err != nil {
			t.Fatalf("emission %d: %v", i, err)
		}
		l.Book(at, common, time.Second)
	}
	now := start.Add(36 * 15 * time.Second)
	r := refusal(t, l.Check(now, common, 2*time.Second, 14))
	if r == nil || r.Rule != duty.RuleDutyCycle || r.Used != 36*time.Second || r.Limit != 36*time.Second {
		t.Fatalf("got %+v, want the duty cycle used up", r)
	}
	if r.Wait <= 0 || r.Wait > time.Hour {
		t.Fatalf("wait %v, want within the hour", r.Wait)
	}
	if err := l.Check(now.Add(r.Wait-time.Second), common, 2*time.Second, 14); err == nil {
		t.Error("allowed a second before it should be free")
	}
	if err := l.Check(now.Add(r.Wait), common, 2*time.Second, 14); err != nil {
		t.Errorf("when it should be free: %v", err)
	}
}

func TestUnbook(t *testing.T) {
	t.Parallel()
	start := clock()
	l := duty.New(eu868(t), start)
	b := l.Book(start, weak, 3*time.Second)
	if err := l.Check(start, weak, time.Second, 14); err == nil {
		t.Fatal("allowed beyond the limit")
	}
	l.Unbook(b)
	if err := l.Check(start, weak, time.Second, 14); err != nil {
		t.Errorf("after the emission was taken back: %v", err)
	}
	l.Unbook(duty.Booking{})
	l.Unbook(l.Book(start, 1, time.Second)) // in no sub-band
	b = l.Book(start, weak, 3*time.Second)
	l.Book(start.Add(3*time.Hour), weak, 3*time.Second)
	l.Unbook(b) // forgotten; the later one stays
	if err := l.Check(start.Add(3*time.Hour), weak, time.Second, 14); err == nil {
		t.Error("a forgotten emission was taken off a later one")
	}
}

func TestUsage(t *testing.T) {
	t.Parallel()
	start := clock()
	bands := append(eu868(t), region.SubBand{From: 900e6, To: 901e6, DutyCycle: 1, MaxEIRP: 30})
	l := duty.New(bands, start)
	l.Book(start, common, 9*time.Second)
	l.Book(start.Add(30*time.Minute), common, 9*time.Second)
	l.Book(start, 900_500_000, 36*time.Second)
	want := []duty.Usage{
		{SubBand: bands[0], Limit: 3600 * time.Millisecond},
		{SubBand: bands[1], Limit: 36 * time.Second},
		{SubBand: bands[2], Used: 18 * time.Second, Limit: 36 * time.Second, Share: 0.5},
		{SubBand: bands[3], Limit: 3600 * time.Millisecond},
		{SubBand: bands[4], Limit: 360 * time.Second},
		{SubBand: bands[5], Limit: 36 * time.Second},
		{SubBand: bands[6], Used: 36 * time.Second, Share: 0.01},
	}
	if diff := cmp.Diff(want, l.Usage(start.Add(time.Hour))); diff != "" {
		t.Errorf("after an hour (-want +got):\n%s", diff)
	}
	if u := l.Usage(start.Add(61 * time.Minute))[2]; u.Used != 9*time.Second {
		t.Errorf("after 61 minutes %v used, want 9s", u.Used)
	}
	if u := l.Usage(start.Add(48 * time.Hour))[2]; u.Used != 0 {
		t.Errorf("after two days %v used, want 0s", u.Used)
	}
}

func TestUsageWhileBooking(t *testing.T) {
	t.Parallel()
	start := clock()
	l := duty.New(eu868(t), start)
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := range 1000 {
			l.Unbook(l.Book(start.Add(time.Duration(i)*time.Second), common, time.Second))
		}
	})
	for range 100 {
		for _, u := range l.Usage(start) {
			if u.Used < 0 || u.Used > time.Second {
				t.Errorf("%v used, want at most one emission", u.Used)
			}
		}
	}
	wg.Wait()
}

// sent is an emission that took place, in time since the test's start.
type sent struct{ from, to time.Duration }

// most is the largest airtime of list in any hour. It is reached by an hour
// that begins where an emission begins or ends where one ends.
func most(list []sent) time.Duration {
	var worst time.Duration
	for _, edge := range list {
		for _, from := range []time.Duration{edge.from, edge.to - time.Hour} {
			var sum time.Duration
			for _, e := range list {
				sum += max(0, min(e.to, from+time.Hour)-max(e.from, from))
			}
			worst = max(worst, sum)
		}
	}
	return worst
}

// TestNeverMoreThanTheLimit asks for far more than is allowed, out of order and
// ahead of time, takes some back, and looks at every hour of what was sent.
func TestNeverMoreThanTheLimit(t *testing.T) {
	t.Parallel()
	for seed := range uint64(8) {
		rng := rand.New(rand.NewPCG(seed, 1))
		start := clock()
		l := duty.New(eu868(t), start)
		limit := 36 * time.Second
		var air []sent
		refused := 0
		for now := time.Duration(0); now < 4*time.Hour; now += time.Duration(rng.Int64N(int64(40 * time.Second))) {
			at := now + time.Duration(rng.Int64N(int64(20*time.Second)))
			airtime := time.Duration(rng.Int64N(int64(3 * time.Second)))
			if l.Check(start.Add(at), common, airtime, 14) != nil {
				refused++
				continue
			}
			b := l.Book(start.Add(at), common, airtime)
			if rng.IntN(5) == 0 {
				l.Unbook(b)
				continue
			}
			air = append(air, sent{at, at + airtime})
		}
		if got := most(air); got > limit {
			t.Errorf("seed %d: %v in an hour, want at most %v", seed, got, limit)
		} else if got < limit*8/10 {
			t.Errorf("seed %d: never more than %v in an hour: too strict for a limit of %v", seed, got, limit)
		}
		if refused == 0 {
			t.Errorf("seed %d: nothing was refused", seed)
		}
	}
}
