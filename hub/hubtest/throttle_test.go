package hubtest

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

func TestTierLimits(t *testing.T) {
	for _, test := range []struct {
		tier            Tier
		units           int
		connects, twins float64
		daily, meter    int
	}{
		{TierNone, 1, 0, 0, 0, 4096},
		{TierF1, 1, 100, 50, 8000, 512},
		{TierS1, 1, 100, 50, 400_000, 4096},
		{TierS1, 10, 120, 50, 4_000_000, 4096},
		{TierS2, 2, 240, 50, 12_000_000, 4096},
		{TierS2, 20, 2400, 100, 120_000_000, 4096},
		{TierS3, 1, 6000, 250, 300_000_000, 4096},
	} {
		l, err := test.tier.limits(test.units)
		if err != nil || l.connects != test.connects || l.twinUpdates != test.twins || l.daily != test.daily || l.meter != test.meter {
			t.Errorf("%s x %d: got %+v, %v", test.tier, test.units, l, err)
		}
	}
	for _, o := range []Options{{Tier: "S9"}, {Units: -1}, {Quota: -1}} {
		if _, err := New(o); err == nil {
			t.Errorf("%+v: accepted", o)
		}
	}
}

// A burst goes at once, then work waits for the rate, then it is refused.
func TestShaper(t *testing.T) {
	synctest.Test(t, func(*testing.T) {
		s := newShaper(10, 2*time.Second, time.Second)
		at := 0
		for range 20 {
			if d, ok := s.delay(); d != 0 || !ok {
				t.Fatalf("work %d of the burst: %v, %v", at, d, ok)
			}
			at++
		}
		for i := range 10 {
			if d, ok := s.delay(); d.Round(time.Millisecond) != time.Duration(i+1)*100*time.Millisecond || !ok {
				t.Errorf("queued work %d: %v, %v", i, d, ok)
			}
		}
		if d, ok := s.delay(); ok {
			t.Errorf("beyond the queue: %v", d)
		}
		if s.allow(1) {
			t.Error("work that cannot wait")
		}
		<-time.After(2 * time.Second)
		if d, ok := s.delay(); d != 0 || !ok {
			t.Errorf("later: %v, %v", d, ok)
		}
		var none *shaper
		if _, ok := none.delay(); !ok || !none.allow(1) {
			t.Error("no shaper lets all through")
		}
	})
}

// tight is a tier whose throttles bite at once.
func tight() Options {
	return Options{Tier: TierF1, ThrottleBurst: time.Nanosecond, ThrottleQueue: time.Nanosecond}
}

func TestThrottledTelemetry(t *testing.T) {
	inBubble(t, tight(), func(t *testing.T, h *Hub, c *client) {
		c.connectFor(600, time.Hour)
		c.send(publishPacket(testTopic, 1, 1, "x"))
		receive[*packets.PubackPacket](c)
		c.send(publishPacket(testTopic, 1, 2, "x"))
		c.closed() // nothing says why
		if e := waitIn(t.Context(), t, h, EventDisconnected, "lora1", 1); e.Reason != ReasonThrottled {
			t.Errorf("got %+v", e)
		}
	})
}

func TestThrottledTwin(t *testing.T) {
	inBubble(t, tight(), func(t *testing.T, h *Hub, c *client) {
		c.connectFor(600, time.Hour)
		c.subscribe(0, twinResponseFilter)
		for _, want := range []string{"200", "429"} {
			c.send(publishPacket("$iothub/twin/GET/?$rid=1", 0, 0, ""))
			if p := nextPublish(c); !strings.HasPrefix(p.TopicName, "$iothub/twin/res/"+want+"/") {
				t.Errorf("got %s %s, want %s", p.TopicName, p.Payload, want)
			}
		}
		if got := ask(h.Service(), "GET", "/twins/lora1", ""); got.status != 429 {
			t.Errorf("the service API: %+v", got)
		}
	})
}

func TestDelayedTelemetry(t *testing.T) {
	o := tight()
	o.ThrottleQueue = time.Second
	inBubble(t, o, func(t *testing.T, _ *Hub, c *client) {
		c.connectFor(600, time.Hour)
		start := time.Now()
		for id := range uint16(5) {
			c.send(publishPacket(testTopic, 1, id+1, "x"))
			receive[*packets.PubackPacket](c)
		}
		if got := time.Since(start).Round(time.Millisecond); got != 40*time.Millisecond { // 100 per second
			t.Errorf("five messages took %v", got)
		}
	})
}

func TestThrottledConnects(t *testing.T) {
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC) // stands still: nothing is given back
	h := serve(t, Options{Tier: TierF1, Now: func() time.Time { return now }})
	for range 100 { // a second's worth
		h.throttle.connects.allow(1)
	}
	c := dial(t, h)
	c.send(connectPacket("lora1"))
	if ack := receive[*packets.ConnackPacket](c); ack.ReturnCode != 3 {
		t.Errorf("CONNACK %d", ack.ReturnCode)
	}
	if e := wait(t, h, EventRefused, "lora1", 1); e.Reason != ReasonThrottled {
		t.Errorf("got %+v", e)
	}
}

// With the quota used up a device connects, and gets no PUBACK.
func TestQuota(t *testing.T) {
	now := time.Date(2026, 1, 1, 23, 0, 0, 0, time.UTC)
	h := serve(t, Options{Tier: TierF1, Quota: 3, Now: func() time.Time { return now }})
	p := connectPacket("lora1")
	p.Password = []byte(token(testHost, now.Add(24*time.Hour)))
	c := openWith(t, h, p)
	c.send(publishPacket(testTopic, 1, 1, strings.Repeat("x", 513))) // two units of 0.5 KB
	receive[*packets.PubackPacket](c)
	c.send(publishPacket(testTopic, 1, 2, strings.Repeat("x", 513)))
	c.send(publishPacket(testTopic, 1, 3, ""))
	if ack := receive[*packets.PubackPacket](c); ack.MessageID != 3 {
		t.Errorf("PUBACK %d, want only that of the message that fits", ack.MessageID)
	}
	wait(t, h, EventQuota, "lora1", 1)
	if err := h.SendC2D("lora1", C2D{}); err == nil {
		t.Error("a C2D message beyond the quota")
	}
	c.subscribe(0, twinResponseFilter)
	c.send(publishPacket("$iothub/twin/GET/?$rid=1", 0, 0, ""))
	if p := nextPublish(c); !strings.HasPrefix(p.TopicName, "$iothub/twin/res/403/") || !strings.Contains(string(p.Payload), "403002") {
		t.Errorf("got %s %s", p.TopicName, p.Payload)
	}
	if got := ask(h.Control(), "GET", "/emulator/status", ""); member(t, got.body, "messagesToday") != "3" || member(t, got.body, "connections") != "1" {
		t.Errorf("got %+v", got)
	}
	c.disconnect()
	h.JumpClock(2 * time.Hour) // midnight, UTC
	p.Password = []byte(token(testHost, now.Add(24*time.Hour)))
	c = openWith(t, h, p)
	c.send(publishPacket(testTopic, 1, 4, ""))
	receive[*packets.PubackPacket](c)

	h = serve(t, Options{Quota: 1, Quirks: Quirks{CloseOnQuota: true}})
	c = open(t, h, "lora1", true)
	c.send(publishPacket(testTopic, 0, 0, "x"))
	c.send(publishPacket(testTopic, 1, 1, "x"))
	c.closed()
}
