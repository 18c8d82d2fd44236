package picocell

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gatewayd/radio"
)

const now = radio.Ticks(1) << 33

// in is an emission of 50 ms that starts in d.
func in(d time.Duration) emission {
	return emission{start: now.Add(d), end: now.Add(d + 50*time.Millisecond)}
}

// reason is why a downlink was refused, or "".
func reason(t *testing.T, err error) radio.TxReason {
	t.Helper()
	if err == nil {
		return ""
	}
	te, ok := errors.AsType[*radio.TxError](err)
	if !ok {
		t.Fatalf("%v is not a *radio.TxError", err)
	}
	return te.Reason
}

func TestScheduleAdd(t *testing.T) {
	const ms = time.Millisecond
	tests := []struct {
		name    string
		waiting []time.Duration
		start   time.Duration
		want    radio.TxReason
	}{
		{"RX1", nil, time.Second, ""},
		{"RX2 of a join", nil, 6 * time.Second, ""},
		{"both windows of a join", []time.Duration{5 * time.Second}, 6 * time.Second, ""},
		{"the last moment", nil, 40 * ms, ""},
		{"too late", nil, 39 * ms, radio.TxTooLate},
		{"past", nil, -time.Second, radio.TxTooLate},
		{"the furthest", nil, 8 * time.Second, ""},
		{"too early", nil, 8001 * ms, radio.TxTooEarly},
		{"at the same time", []time.Duration{time.Second}, time.Second, radio.TxCollision},
		{"while the other one recovers", []time.Duration{time.Second}, 1199 * ms, radio.TxCollision},
		{"right after the other one", []time.Duration{time.Second}, 1200 * ms, ""},
		{"right before the other one", []time.Duration{time.Second}, 800 * ms, ""},
		{"deaf for it when the other one starts", []time.Duration{time.Second}, 801 * ms, radio.TxCollision},
		{"between two", []time.Duration{time.Second, 2 * time.Second}, 1500 * ms, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var s schedule
			for _, d := range tt.waiting {
				if err := s.add(in(d), now); err != nil {
					t.Fatal(err)
				}
			}
			if got := reason(t, s.add(in(tt.start), now)); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestScheduleIsBounded(t *testing.T) {
	var s schedule
	for i := range txQueue {
		if err := s.add(in(time.Duration(i+1)*300*time.Millisecond), now); err != nil {
			t.Fatal(i, err)
		}
	}
	if got := reason(t, s.add(in(7*time.Second), now)); got != radio.TxQueueFull {
		t.Errorf("got %q", got)
	}
	if got := reason(t, s.addSoon(in(0), now)); got != radio.TxQueueFull {
		t.Errorf("immediate: got %q", got)
	}
}

func TestScheduleTakesInOrderOfTime(t *testing.T) {
	var s schedule
	for id, d := range []time.Duration{3 * time.Second, time.Second, 2 * time.Second} {
		e := in(d)
		e.id = uint64(id)
		if err := s.add(e, now); err != nil {
			t.Fatal(err)
		}
	}
	due, ok := s.next()
	if !ok || due != now.Add(time.Second-txAhead) {
		t.Errorf("due %s ahead, %t", due.Sub(now), ok)
	}
	if e, ok := s.take(due - 1); ok {
		t.Errorf("took %d too early", e.id)
	}
	var got []uint64
	for {
		e, ok := s.take(now.Add(time.Minute))
		if !ok {
			break
		}
		got = append(got, e.id)
	}
	if diff := cmp.Diff([]uint64{1, 2, 0}, got); diff != "" {
		t.Error(diff)
	}
}

func TestScheduleKeepsClearOfTheEmissionUnderWay(t *testing.T) {
	var s schedule
	if err := s.add(in(100*time.Millisecond), now); err != nil {
		t.Fatal(err)
	}
	then := now.Add(60 * time.Millisecond)
	if _, ok := s.take(then); !ok {
		t.Fatal("not due")
	}
	if got := reason(t, s.add(in(250*time.Millisecond), then)); got != radio.TxCollision {
		t.Errorf("got %q", got)
	}
	if err := s.add(in(300*time.Millisecond), then); err != nil {
		t.Error(err)
	}
}

func TestScheduleSoon(t *testing.T) {
	const ms = time.Millisecond
	tests := []struct {
		name    string
		waiting []time.Duration
		want    time.Duration
		reason  radio.TxReason
	}{
		{"free", nil, 80 * ms, ""},
		{"fits before", []time.Duration{300 * ms}, 80 * ms, ""},
		{"after the next", []time.Duration{200 * ms}, 400 * ms, ""},
		{"in the second gap", []time.Duration{200 * ms, 400 * ms}, 600 * ms, ""},
		{"after fifteen", func() (d []time.Duration) {
			for i := range 15 {
				d = append(d, time.Duration(i+1)*200*ms)
			}
			return d
		}(), 3200 * ms, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var s schedule
			for _, d := range tt.waiting {
				if err := s.add(in(d), now); err != nil {
					t.Fatal(err)
				}
			}
			e := in(0)
			e.id = 99
			if got := reason(t, s.addSoon(e, now)); got != tt.reason {
				t.Fatalf("got %q", got)
			}
			for _, w := range s.waiting {
				if w.id == 99 && (w.start.Sub(now) != tt.want || w.end.Sub(w.start) != 50*ms) {
					t.Errorf("starts %s ahead, want %s", w.start.Sub(now), tt.want)
				}
			}
		})
	}
}

func TestScheduleClear(t *testing.T) {
	var s schedule
	for _, d := range []time.Duration{time.Second, 2 * time.Second} {
		if err := s.add(in(d), now); err != nil {
			t.Fatal(err)
		}
	}
	if got := len(s.clear()); got != 2 {
		t.Errorf("%d given back", got)
	}
	if _, ok := s.next(); ok {
		t.Error("not empty")
	}
}
