package hubtest

import (
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// inBubble runs test in virtual time, with a hub and a client on a pipe.
func inBubble(t *testing.T, o Options, test func(*testing.T, *Hub, *client)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		h, err := New(o)
		if err != nil {
			t.Fatal(err)
		}
		if err := h.AddDevice("lora1", keyV1); err != nil {
			t.Fatal(err)
		}
		ours, theirs := net.Pipe()
		h.server.start(theirs, func(*conn) error { return nil })
		test(t, h, &client{t, ours})
		_ = ours.Close()
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
}

func (c *client) connectFor(keepAlive uint16, life time.Duration) {
	c.t.Helper()
	p := connectPacket("lora1")
	p.Keepalive = keepAlive
	p.Password = []byte(token(testHost, time.Now().Add(life)))
	c.send(p)
	receive[*packets.ConnackPacket](c)
}

func TestTimeouts(t *testing.T) {
	for _, test := range []struct {
		name      string
		options   Options
		keepAlive uint16
		life      time.Duration
		after     time.Duration
		reason    Reason
	}{
		{"keep-alive", Options{}, 10, time.Hour, 15 * time.Second, ReasonKeepAlive},
		{"keep-alive capped", Options{}, 60000, 24 * time.Hour, 1767 * time.Second, ReasonKeepAlive},
		{"keep-alive 0", Options{}, 0, 24 * time.Hour, 1767 * time.Second, ReasonKeepAlive},
		{"token", Options{}, 600, time.Minute, 6 * time.Minute, ReasonTokenExpired},
		{"token, other grace", Options{DropGrace: 10 * time.Minute}, 1100, time.Minute, 11 * time.Minute, ReasonTokenExpired},
		{"token, no grace", Options{DropGrace: -1}, 600, time.Minute, time.Minute, ReasonTokenExpired},
	} {
		t.Run(test.name, func(t *testing.T) {
			inBubble(t, test.options, func(t *testing.T, h *Hub, c *client) {
				c.connectFor(test.keepAlive, test.life)
				start := time.Now()
				e := waitIn(t.Context(), t, h, EventDisconnected, "lora1", 1)
				if e.Reason != test.reason || time.Since(start) != test.after {
					t.Errorf("closed for %s after %v: want %s, %v", e.Reason, time.Since(start), test.reason, test.after)
				}
				c.closed()
			})
		})
	}
}

func TestPacketsKeepAlive(t *testing.T) {
	inBubble(t, Options{}, func(t *testing.T, h *Hub, c *client) {
		c.connectFor(10, time.Hour)
		start := time.Now()
		for range 3 {
			<-time.After(14 * time.Second)
			c.send(packets.NewControlPacket(packets.Pingreq))
			receive[*packets.PingrespPacket](c)
		}
		c.closed()
		if got, want := time.Since(start), (3*14+15+1)*time.Second; got != want { // and the linger
			t.Errorf("closed after %v, want %v", got, want)
		}
	})
}

func TestNoConnect(t *testing.T) {
	inBubble(t, Options{}, func(t *testing.T, h *Hub, c *client) {
		start := time.Now()
		c.closed()
		if e := h.History()[0]; e.Reason != ReasonConnectTimeout || e.At.Sub(start) != time.Minute {
			t.Errorf("refused for %s after %v", e.Reason, e.At.Sub(start))
		}
	})
}

func TestC2DLock(t *testing.T) {
	inBubble(t, Options{}, func(t *testing.T, h *Hub, c *client) {
		c.connectFor(600, time.Hour)
		c.subscribe(1, c2dFilter("lora1"))
		<-time.After(30 * time.Second)
		sendC2D(t, h, "one")
		id := c.expectC2D("one", false)
		start := time.Now()
		if again := c.expectC2D("one", true); again != id || time.Since(start) != time.Minute {
			t.Errorf("packet id %d, then %d after %v", id, again, time.Since(start))
		}
		c.puback(id)
		synctest.Wait()
		if got := len(h.History()); h.History()[got-1].Kind != EventC2DComplete {
			t.Errorf("got %+v", h.History())
		}
	})
}

func TestSlowAndDelay(t *testing.T) {
	inBubble(t, Options{}, func(t *testing.T, h *Hub, c *client) {
		c.connectFor(600, time.Hour)
		for _, f := range []Fault{{Kind: FaultSlow, Delay: time.Second, Count: 1}, {Kind: FaultDelayPuback, Delay: 5 * time.Second, Count: 1}} {
			if err := h.Inject("lora1", f); err != nil {
				t.Fatal(err)
			}
		}
		for i, want := range []time.Duration{6 * time.Second, 0} {
			start := time.Now()
			c.send(publishPacket(testTopic, 1, 1, "x"))
			receive[*packets.PubackPacket](c)
			if got := time.Since(start); got != want {
				t.Errorf("PUBACK %d after %v, want %v", i, got, want)
			}
		}
	})
}
