package hub

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
)

// quotaShelf is a QuotaStore in memory.
type quotaShelf struct {
	mu    sync.Mutex
	kept  map[string]QuotaCount
	saves int
}

func (s *quotaShelf) Load(host string) (QuotaCount, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.kept[host], nil
}

func (s *quotaShelf) Save(host string, c QuotaCount) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept[host] = c
	s.saves++
	return nil
}

// Figures of Microsoft's "IoT Hub quotas and throttling".
func TestThrottles(t *testing.T) {
	tests := []struct {
		tier  Tier
		units int
		want  throttle
	}{
		{"F1", 1, throttle{100, 100, 100, 50, 512, 8_000}},
		{"S1", 1, throttle{100, 100, 100, 50, 4096, 400_000}},
		{"B1", 20, throttle{240, 240, 100, 50, 4096, 8_000_000}},
		{"S2", 2, throttle{240, 240, 100, 50, 4096, 12_000_000}},
		{"S2", 20, throttle{2400, 2400, 200, 100, 4096, 120_000_000}},
		{"S3", 1, throttle{6000, 6000, 500, 250, 4096, 300_000_000}},
	}
	for _, tt := range tests {
		got, known := tt.tier.throttle(tt.units)
		if got != tt.want || !known {
			t.Errorf("%s, %d units: %+v, want %+v", tt.tier, tt.units, got, tt.want)
		}
	}
	if _, known := Tier("").throttle(1); known {
		t.Error("a tier that is not known has a throttle")
	}
}

func TestAccountant(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // at midnight, UTC
		shelf := &quotaShelf{kept: map[string]QuotaCount{}}
		o := Options{Clock: trustedClock(), Log: zap.NewNop(), QuotaStore: shelf}
		limits, _ := Tier("F1").throttle(1)
		a := newAccountant(o, Hub{Host: "h", Quota: QuotaBatch}, limits)
		for _, bytes := range []int{0, 1, 512, 513, 1025} { // 1 + 1 + 1 + 2 + 3
			a.add(bytes)
		}
		if s := a.status(); s.Used != 8 || s.Forecast != 8 || s.Limit != 8000 || s.Short {
			t.Errorf("status %+v", s)
		}
		<-time.After(6 * time.Hour)
		for range 1992 {
			a.add(1)
		}
		if s := a.status(); s.Used != 2000 || s.Forecast != 8000 || a.advise().batch {
			t.Errorf("2,000 in a quarter of the day: %+v, %+v", s, a.advise())
		}
		a.add(1)
		if s := a.status(); !s.Short || !a.advise().batch {
			t.Errorf("and one more: %+v, %+v", s, a.advise())
		}
		a.save()
		a.save()
		if shelf.kept["h"].Used != 2001 || shelf.saves != 1 {
			t.Errorf("kept %+v, %d saves", shelf.kept, shelf.saves)
		}
		again := newAccountant(o, Hub{Host: "h"}, limits)
		for range 5999 {
			again.add(1)
		}
		if hold := again.advise().hold; hold != 18*time.Hour {
			t.Errorf("used up at six in the morning: hold %v", hold)
		}
		<-time.After(18 * time.Hour)
		if s := again.status(); s.Used != 0 || again.advise() != (advice{}) {
			t.Errorf("the next day: %+v", s)
		}
	})
}

// A clock that is set back over midnight does not give the day's messages
// again; a count of a far day is none.
func TestQuotaClockBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := new(jumpingTestClock)
		limits, _ := Tier("F1").throttle(1)
		a := newAccountant(Options{Clock: clock, Log: zap.NewNop()}, Hub{Host: "h"}, limits)
		for _, tt := range []struct {
			offset time.Duration
			used   uint64
		}{{0, 1}, {time.Hour, 2}, {-time.Minute, 3}, {24 * time.Hour, 1}, {0, 2}, {100 * 24 * time.Hour, 1}, {24 * time.Hour, 1}} {
			clock.offset = tt.offset
			a.add(1)
			if got := a.status().Used; got != tt.used {
				t.Errorf("at %v: used %d, want %d", tt.offset, got, tt.used)
			}
		}
	})
}

// jumpingTestClock is the bubble's time and an offset.
type jumpingTestClock struct{ offset time.Duration }

func (c *jumpingTestClock) Now() time.Time                  { return time.Now().Add(c.offset) }
func (*jumpingTestClock) WaitTrusted(context.Context) error { return nil }

// When the quota is used up, messages wait for the next day.
func TestQuotaHolds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got journal
		h := newTestHub(t, func(p *peer) {
			if p.accept() {
				p.serve(got.add)
			}
		})
		o := h.options()
		o.Tier = "F1"
		o.QuotaStore = &quotaShelf{kept: map[string]QuotaCount{testHost: {Day: time.Now().UTC().Format(time.DateOnly), Since: time.Now(), Used: 7998}}}
		s, stop := h.start(o, testDevice(t, "lora1", newFeed(ids(1, 5)...)))
		advance(23 * time.Hour)
		if diff := cmp.Diff(ids(1, 2), slices.DeleteFunc(got.all(), isDisconnect)); diff != "" {
			t.Errorf("before midnight (-want +got):\n%s", diff)
		}
		if h.said("quota is used up") != 1 || s.Quota()[0].Used != 8000 {
			t.Errorf("quota %+v, log %v", s.Quota(), h.log.All())
		}
		advance(time.Hour + 2*time.Minute)
		if diff := cmp.Diff(ids(1, 5), slices.DeleteFunc(got.all(), isDisconnect)); diff != "" {
			t.Errorf("after midnight (-want +got):\n%s", diff)
		}
		stop()
	})
}

func isDisconnect(word string) bool { return word == "DISCONNECT" }

// batchFeed is a Batcher and a Dropper.
type batchFeed struct {
	*memoryFeed
	dropped []uint64
}

func (f *batchFeed) Batch(after, _ uint64, limit, _ int) (Message, []uint64, error) {
	messages, err := f.Pending(after, limit)
	if len(messages) == 0 {
		return Message{}, nil, err
	}
	var seqs []uint64
	for _, m := range messages {
		seqs = append(seqs, m.Seq)
	}
	last := messages[len(messages)-1]
	last.ID = fmt.Sprintf("%d up to %s", len(messages), last.ID)
	return last, seqs, err
}

func (f *batchFeed) Drop(seq uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.dropped = append(f.dropped, seq)
	f.queue = slices.DeleteFunc(f.queue, func(m Message) bool { return m.Seq == seq })
}

// shortOf are options whose hub's quota will not last.
func shortOf(h *testHub, policy QuotaPolicy) Options {
	o := h.options()
	o.Tier, o.Quota = "F1", policy
	o.QuotaStore = &quotaShelf{kept: map[string]QuotaCount{
		testHost: {Day: time.Now().UTC().Format(time.DateOnly), Since: time.Now(), Used: 4000},
	}}
	return o
}

func TestQuotaBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		<-time.After(time.Hour)
		var got journal
		h := newTestHub(t, func(p *peer) {
			if p.accept() {
				p.serve(got.add)
			}
		})
		o := shortOf(h, QuotaBatch)
		f := &batchFeed{memoryFeed: newFeed()}
		s, stop := h.start(o, testDevice(t, "lora1", f))
		advance(40 * time.Minute) // until there is a forecast
		for i := range 12 {
			f.add(fmt.Sprint("m", i+1))
			advance(2 * time.Minute)
		}
		stop()
		synctest.Wait()
		want := []string{"1 up to m1", "4 up to m5", "5 up to m10"}
		if diff := cmp.Diff(want, slices.DeleteFunc(got.all(), isDisconnect)); diff != "" {
			t.Errorf("messages (-want +got):\n%s\n%+v", diff, s.Quota())
		}
		if diff := cmp.Diff(seqs(1, 10), f.doneSeqs()); diff != "" {
			t.Errorf("done (-want +got):\n%s", diff)
		}
		if h.said("will not last") != 1 {
			t.Errorf("log %v", h.log.All())
		}
	})
}

func TestQuotaDropsLow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got journal
		h := newTestHub(t, func(p *peer) {
			if p.accept() {
				p.serve(got.add)
			}
		})
		o := shortOf(h, QuotaDropLow)
		f := &batchFeed{memoryFeed: newFeed()}
		_, stop := h.start(o, testDevice(t, "lora1", f))
		advance(40 * time.Minute)
		f.mu.Lock()
		f.queue = append(f.queue, Message{Seq: 1, ID: "m1"}, Message{Seq: 2, ID: "low", Low: true}, Message{Seq: 3, ID: "m3"})
		f.mu.Unlock()
		f.ready.Tell()
		advance(time.Minute)
		stop()
		synctest.Wait()
		if diff := cmp.Diff([]string{"m1", "m3", "DISCONNECT"}, got.all()); diff != "" {
			t.Errorf("messages (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]uint64{2}, f.dropped); diff != "" {
			t.Errorf("dropped (-want +got):\n%s", diff)
		}
	})
}

// What has waited is sent under the tier's throttle, from all devices
// together, and no device starves.
func TestPacing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newTestHub(t, func(p *peer) {
			if p.accept() {
				p.serve(func(string) {})
			}
		})
		o := h.options()
		o.Tier = "S1"
		var devices []Device
		var feeds []*memoryFeed
		for i := range 4 {
			f := newFeed(ids(1, 500)...)
			feeds = append(feeds, f)
			devices = append(devices, testDevice(t, fmt.Sprint("lora", i), f))
		}
		_, stop := h.start(o, devices...)
		defer stop()
		advance(10 * time.Second)
		total := 0
		for i, f := range feeds {
			n := len(f.doneSeqs())
			if total += n; n < 150 {
				t.Errorf("device %d: %d messages in 10 s", i, n)
			}
		}
		if total < 800 || total > 881 { // 80 at once, then 80 per second
			t.Errorf("%d messages in 10 s, want 80%% of 100 per second", total)
		}
	})
}
