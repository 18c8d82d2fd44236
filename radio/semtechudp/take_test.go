package semtechudp

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gatewayd/radio"
)

func TestUplink(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := start(t, nil)
		p := r.peer(1)
		p.first = 0xffff0000 // wraps soon
		first := p.hear()
		<-time.After(time.Second)
		arrived := time.Now()
		u := p.hear()
		if got := u.Ticks.Sub(first.Ticks); got != time.Second {
			t.Errorf("%s between two frames", got)
		}
		want := radio.Uplink{
			Concentrator: "roof", Gateway: p.eui, Payload: []byte{0x40, 1, 2}, Ticks: u.Ticks, Received: arrived,
			Frequency: 868_100_000, DataRate: radio.LoRaDataRate(7, 125_000), CodingRate: "4/5", RSSI: -50, SNR: 8,
		}
		if diff := cmp.Diff(want, u); diff != "" {
			t.Errorf("uplink (-want +got):\n%s", diff)
		}
	})
}

func TestPushCounts(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := start(t, nil)
		p := r.peer(1)
		frame := func(stat int) string {
			return fmt.Sprintf(`{"tmst":%d,"freq":868.1,"stat":%d,"datr":"SF7BW125","data":"QAEC"}`, p.count(), stat)
		}
		p.send(pushData, 1, `{"rxpk":[`+frame(1)+`,`+frame(-1)+`,`+frame(0)+`,{"tmst":1},`+frame(1)+`],"stat":{"rxnb":5}}`)
		p.send(pushData, 2, `{"stat":{"temp":25}}`)
		p.send(pushData, 3, `{"stat":7}`)
		p.send(pushData, 4, `not JSON`)
		if n := len(p.drain()); n != 4 {
			t.Errorf("%d acknowledgements, want 4", n)
		}
		for range 20 { // more than the channel takes
			p.send(pushData, 5, `{"rxpk":[`+frame(1)+`]}`)
		}
		got := r.gateway(0)
		want := GatewayStats{
			Gateway: p.eui, Version: 2, FirstSeen: time.Now(), LastSeen: time.Now(), RxOK: 22, RxCRCBad: 1, RxNoCRC: 1,
			RxDropped: 6, Malformed: 3, Forwarded: 16, Report: Report{Temperature: 25},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("statistics (-want +got):\n%s", diff)
		}
	})
}

// Strangers get no answer, are said once, and cannot fill the memory.
func TestAllowList(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := start(t, func(o *Options) { o.AllowedGateways = []radio.EUI64{{0xaa, 0, 0, 0, 0, 0, 0, 1}} })
		good, bad := r.peer(1), r.peer(2)
		good.hear()
		good.pull()
		for range 3 {
			bad.send(pullData, 1, "")
			bad.send(pushData, 2, `{"rxpk":[]}`)
			bad.send(txAck, 3, "")
		}
		if got := bad.drain(); len(got) != 0 {
			t.Errorf("a stranger got %q", got)
		}
		s := r.c.Stats()
		if s.Refused != 9 || len(s.Gateways) != 1 {
			t.Errorf("refused %d, %d gateways", s.Refused, len(s.Gateways))
		}
		if n := r.logs.FilterMessageSnippet("not allowed").Len(); n != 1 {
			t.Errorf("said %d times", n)
		}
	})
}

// Made-up gateways push out each other, not one that has been here.
func TestFloodOfGateways(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := start(t, nil)
		good := r.peer(1)
		good.pull()
		good.hear()
		<-time.After(settledAfter)
		u := good.hear()
		now := time.Now()
		from := netip.MustParseAddrPort("203.0.113.1:9")
		lines := r.logs.Len()
		for i := range 3000 {
			eui := radio.EUI64{0xbb, 0, 0, 0, 0, byte(i >> 16), byte(i >> 8), byte(i)}
			b := append([]byte{2, 0, 1, byte(pushData)}, eui[:]...)
			if got := r.c.take(append(b, `{"rxpk":[{"tmst":1,"freq":868,"datr":50000,"data":"AQ"}]}`...), from, now, nil); got != nil {
				t.Fatalf("results %v", got)
			}
			for len(r.box.out) > 0 {
				if l := <-r.box.out; len(l.b) > replySize {
					t.Fatalf("reply %x", l.b)
				}
			}
		}
		if n := len(r.c.Stats().Gateways); n > maxGateways {
			t.Errorf("%d gateways kept", n)
		}
		if n := r.logs.Len() - lines; n > 20 {
			t.Errorf("%d lines logged", n)
		}
		good.transmit(answer(u, 1, time.Second))
		if again := good.hear(); again.Ticks != u.Ticks {
			t.Errorf("time of the good gateway moved by %s", again.Ticks.Sub(u.Ticks))
		}
	})
}

// When all that are known have a right to be, newcomers must wait.
func TestCrowded(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := start(t, nil)
		from := netip.MustParseAddrPort("203.0.113.1:9")
		pull := func(n int) {
			r.c.take([]byte{2, 0, 1, byte(pullData), 0xcc, 0, 0, 0, 0, 0, byte(n >> 8), byte(n)}, from, time.Now(), nil)
			<-r.box.out
		}
		for n := range maxGateways {
			pull(n)
		}
		<-time.After(settledAfter)
		for n := range maxGateways {
			pull(n)
		}
		p := r.peer(1)
		p.send(pullData, 1, "")
		if got := p.drain(); len(got) != 0 || r.c.Stats().Crowded != 1 {
			t.Errorf("answered %q, crowded %d", got, r.c.Stats().Crowded)
		}
		<-time.After(silentAfter + time.Second)
		p.pull()
	})
}

func TestSilenceIsSaidOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := start(t, nil)
		p := r.peer(1)
		p.pull()
		<-time.After(5 * time.Minute)
		p.pull()
		var got []string
		for _, l := range r.logs.All() {
			got = append(got, l.Message)
		}
		want := []string{"listening for packet forwarders", "gateway is here", "gateway is silent", "gateway is back"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("log (-want +got):\n%s", diff)
		}
	})
}

func TestDriftIsTold(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := start(t, nil)
		p := r.peer(1)
		for i := range uint32(61) {
			p.push(i * 60_003_000) // 50 ppm fast
			<-time.After(time.Minute)
		}
		s := r.gateway(0)
		if s.CounterDrift < 45 || s.CounterDrift > 55 ||
			s.CounterOffset < 170*time.Millisecond || s.CounterOffset > 180*time.Millisecond || s.Restarts != 0 {
			t.Errorf("drift %f ppm, offset %s, %d restarts", s.CounterDrift, s.CounterOffset, s.Restarts)
		}
	})
}

// Nothing panics, and no reply is longer than what it answers.
func FuzzTake(f *testing.F) {
	eui := "\xaa\x55\x5a\x00\x00\x00\x01\x01"
	f.Add([]byte("\x02\x12\x34\x02" + eui))
	f.Add([]byte("\x02\x12\x34\x00" + eui + `{"rxpk":[{"tmst":15935543,"freq":868.1,"stat":1,"modu":"LORA","datr":"SF7BW125","codr":"4/5","data":"QPF9"}],"stat":{"rxnb":1}}`))
	f.Add([]byte("\x01\x12\x34\x05" + eui + `{"txpk_ack":{"error":"TOO_LATE"}}`))
	from := netip.MustParseAddrPort("203.0.113.1:9")
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := New(Options{Name: "roof"})
		if err != nil {
			t.Fatal(err)
		}
		box := newMailbox()
		c.open(box)
		up := make(chan radio.Uplink, 4096)
		c.take(b, from, time.Now(), up)
		size := 0
		for len(box.out) > 0 {
			size += len((<-box.out).b)
		}
		if size > len(b) {
			t.Errorf("%d bytes answered with %d", len(b), size)
		}
		for len(up) > 0 {
			if err := c.Transmit(answer(<-up, 1, time.Second)); reason(err) != radio.TxNotRunning {
				t.Errorf("downlink to a gateway that never pulled: %v", err)
			}
		}
	})
}
