package hub

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
	"github.com/google/go-cmp/cmp"

	"gatewayd/internal/secret"
)

// A token is renewed at 80 to 90 % of its life: in flight messages are waited
// for, DISCONNECT is said, and nothing is lost or sent twice.
func TestRenewal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got journal
		var passwords journal
		f := newFeed()
		h := newTestHub(t, func(p *peer) {
			if !p.accept() {
				return
			}
			passwords.add(string(p.connect.Password))
			for {
				switch packet := p.read().(type) {
				case *packets.PublishPacket:
					<-time.After(20 * time.Second)
					got.add("message")
					p.ack(packet.MessageID)
				case *packets.DisconnectPacket:
					got.add("DISCONNECT")
					return
				case nil:
					got.add("lost")
					return
				}
			}
		})
		s := h.run(f)
		for range 3 * 60 {
			f.add("m") // one is in flight most of the time
			advance(30 * time.Second)
		}
		dials := h.dialTimes()
		if len(dials) != 2 {
			t.Fatalf("%d connections in 90 minutes, want 2", len(dials))
		}
		if gap := dials[1].Sub(dials[0]); gap < 48*time.Minute || gap > 54*time.Minute+20*time.Second {
			t.Errorf("renewed after %v, want 48 to 54 minutes", gap)
		}
		words, disconnects := got.all(), 0
		for _, word := range words {
			if word == "DISCONNECT" {
				disconnects++
			}
		}
		if n := len(f.doneSeqs()); disconnects != 1 || len(words) != n+1 || n < 170 {
			t.Errorf("%d messages done, %d words heard, %d DISCONNECTs", n, len(words), disconnects)
		}
		if p := passwords.all(); p[0] == p[1] {
			t.Error("the same token again")
		}
		if at := s.Status()[0].TokenExpires; !at.Equal(dials[1].Add(time.Hour).Truncate(time.Second)) {
			t.Errorf("token expires %v, want an hour after %v", at, dials[1])
		}
		if h.log.Len() != 1 {
			t.Errorf("log: %v", h.log.All())
		}
	})
}

// While one device renews its token, and it takes long, no other begins.
func TestRenewalOneAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got journal
		h := newTestHub(t, func(p *peer) {
			if p.n > 3 && p.hello() {
				got.add("connecting")
				<-time.After(20 * time.Second)
			}
			if !p.answer(0) {
				return
			}
			if p.n > 3 { // before the SUBACK, which lets the next one begin
				got.add("connected")
			}
			if p.grant(1) {
				p.serve(got.add)
			}
		})
		_, stop := h.start(h.options(), testDevice(t, "a", newFeed()), testDevice(t, "b", newFeed()), testDevice(t, "c", newFeed()))
		advance(56 * time.Minute)
		words := got.all()
		if len(words) != 9 {
			t.Errorf("heard %v, want three renewals", words)
		}
		for i, word := range words {
			if want := []string{"DISCONNECT", "connecting", "connected"}[i%3]; word != want {
				t.Errorf("heard %v: word %d is not %s", words, i, want)
			}
		}
		stop()
	})
}

// A renewal that fails gives the slot back.
func TestRenewalFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var connected journal
		h := newTestHub(t, func(p *peer) {
			if p.n == 3 || !p.accept() {
				return
			}
			connected.add(p.connect.ClientIdentifier)
			p.serve(func(string) {})
		})
		_, stop := h.start(h.options(), testDevice(t, "a", newFeed()), testDevice(t, "b", newFeed()))
		advance(56 * time.Minute)
		all := connected.all()
		slices.Sort(all)
		if diff := cmp.Diff([]string{"a", "a", "b", "b"}, all); diff != "" {
			t.Errorf("connected (-want +got):\n%s", diff)
		}
		stop()
	})
}

func readyToken(t *testing.T, deviceID string, expires time.Time) Credential {
	t.Helper()
	c, err := NewSASToken(secret.NewText(SignSAS(testHost+"/devices/"+deviceID, []byte("example"), expires)))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// A ready-made token is sent as it is, its end is announced, and when it has
// come nothing is tried before a new one is there.
func TestReadyToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		expires := begin.Add(10 * 24 * time.Hour)
		token := readyToken(t, "lora1", expires)
		h := newTestHub(t, func(p *peer) {
			if !p.accept() {
				return
			}
			if want := SignSAS(testHost+"/devices/lora1", []byte("example"), expires); p.n == 1 && string(p.connect.Password) != want {
				t.Errorf("password %s, want %s", p.connect.Password, want)
			}
			if p.n == 1 {
				_ = p.conn.SetReadDeadline(expires.Add(5 * time.Minute)) // the hub's grace
			}
			p.serve(func(string) {})
		})
		s, stop := h.start(h.options(), Device{ID: "lora1", Credential: token, Feed: newFeed()})
		defer stop()
		for _, mark := range []struct {
			at   time.Duration
			want int
		}{{71 * time.Hour, 0}, {73 * time.Hour, 1}, {9*24*time.Hour - time.Hour, 1}, {9*24*time.Hour + time.Hour, 2}, {10*24*time.Hour - 30*time.Minute, 3}, {10*24*time.Hour - time.Minute, 3}} {
			advance(time.Until(begin.Add(mark.at)))
			if n := h.said("cannot be renewed"); n != mark.want {
				t.Errorf("%d warnings after %v, want %d", n, mark.at, mark.want)
			}
		}
		if n := len(h.dialTimes()); n != 1 {
			t.Errorf("%d connections before the end, want 1", n)
		}
		advance(24 * time.Hour)
		if n := len(h.dialTimes()); n != 1 {
			t.Errorf("%d connections after the end, want no more", n)
		}
		if status := s.Status()[0]; status.State != StateWaitingForCredentials || h.said("expired at") != 1 {
			t.Errorf("status %+v, log %v", status, h.log.All())
		}
		s.Apply([]Device{{ID: "lora1", Credential: readyToken(t, "lora1", time.Now().Add(time.Hour)), Feed: newFeed()}})
		advance(time.Second)
		if status := s.Status()[0]; status.State != StateConnected {
			t.Errorf("status %+v", status)
		}
		if h.said("cannot be renewed") != 4 {
			t.Errorf("a token with an hour left, and no warning: %v", h.log.All())
		}
	})
}

// What cannot connect at all never takes a connection.
func TestUselessCredentials(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newTestHub(t, func(p *peer) { t.Error("connected") })
		s, stop := h.start(h.options(),
			Device{ID: "lora2", Credential: readyToken(t, "lora1", time.Now().Add(time.Hour)), Feed: newFeed()},
			testDevice(t, "lora/#", newFeed()))
		advance(time.Hour)
		for _, d := range s.Status() {
			if d.State != StateWaitingForCredentials || d.Reason == "" {
				t.Errorf("%+v", d)
			}
		}
		stop()
	})
}

func TestExpiryNotice(t *testing.T) {
	for left, want := range map[time.Duration]int{
		8 * 24 * time.Hour: 0, 7 * 24 * time.Hour: 1, 25 * time.Hour: 1, 24 * time.Hour: 2, time.Hour: 3, -time.Hour: 3,
	} {
		if got := expiryNotice(left); got != want {
			t.Errorf("%v before the end: %d, want %d", left, got, want)
		}
	}
}

// A device that has nothing to send when its turn comes does not keep it.
func TestRenewalTurnOfIdleDevice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newTestHub(t, func(p *peer) {
			if p.accept() {
				p.serve(func(string) {})
			}
		})
		idle := testDevice(t, "idle", newFeed())
		idle.Policy, idle.Linger = PolicyLinger, time.Hour
		s, stop := h.start(h.options(), idle, testDevice(t, "other", newFeed()))
		defer stop()
		advance(time.Minute)
		s.Reconnect("idle")
		advance(time.Minute)
		s.Reconnect("other")
		advance(time.Minute)
		if n := len(h.dialTimes()); n != 3 {
			t.Errorf("%d connections, want 3", n)
		}
	})
}

// Whoever drains a session that has ended leaves the next alone.
func TestDrainOfEndedSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newTestHub(t, func(p *peer) {
			if p.accept() {
				p.serve(func(string) {})
			}
		})
		f := newFeed()
		s, stop := h.start(h.options(), testDevice(t, "lora1", f))
		defer stop()
		advance(time.Second)
		c := s.running["lora1"].connection
		old := c.session.Load()
		s.Reconnect("lora1")
		advance(time.Second)
		c.drain(old, time.Second)
		f.add("m1")
		advance(time.Minute)
		if n := len(h.dialTimes()); n != 2 || len(f.doneSeqs()) != 1 {
			t.Errorf("%d connections, acknowledged %v", n, f.doneSeqs())
		}
	})
}
