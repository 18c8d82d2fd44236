package station

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gatewayd/radio"
	"gatewayd/radio/station/lns"
)

func TestUplink(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := start(t, nil)
		p := r.peer(1)
		pass(time.Second)
		p.say(`{"msgtype":"updf","MHdr":64,"DevAddr":1237220849,"FCtrl":0,"FCnt":2,"FOpts":"","FPort":1,"FRMPayload":"95437876","MIC":234819883,`+
			`"RefTime":0,"DR":6,"Freq":868300000,"upinfo":{"rctx":0,"xtime":%d,"gpstime":0,"fts":-1,"rssi":-57,"snr":9.5}}`, p.xtime())
		want := radio.Uplink{
			Concentrator: "roof", Gateway: p.eui, Payload: []byte("\x40\xf1\x7d\xbe\x49\x00\x02\x00\x01\x95\x43\x78\x76\x2b\x11\xff\x0d"),
			Ticks: 1<<32 + 6_000_000, Received: time.Now(), Frequency: 868_300_000, DataRate: radio.LoRaDataRate(7, 250_000),
			RSSI: -57, SNR: 9.5, Channel: 1,
		}
		if diff := cmp.Diff(want, <-r.up); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		p.say(`{"msgtype":"propdf","FRMPayload":"E0","DR":7,"Freq":868800000,"upinfo":{"xtime":%d,"rssi":-90,"snr":3}}`, p.xtime())
		if u := <-r.up; u.DataRate != radio.FSKDataRate(50_000) || u.SNR != 0 || u.Channel != 3 {
			t.Errorf("got %+v", u)
		}
	})
}

// What makes no sense is counted, and the connection goes on.
func TestOddMessages(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := start(t, nil)
		p := r.peer(1)
		for _, s := range []string{
			`{`, `null`, `[]`, `{"msgtype":"updf"}`, `{"msgtype":"rmtsh","rmtsh":[]}`, `{"msgtype":"event\n"}`, `{"msgtype":"dntxed","diid":4}`,
			`{"msgtype":"propdf","FRMPayload":"E0","DR":9,"Freq":868100000,"upinfo":{"xtime":1}}`, // DR9 is not defined
		} {
			p.say("%s", s)
		}
		if len(p.out) != 0 || p.closed {
			t.Errorf("answered %q, closed %t", p.out, p.closed)
		}
		g := r.gateway(0)
		if g.Messages != 9 || g.Malformed != 4 || g.Unknown != 3 || g.StrayTxeds != 1 || g.RxOK != 0 {
			t.Errorf("got %+v", g)
		}
		p.hear(p.xtime())
	})
}

// A full channel costs frames, not time.
func TestUplinksDropped(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := start(t, nil)
		p := r.peer(1)
		for range cap(r.up) + 3 {
			p.say(`{"msgtype":"propdf","FRMPayload":"E0","DR":0,"Freq":868100000,"upinfo":{"xtime":%d}}`, p.xtime())
		}
		if g := r.gateway(0); g.RxDropped != 3 || g.Forwarded != uint64(cap(r.up)) {
			t.Errorf("got %+v", g)
		}
	})
}

// A station that forgets to introduce itself is configured all the same.
func TestNoVersion(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := start(t, nil)
		p := &peer{rig: r, eui: radio.EUI64{1}, session: 1, powered: time.Now()}
		p.connect()
		if err := r.c.Transmit(radio.Downlink{Payload: []byte{1}, Immediate: true, Frequency: 868_100_000, DataRate: radio.LoRaDataRate(7, 125_000)}); reason(err) != radio.TxNotRunning {
			t.Errorf("before router_config: %v", err)
		}
		p.hear(p.xtime() + 1)
		if got := p.drain(); len(got) != 1 || got[0]["msgtype"] != "router_config" {
			t.Errorf("got %v", got)
		}
	})
}

func TestTimeSync(t *testing.T) {
	bubble(t, func(t *testing.T) {
		trusted := false
		r := start(t, func(o *Options) { o.TimeTrusted = func() bool { return trusted } })
		p := r.peer(1)
		p.say(`{"msgtype":"timesync","txtime":17}`)
		if got := p.drain(); len(got) != 0 {
			t.Errorf("told %v, which is not known", got)
		}
		trusted = true
		p.say(`{"msgtype":"timesync","txtime":18}`)
		got := p.drain()
		if len(got) != 1 || got[0]["txtime"] != 18.0 || got[0]["gpstime"] != float64(lns.GPSTime(time.Now())) {
			t.Errorf("got %v", got)
		}
		if n := r.gateway(0).TimeSyncs; n != 2 {
			t.Errorf("%d counted", n)
		}
		p.say(`{"msgtype":"version","station":"x"}`)
		if got := p.drain(); len(got) != 1 || got[0]["MuxTime"] != float64(time.Now().Unix()) {
			t.Errorf("got %v", got)
		}
	})
}

// A second connection of the same gateway takes the place of the first.
func TestReplaced(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := start(t, nil)
		old := r.peer(1)
		u := old.hear(old.xtime())
		old.transmit(answer(u, 1, 5*time.Second))
		p := r.peer(1)
		if !old.closed {
			t.Error("the old connection is still open")
		}
		if got := r.result(); got.ID != 1 || reason(got.Err) != radio.TxNotRunning {
			t.Errorf("got %+v", got)
		}
		old.say(`{"msgtype":"propdf","FRMPayload":"E0","DR":0,"Freq":868100000,"upinfo":{"xtime":1}}`)
		report(r.tx, r.c.depart(old.eui, old, net408()))
		r.silence()
		if g := r.gateway(0); !g.Reachable || g.Connects != 2 || g.RxOK != 1 {
			t.Errorf("got %+v", g)
		}
		if err := r.c.Transmit(answer(u, 2, 5*time.Second)); reason(err) != radio.TxNotRunning {
			t.Errorf("answer to a frame of the old connection: %v", err)
		}
		if again := p.hear(p.xtime()); again.Ticks <= u.Ticks.Add(5*time.Second) {
			t.Errorf("time went back to %d", again.Ticks)
		}
		if err := r.c.Transmit(answer(u, 3, 5*time.Second)); reason(err) != radio.TxTooLate {
			t.Errorf("answer to a frame of the old connection: %v", err)
		}
	})
}

func net408() error { return errSilent }

func TestDeparted(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := start(t, nil)
		p := r.peer(1)
		u := p.hear(p.xtime())
		p.transmit(answer(u, 1, time.Second))
		report(r.tx, r.c.depart(p.eui, p, errSilent))
		if got := r.result(); got.ID != 1 || reason(got.Err) != radio.TxNotRunning {
			t.Errorf("got %+v", got)
		}
		if err := r.c.Transmit(answer(u, 2, time.Second)); reason(err) != radio.TxNotRunning {
			t.Errorf("got %v", err)
		}
		if g := r.gateway(0); g.Reachable || g.Address != "" {
			t.Errorf("got %+v", g)
		}
		if n := r.logs.FilterMessage("station is gone").Len(); n != 1 {
			t.Errorf("%d lines", n)
		}
	})
}

// Strangers cannot fill the memory, nor push out who is connected.
func TestCrowd(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := start(t, nil)
		r.peer(1)
		for i := range 2 * maxGateways {
			p := &peer{rig: r, eui: radio.EUI64{0xbb, byte(i >> 8), byte(i), 1}}
			p.connect()
			r.c.depart(p.eui, p, errSilent)
		}
		if n := len(r.c.Stats().Gateways); n != maxGateways {
			t.Errorf("%d gateways", n)
		}
		if !r.gateway(0).Reachable {
			t.Error("the one that is connected was forgotten")
		}
		refused := 0
		for i := range maxGateways + 4 {
			p := &peer{rig: r, eui: radio.EUI64{0xcc, byte(i >> 8), byte(i), 1}}
			if _, ok := r.c.arrive(p.eui, p, ""); !ok {
				refused++
			}
		}
		if s := r.c.Stats(); refused != 5 || s.Crowded != 5 {
			t.Errorf("%d refused, %d counted", refused, s.Crowded)
		}
		if n := r.logs.Len(); n > 12 {
			t.Errorf("%d lines of log", n)
		}
	})
}

func TestPrintable(t *testing.T) {
	t.Parallel()
	if got := printable("a\nb\x00ü" + strings.Repeat("x", 100)); got != "a?b??"+strings.Repeat("x", 59) {
		t.Errorf("got %q", got)
	}
}

// Nothing a station says makes anything panic or hang.
func FuzzTake(f *testing.F) {
	f.Add([]byte(`{"msgtype":"propdf","FRMPayload":"E0","DR":0,"Freq":1,"upinfo":{"xtime":-1}}`), []byte(`{"msgtype":"propdf","FRMPayload":"E0","DR":0,"Freq":1,"upinfo":{"xtime":9223372036854775807}}`))
	f.Add([]byte(`{"msgtype":"dntxed","diid":1}`), []byte(`{"msgtype":"version"}`))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		c, err := New(Options{Name: "roof", Plan: plan868()})
		if err != nil {
			t.Fatal(err)
		}
		p := &peer{rig: &rig{t: t, c: c}}
		c.arrive(p.eui, p, "")
		up := make(chan radio.Uplink, 4)
		var highest radio.Ticks
		for _, m := range [][]byte{a, b, a} {
			c.take(p.eui, p, m, up)
			select {
			case u := <-up:
				if u.Ticks <= 0 {
					t.Errorf("%d after %d", u.Ticks, highest)
				}
			default:
			}
		}
	})
}
