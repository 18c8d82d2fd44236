package station

import (
	"testing"
	"time"

	"gatewayd/radio"
)

// When and where a station is told to send. The expected time is that of its
// own clock: the frame's xtime and the delay, to the microsecond.
func TestTransmitTimes(t *testing.T) {
	for name, tt := range map[string]struct {
		delay   time.Duration
		echo    bool // xtime is the frame's own
		rxDelay int64
	}{
		"RX1":                  {time.Second, true, 1},
		"RX2":                  {2 * time.Second, true, 2},
		"RX1 of a join":        {5 * time.Second, true, 5},
		"RX2 of a join":        {6 * time.Second, true, 6},
		"longest":              {15 * time.Second, true, 15},
		"longer":               {16 * time.Second, false, 1},
		"no whole second":      {1_500_001 * time.Microsecond, false, 1},
		"less than a second":   {200 * time.Millisecond, false, 1},
		"a second, less a bit": {999_999 * time.Microsecond, false, 1},
		"two minutes":          {2 * time.Minute, false, 1},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				r := start(t, nil)
				p := r.peer(1)
				pass(3 * time.Second)
				p.hear(p.xtime() - 700_000)
				xtime := p.xtime()
				u := p.hear(xtime)
				o := p.transmit(answer(u, 7, tt.delay))
				if got, want := o.at(), xtime+tt.delay.Microseconds(); got != want {
					t.Errorf("at %d, %d µs off", got, got-want)
				}
				if (o.XTime == xtime) != tt.echo || o.RxDelay != tt.rxDelay || o.Class != 0 {
					t.Errorf("got %+v", o)
				}
				if o.RX1DR == nil || *o.RX1DR != 5 || o.RX1Freq == nil || *o.RX1Freq != 868_100_000 || o.RX2Freq != nil || o.PDU != "60010203" {
					t.Errorf("got %+v", o)
				}
			})
		})
	}
}

// Microseconds go on beyond 32 bits, and so do Ticks.
func TestClockWrap(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := start(t, nil)
		p := r.peer(1)
		p.first = 1<<32 - 500_000
		p.powered = time.Now()
		before := p.hear(p.xtime())
		o := p.transmit(answer(before, 1, time.Second))
		if got, want := o.at(), p.session<<48+1<<32+500_000; got != want {
			t.Errorf("at %#x, want %#x", got, want)
		}
		pass(700 * time.Millisecond)
		after := p.hear(p.xtime())
		if after.Ticks.Sub(before.Ticks) != 700*time.Millisecond || after.Ticks.Count() != 200_000 {
			t.Errorf("%s later, count %d", after.Ticks.Sub(before.Ticks), after.Ticks.Count())
		}
		if n := r.gateway(0).Restarts; n != 0 {
			t.Errorf("%d restarts", n)
		}
	})
}

// Each antenna has its own time, and is answered in it.
func TestAntennas(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := start(t, nil)
		p := r.peer(1)
		for i, session := range []int64{0x0042, 0x0117, 0x0299, 0x0042} {
			p.session, p.first = session, session*1_234_567
			xtime := p.xtime()
			u := p.hear(xtime)
			for _, delay := range []time.Duration{time.Second, 1300 * time.Millisecond} {
				o := p.transmit(answer(u, uint64(i), delay))
				if o.RCtx != session>>8 || o.at() != xtime+delay.Microseconds() {
					t.Errorf("session %#x, %s: rctx %d, %d µs off", session, delay, o.RCtx, o.at()-xtime-delay.Microseconds())
				}
				p.confirm(o)
			}
			pass(10 * time.Second)
		}
		if n := r.gateway(0).Restarts; n != 0 {
			t.Errorf("%d restarts", n)
		}
	})
}

// A new session of the same antenna means that its radio has restarted.
func TestRadioRestarts(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := start(t, nil)
		p := r.peer(1)
		before := p.hear(p.xtime())
		p.transmit(answer(before, 1, 5*time.Second))
		p.session = 0x11
		p.powered, p.first = time.Now(), 20
		after := p.hear(p.xtime())
		if got := r.result(); got.ID != 1 || reason(got.Err) != radio.TxTooLate {
			t.Errorf("got %+v", got)
		}
		if after.Ticks <= before.Ticks || after.Ticks.Count() != 20 {
			t.Errorf("%d after %d", after.Ticks, before.Ticks)
		}
		if o := p.transmit(answer(after, 2, time.Second)); o.at() != p.session<<48+1_000_020 {
			t.Errorf("got %+v", o)
		}
		// And one that jumps within its session is taken for another.
		p.first += 3_600_000_000
		if again := p.hear(p.xtime()); again.Ticks <= after.Ticks {
			t.Errorf("%d after %d", again.Ticks, after.Ticks)
		}
		if n := r.gateway(0).Restarts; n != 2 {
			t.Errorf("%d restarts", n)
		}
	})
}

func TestClassC(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := start(t, nil)
		p := r.peer(1)
		d := radio.Downlink{
			ID: 3, Payload: []byte{0x60}, Immediate: true, Frequency: 869_525_000, DataRate: radio.LoRaDataRate(12, 125_000),
		}
		o := p.transmit(d) // without a frame ever heard
		if o.Class != 2 || *o.RX2DR != 0 || *o.RX2Freq != 869_525_000 || o.RX1Freq != nil || o.XTime != 0 {
			t.Errorf("got %+v", o)
		}
		p.confirm(o)
		if got := r.result(); got.ID != 3 || got.Err != nil {
			t.Errorf("got %+v", got)
		}
		p.hear(p.xtime())
		xtime := p.xtime()
		if o := p.transmit(d); o.XTime != xtime {
			t.Errorf("got %+v", o)
		}
		pass(3 * time.Second)
		r.silence()
		pass(2 * time.Second)
		if got := r.result(); reason(got.Err) != radio.TxHardware {
			t.Errorf("got %+v", got)
		}
	})
}

// A station says nothing of what it drops. RX2 must still be possible then.
func TestConfirmation(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := start(t, nil)
		p := r.peer(1)
		u := p.hear(p.xtime())
		first := p.transmit(answer(u, 1, time.Second))
		pass(1590 * time.Millisecond)
		r.silence()
		pass(20 * time.Millisecond)
		if got := r.result(); got.ID != 1 || reason(got.Err) != radio.TxHardware {
			t.Errorf("got %+v", got)
		}
		second := p.transmit(answer(u, 2, 2*time.Second))
		pass(450 * time.Millisecond)
		p.confirm(second)
		if got := r.result(); got != (radio.TxResult{Concentrator: "roof", ID: 2}) {
			t.Errorf("got %+v", got)
		}
		p.confirm(first)
		p.confirm(second)
		r.silence()
		g := r.gateway(0)
		if g.StrayTxeds != 2 || g.Tx.OK != 1 || g.Tx.Failed[radio.TxHardware] != 1 || g.Tx.Airtime[868_100_000] != 30_976*time.Microsecond {
			t.Errorf("got %+v", g)
		}
	})
}

func TestRefusals(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*radio.Downlink)
		want   radio.TxReason
	}{
		"size":           {func(d *radio.Downlink) { d.Payload = nil }, radio.TxSize},
		"data rate":      {func(d *radio.Downlink) { d.DataRate = radio.LoRaDataRate(9, 500_000) }, radio.TxDataRate},
		"bit rate":       {func(d *radio.Downlink) { d.DataRate = radio.FSKDataRate(100_000) }, radio.TxDataRate},
		"frequency":      {func(d *radio.Downlink) { d.Frequency = 923_300_000 }, radio.TxFrequency},
		"too late":       {func(d *radio.Downlink) { d.At = d.At.Add(-time.Second) }, radio.TxTooLate},
		"nearly":         {func(d *radio.Downlink) { d.At = d.At.Add(79*time.Millisecond - time.Second) }, radio.TxTooLate},
		"too early":      {func(d *radio.Downlink) { d.At = d.At.Add(128 * time.Second) }, radio.TxTooEarly},
		"collision":      {func(d *radio.Downlink) { d.At = d.At.Add(1500*time.Millisecond + 60*time.Millisecond) }, radio.TxCollision},
		"collision, end": {func(d *radio.Downlink) { d.At = d.At.Add(1500*time.Millisecond - 60*time.Millisecond) }, radio.TxCollision},
		"next to it":     {func(d *radio.Downlink) { d.At = d.At.Add(1500*time.Millisecond + 62*time.Millisecond) }, ""},
		"other gateway":  {func(d *radio.Downlink) { d.Gateway = radio.EUI64{9} }, radio.TxNotRunning},
		"before it all":  {func(d *radio.Downlink) { d.At = 5 }, radio.TxTooLate},
		"the only one":   {func(d *radio.Downlink) { d.Gateway = radio.EUI64{} }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				r := start(t, nil)
				p := r.peer(1)
				pass(2 * time.Second)
				u := p.hear(p.xtime())
				p.transmit(answer(u, 1, 2500*time.Millisecond))
				d := answer(u, 2, time.Second)
				tt.change(&d)
				if err := r.c.Transmit(d); reason(err) != tt.want {
					t.Errorf("got %v, want %q", err, tt.want)
				}
				if got := r.gateway(0).Tx.Failed[tt.want]; tt.want != "" && tt.want != radio.TxNotRunning && got != 1 {
					t.Errorf("%d counted", got)
				}
			})
		})
	}
}

func TestQueueFull(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := start(t, nil)
		p := r.peer(1)
		u := p.hear(p.xtime())
		p.full = true
		if err := r.c.Transmit(answer(u, 1, time.Second)); reason(err) != radio.TxQueueFull {
			t.Errorf("connection stuck: %v", err)
		}
		p.full = false
		for i := range txQueue {
			p.transmit(answer(u, uint64(i), time.Duration(i+1)*time.Second))
		}
		if err := r.c.Transmit(answer(u, 99, 20*time.Second)); reason(err) != radio.TxQueueFull {
			t.Errorf("got %v", err)
		}
		r.silence()
	})
}

func TestTimeUnknown(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := start(t, nil)
		p := r.peer(1)
		if err := r.c.Transmit(answer(radio.Uplink{Gateway: p.eui, Ticks: 1 << 33}, 1, time.Second)); reason(err) != radio.TxNotRunning {
			t.Errorf("got %v", err)
		}
		r.peer(2)
		if err := r.c.Transmit(radio.Downlink{Payload: []byte{1}, Immediate: true}); reason(err) != radio.TxDataRate && reason(err) != radio.TxNotRunning {
			t.Errorf("which one? %v", err)
		}
	})
}
