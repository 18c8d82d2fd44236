package concentratord

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"gatewayd/radio"
)

func TestFind(t *testing.T) {
	t.Parallel()
	counter := origin{ticks: 1_000_500, context: []byte{0, 0, 0, 1}}
	relay := origin{ticks: 2_000_000, context: []byte("relay!")}
	for name, tt := range map[string]struct {
		origins []origin
		at      radio.Ticks
		want    origin
		ok      bool
	}{
		"nothing heard":         {nil, 5, origin{}, false},
		"RX1":                   {[]origin{counter, relay}, 2_000_500, counter, true},
		"RX2 of a relay":        {[]origin{counter, relay}, 4_000_000, relay, true},
		"16 s":                  {[]origin{relay}, 18_000_000, relay, true},
		"no window, counter":    {[]origin{relay, counter}, 2_500_000, origin{2_500_000, []byte{0x00, 0x26, 0x25, 0xa0}}, true},
		"no window, relay":      {[]origin{relay}, 2_500_000, origin{}, false},
		"17 s":                  {[]origin{relay}, 19_000_000, origin{}, false},
		"same time as a frame":  {[]origin{relay}, 2_000_000, origin{}, false},
		"beyond a wrap of 2^32": {[]origin{counter}, 1<<32 + 7, origin{1<<32 + 7, []byte{0, 0, 0, 7}}, true},
	} {
		var r recent
		for _, o := range tt.origins {
			r.add(o)
		}
		got, ok := r.find(tt.at)
		if ok != tt.ok {
			t.Errorf("%s: found %t", name, ok)
		}
		if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(origin{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestRecentForgets(t *testing.T) {
	t.Parallel()
	var r recent
	for i := range radio.Ticks(3 * recentSize) {
		r.add(origin{ticks: i, context: []byte("relay!")})
	}
	if len(r.origins) != recentSize {
		t.Errorf("%d kept", len(r.origins))
	}
	if _, ok := r.find(2*recentSize - 1 + 1_000_000); ok {
		t.Error("the oldest is still there")
	}
	if o, ok := r.find(3*recentSize - 1 + 1_000_000); !ok || o.ticks != 3*recentSize-1 {
		t.Error("the newest is not there")
	}
}

func TestDesk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(time.Now())
		dl := radio.Downlink{Payload: []byte{1}, Frequency: 868_100_000, DataRate: radio.LoRaDataRate(7, 125_000)}
		reason := func(change func(*radio.Downlink)) radio.TxReason {
			x := dl
			change(&x)
			if te, ok := d.add(x, time.Now()).(*radio.TxError); ok { //nolint:errorlint // never wrapped
				return te.Reason
			}
			return ""
		}
		if got := reason(func(*radio.Downlink) {}); got != radio.TxNotRunning {
			t.Errorf("closed: %q", got)
		}
		d.open()
		if got := reason(func(x *radio.Downlink) { x.At = firstTicks.Add(time.Second) }); got != radio.TxNotRunning {
			t.Errorf("nothing heard: %q", got)
		}
		var u radio.Uplink
		d.place(&u, []byte{0xff, 0xff, 0xff, 0xff}, time.Now())
		dl.At = u.Ticks.Add(time.Second)
		if got := reason(func(x *radio.Downlink) { x.At = u.Ticks.Add(39 * time.Millisecond) }); got != radio.TxTooLate {
			t.Errorf("late: %q", got)
		}
		if got := reason(func(x *radio.Downlink) { x.Payload = nil }); got != radio.TxSize {
			t.Errorf("empty: %q", got)
		}
		for range txQueue {
			if got := reason(func(*radio.Downlink) {}); got != "" {
				t.Errorf("refused: %q", got)
			}
		}
		if got := reason(func(*radio.Downlink) {}); got != radio.TxQueueFull {
			t.Errorf("full: %q", got)
		}
		left := d.close()
		if len(left) != txQueue || left[0].delay != time.Second || string(left[0].context) != "\xff\xff\xff\xff" {
			t.Errorf("%d left, the first %+v", len(left), left[0])
		}
	})
}

// A context that is no counter has the host's time.
func TestOpaqueContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(time.Now())
		d.open()
		var a, b radio.Uplink
		d.place(&a, []byte("relay A"), time.Now())
		<-time.After(300 * time.Millisecond)
		d.place(&b, []byte("relay B"), time.Now())
		if got := b.Ticks.Sub(a.Ticks); got != 300*time.Millisecond || !b.Received.Equal(time.Now()) {
			t.Errorf("%s apart", got)
		}
		o := order{Downlink: radio.Downlink{At: a.Ticks.Add(2 * time.Second)}}
		if err := d.time(&o, time.Now()); err != nil || string(o.context) != "relay A" || o.delay != 2*time.Second {
			t.Errorf("%+v, %v", o, err)
		}
	})
}
