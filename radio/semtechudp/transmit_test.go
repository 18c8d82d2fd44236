package semtechudp

import (
	"testing"
	"time"

	"gatewayd/radio"
)

func TestAnswerInRX1(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := start(t, nil)
		p := r.peer(1)
		p.first = 0xfffffff0
		p.pull()
		end := p.count()
		u := p.hear()
		token, tmst := p.transmit(answer(u, 42, time.Second))
		if tmst != end+1_000_000 {
			t.Errorf("tmst %d, want %d", tmst, end+1_000_000)
		}
		r.silence()
		p.send(txAck, token, `{"txpk_ack":{"error":"NONE"}}`)
		if got := r.result(); got != (radio.TxResult{Concentrator: "roof", ID: 42}) {
			t.Errorf("got %+v", got)
		}
		p.send(txAck, token, "") // doubled by the network
		<-time.After(5 * time.Second)
		r.silence()
		s := r.gateway(0)
		if s.Tx.OK != 1 || s.StrayAcks != 1 || s.Tx.Airtime[868_100_000] != 30976*time.Microsecond {
			t.Errorf("counted %+v", s)
		}
	})
}

// Each word of a forwarder becomes one reason, and makes room for RX2.
func TestRefusedByTheGateway(t *testing.T) {
	for word, want := range map[string]radio.TxReason{
		"TOO_LATE": radio.TxTooLate, "TOO_EARLY": radio.TxTooEarly, "COLLISION_PACKET": radio.TxCollision,
		"COLLISION_BEACON": radio.TxCollision, "TX_FREQ": radio.TxFrequency, "TX_POWER": radio.TxPower,
		"GPS_UNLOCKED": radio.TxHardware,
	} {
		t.Run(word, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				r := start(t, nil)
				p := r.peer(1)
				p.pull()
				u := p.hear()
				token, _ := p.transmit(answer(u, 1, time.Second))
				p.send(txAck, token, `{"txpk_ack":{"error":"`+word+`"}}`)
				if got := r.result(); got.ID != 1 || reason(got.Err) != want {
					t.Errorf("got %+v", got)
				}
				token, _ = p.transmit(answer(u, 2, time.Second)) // the same time is free again
				p.send(txAck, token, `{"txpk_ack":{"warn":"TX_POWER","value":12}}`)
				if got := r.result(); got.ID != 2 || got.Err != nil {
					t.Errorf("got %+v", got)
				}
				if s := r.gateway(0); s.Tx.OK != 1 || s.Tx.Failed[want] != 1 || s.Warnings != 1 {
					t.Errorf("counted %+v", s.Tx)
				}
			})
		})
	}
}

func TestNoTxAck(t *testing.T) {
	for name, tt := range map[string]struct {
		version byte
		before  bool // it has answered before
		want    radio.TxReason
	}{
		"version 1":                         {1, false, ""},
		"version 2 that never answers":      {2, false, ""},
		"version 2 that has always done so": {2, true, radio.TxHardware},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				r := start(t, nil)
				p := r.peer(1)
				p.version = tt.version
				p.pull()
				u := p.hear()
				if tt.before {
					token, _ := p.transmit(answer(u, 1, 5*time.Second))
					p.send(txAck, token, "")
					r.result()
				}
				p.transmit(answer(u, 2, 700*time.Millisecond))
				<-time.After(ackWithin - time.Millisecond)
				r.silence()
				<-time.After(2 * time.Millisecond)
				if got := r.result(); got.ID != 2 || reason(got.Err) != tt.want {
					t.Errorf("got %+v", got)
				}
			})
		})
	}
}

// A version 1 forwarder has no queue: it gets each downlink shortly before
// its time.
func TestVersion1JustInTime(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := start(t, nil)
		p := r.peer(1)
		p.version = 1
		p.pull()
		u := p.hear()
		for id, delay := range map[uint64]time.Duration{1: 5 * time.Second, 2: 6 * time.Second} {
			if err := r.c.Transmit(answer(u, id, delay)); err != nil {
				t.Fatal(err)
			}
		}
		<-time.After(5*time.Second - txHold - time.Millisecond)
		if got := p.drain(); len(got) != 0 {
			t.Fatalf("sent early: %q", got)
		}
		<-time.After(2 * time.Millisecond)
		if _, tmst := p.pullResp(); tmst != u.Ticks.Count()+5_000_000 {
			t.Errorf("tmst %d", tmst)
		}
		<-time.After(time.Second)
		p.pullResp()
		<-time.After(time.Second)
		for _, id := range []uint64{1, 2} {
			if got := r.result(); got.ID != id || got.Err != nil {
				t.Errorf("got %+v", got)
			}
		}
	})
}

func TestTransmitRefuses(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := start(t, nil)
		p := r.peer(1)
		if err := r.c.Transmit(radio.Downlink{Immediate: true}); reason(err) != radio.TxNotRunning {
			t.Errorf("no gateway: %v", err)
		}
		u := p.hear()
		d := answer(u, 1, time.Second)
		if err := r.c.Transmit(d); reason(err) != radio.TxNotRunning {
			t.Errorf("never pulled: %v", err)
		}
		p.pull()
		other := d
		other.Gateway = radio.EUI64{1}
		if err := r.c.Transmit(other); reason(err) != radio.TxNotRunning {
			t.Errorf("unknown gateway: %v", err)
		}
		for name, tt := range map[string]struct {
			delay  time.Duration
			change func(*radio.Downlink)
			want   radio.TxReason
		}{
			"too late":  {59 * time.Millisecond, func(*radio.Downlink) {}, radio.TxTooLate},
			"passed":    {-time.Second, func(*radio.Downlink) {}, radio.TxTooLate},
			"too early": {129 * time.Second, func(*radio.Downlink) {}, radio.TxTooEarly},
			"size":      {time.Second, func(d *radio.Downlink) { d.Payload = nil }, radio.TxSize},
			"LR-FHSS":   {time.Second, func(d *radio.Downlink) { d.DataRate = radio.LRFHSSDataRate(137_000) }, radio.TxDataRate},
		} {
			d := answer(u, 1, tt.delay)
			tt.change(&d)
			if err := r.c.Transmit(d); reason(err) != tt.want {
				t.Errorf("%s: %v", name, err)
			}
		}
		p.transmit(d)
		if err := r.c.Transmit(answer(u, 2, time.Second+30*time.Millisecond)); reason(err) != radio.TxCollision {
			t.Errorf("collision: %v", err)
		}
		for id := range uint64(txQueue - 1) {
			p.transmit(answer(u, id, time.Duration(id+2)*time.Second))
		}
		if err := r.c.Transmit(answer(u, 99, 100*time.Second)); reason(err) != radio.TxQueueFull {
			t.Errorf("queue full: %v", err)
		}
		<-time.After(silentAfter)
		for range txQueue {
			r.result()
		}
		if err := r.c.Transmit(answer(u, 1, silentAfter+time.Second)); reason(err) != radio.TxNotRunning {
			t.Errorf("pulled long ago: %v", err)
		}
	})
}

func TestImmediate(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := start(t, nil)
		p := r.peer(1)
		p.pull()
		soon := radio.Downlink{ID: 1, Immediate: true, Payload: []byte{1}, Frequency: 869_525_000, DataRate: radio.LoRaDataRate(9, 125_000)}
		if _, tmst := p.transmit(soon); tmst != 0 {
			t.Errorf("tmst %d though its time is unknown", tmst)
		}
		u := p.hear()
		if _, tmst := p.transmit(soon); tmst != 0 {
			t.Errorf("tmst %d though nothing is in the way", tmst)
		}
		rx1 := answer(u, 2, 100*time.Millisecond)
		p.transmit(rx1)
		if _, tmst := p.transmit(soon); tmst != rx1.At.Count()+30_976+35_000 {
			t.Errorf("%d µs after the start of what was in the way", tmst-rx1.At.Count())
		}
	})
}

// Two gateways hear the same frame; the answer goes to the one that it names,
// at its time.
func TestTwoGateways(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := start(t, nil)
		a, b := r.peer(1), r.peer(2)
		b.first = 2_000_000_000
		a.pull()
		b.pull()
		ua, ub := a.hear(), b.hear()
		if ua.Gateway != a.eui || ub.Gateway != b.eui || ua.Received != ub.Received {
			t.Errorf("got %+v and %+v", ua, ub)
		}
		if _, tmst := b.transmit(answer(ub, 1, time.Second)); tmst != 2_001_000_000 {
			t.Errorf("tmst %d", tmst)
		}
		if _, tmst := a.transmit(answer(ua, 2, time.Second)); tmst != 1_000_000 { // no collision: another antenna
			t.Errorf("tmst %d", tmst)
		}
		nameless := answer(ua, 3, 2*time.Second)
		nameless.Gateway = radio.EUI64{}
		if err := r.c.Transmit(nameless); reason(err) != radio.TxNotRunning {
			t.Errorf("downlink for one of two: %v", err)
		}
	})
}

// A router gives the gateway another port; a downlink goes to where it pulled
// from last, not to where it pushes from.
func TestRebinding(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := start(t, nil)
		p := r.peer(1)
		p.pull()
		old := p.addr
		p.addr = netipPort(old, 50000)
		u := p.hear()
		p.addr = old
		token, _ := p.transmit(answer(u, 1, time.Second))
		p.addr = netipPort(old, 50001)
		p.send(txAck, token, "") // its token is what counts
		r.result()
		p.pull()
		p.transmit(answer(u, 2, 2*time.Second))
		if s := r.gateway(0); s.Moves != 1 || s.Address != p.addr.String() {
			t.Errorf("moved %d times, to %s", s.Moves, s.Address)
		}
	})
}

// A token that nobody was given says nothing, nor does another gateway's.
func TestTokens(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := start(t, nil)
		a, b := r.peer(1), r.peer(2)
		a.pull()
		b.pull()
		token, _ := a.transmit(answer(a.hear(), 1, time.Second))
		a.send(txAck, token+1, `{"txpk_ack":{"error":"TX_FREQ"}}`)
		b.send(txAck, token, `{"txpk_ack":{"error":"TX_FREQ"}}`)
		r.silence()
		a.send(txAck, token, "")
		if got := r.result(); got.Err != nil {
			t.Errorf("got %+v", got)
		}
		if r.gateway(0).StrayAcks != 1 || r.gateway(1).StrayAcks != 1 {
			t.Error("strays not counted")
		}
	})
}

// After a restart its time goes on where no old downlink can be meant, and
// what was not handed over yet is lost.
func TestRestart(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := start(t, nil)
		p := r.peer(1)
		p.version = 1
		p.first = 500_000_000
		p.pull()
		before := p.hear()
		if err := r.c.Transmit(answer(before, 1, 5*time.Second)); err != nil {
			t.Fatal(err)
		}
		<-time.After(time.Second)
		p.powered, p.first = time.Now(), 1000
		after := p.hear()
		if got := r.result(); got.ID != 1 || reason(got.Err) != radio.TxTooLate {
			t.Errorf("got %+v", got)
		}
		if after.Ticks <= before.Ticks || after.Ticks.Count() != 1000 {
			t.Errorf("%d after %d", after.Ticks, before.Ticks)
		}
		if err := r.c.Transmit(answer(before, 2, 2*time.Second)); reason(err) != radio.TxTooLate {
			t.Errorf("for the time before: %v", err)
		}
		if _, tmst := p.transmit(answer(after, 3, 700*time.Millisecond)); tmst != 701_000 {
			t.Errorf("tmst %d", tmst)
		}
		if s := r.gateway(0); s.Restarts != 1 || r.logs.FilterMessageSnippet("restarted").Len() != 1 {
			t.Errorf("%d restarts, %d lines", s.Restarts, r.logs.FilterMessageSnippet("restarted").Len())
		}
	})
}

// A counter that is no microseconds, as of some simulators, is no reason to
// fail, nor for a line per frame.
func TestSimulatorInSeconds(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := start(t, nil)
		p := r.peer(1)
		for i := range uint32(60) {
			p.pull()
			u := p.push(1_700_000_000 + 10*i)
			token, tmst := p.transmit(answer(u, 1, time.Second))
			if tmst != 1_701_000_000+10*i {
				t.Errorf("tmst %d", tmst)
			}
			p.send(txAck, token, "")
			r.result()
			<-time.After(10 * time.Second)
		}
		if n := r.logs.Len(); n > 4 {
			t.Errorf("%d lines", n)
		}
	})
}
