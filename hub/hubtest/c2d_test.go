package hubtest

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
	"github.com/google/go-cmp/cmp"
)

func sendC2D(t *testing.T, h *Hub, ids ...string) {
	t.Helper()
	for _, id := range ids {
		if err := h.SendC2D("lora1", C2D{ID: id, Body: []byte(id)}); err != nil {
			t.Fatal(err)
		}
	}
}

// expectC2D reads a C2D message with that body and returns its packet id.
func (c *client) expectC2D(body string, dup bool) uint16 {
	c.t.Helper()
	p := receive[*packets.PublishPacket](c)
	if string(p.Payload) != body || p.Dup != dup || p.Qos != 1 {
		c.t.Fatalf("got %q, DUP %v, QoS %d: want %q, %v, 1", p.Payload, p.Dup, p.Qos, body, dup)
	}
	return p.MessageID
}

func TestC2DTopic(t *testing.T) {
	got := c2dTopic("lora1", C2D{
		ID: "m 1", CorrelationID: "c", UserID: "u", ContentType: "text/plain", ContentEncoding: "utf-8", Ack: "full",
		Expires:    time.Date(2026, 7, 25, 14, 14, 25, 172000000, time.UTC),
		Properties: map[string]string{"b": "+", "a": ""},
	})
	want := "devices/lora1/messages/devicebound/%24.mid=m%201&%24.to=%2Fdevices%2Flora1%2Fmessages%2Fdevicebound" +
		"&%24.cid=c&%24.uid=u&%24.ct=text%2Fplain&%24.ce=utf-8&%24.exp=2026-07-25T14%3A14%3A25.1720000Z&iothub-ack=full&a=&b=%2B"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestC2DWaitsForSubscription(t *testing.T) {
	h := serve(t, Options{})
	sendC2D(t, h, "early")
	c := open(t, h, "lora1", false)
	sendC2D(t, h, "connected")
	c.subscribe(1, c2dFilter("lora1"))
	c.puback(c.expectC2D("early", false))
	c.puback(c.expectC2D("connected", false))
	sendC2D(t, h, "live")
	c.puback(c.expectC2D("live", false))
	wait(t, h, EventC2DComplete, "lora1", 3)
	c.disconnect()

	sendC2D(t, h, "offline")
	c = open(t, h, "lora1", false) // the subscription was kept: no SUBSCRIBE needed
	c.puback(c.expectC2D("offline", false))
	wait(t, h, EventC2DComplete, "lora1", 4)
}

func TestC2DRedelivery(t *testing.T) {
	for _, clean := range []bool{false, true} {
		h := serve(t, Options{})
		c := open(t, h, "lora1", clean)
		c.subscribe(1, c2dFilter("lora1"))
		sendC2D(t, h, "one", "two")
		c.puback(c.expectC2D("one", false))
		id := c.expectC2D("two", false)
		wait(t, h, EventC2DComplete, "lora1", 1)
		c.disconnect()

		c = open(t, h, "lora1", clean)
		if clean {
			c.send(subscribePacket(1, c2dFilter("lora1")))
			receive[*packets.SubackPacket](c)
		}
		again := c.expectC2D("two", true)
		if again != id {
			t.Errorf("packet id %d, then %d", id, again)
		}
		c.puback(again)
		wait(t, h, EventC2DComplete, "lora1", 2)
	}
}

func TestC2DWindowAndOrder(t *testing.T) {
	for _, anyOrder := range []bool{false, true} {
		h := serve(t, Options{C2DWindow: 2, Quirks: Quirks{AckAnyOrder: anyOrder}})
		c := open(t, h, "lora1", true)
		c.subscribe(1, c2dFilter("lora1"))
		sendC2D(t, h, "one", "two", "three")
		one, two := c.expectC2D("one", false), c.expectC2D("two", false)
		c.puback(two)
		if anyOrder {
			c.expectC2D("three", false)
			continue
		}
		if e := wait(t, h, EventC2DIgnored, "lora1", 1); e.Reason != ReasonOutOfOrder {
			t.Errorf("got %+v", e)
		}
		c.puback(one)
		c.expectC2D("three", false)
		c.puback(two)
		c.puback(999)
		if e := wait(t, h, EventC2DIgnored, "lora1", 2); e.Reason != ReasonUnknownPacket {
			t.Errorf("got %+v", e)
		}
	}
}

func TestC2DQoS0(t *testing.T) {
	h := serve(t, Options{})
	c := open(t, h, "lora1", false)
	c.subscribe(0, c2dFilter("lora1"))
	sendC2D(t, h, "lost")
	if p := receive[*packets.PublishPacket](c); p.Qos != 0 || string(p.Payload) != "lost" {
		t.Fatalf("got %v", p)
	}
	c.disconnect()
	wait(t, h, EventDisconnected, "lora1", 1)
	c = open(t, h, "lora1", false)
	sendC2D(t, h, "next") // and not "lost" again
	if p := receive[*packets.PublishPacket](c); string(p.Payload) != "next" {
		t.Fatalf("got %v", p)
	}
}

func TestC2DLimits(t *testing.T) {
	now := time.Now()
	h := serve(t, Options{Now: func() time.Time { return now }})
	if err := h.SendC2D("lora9", C2D{}); !errors.Is(err, ErrUnknownDevice) {
		t.Errorf("unknown device: %v", err)
	}
	if err := h.SendC2D("lora1", C2D{Body: make([]byte, maxC2DSize+1)}); !errors.Is(err, ErrC2DTooLarge) {
		t.Errorf("too large: %v", err)
	}
	if err := h.SendC2D("lora1", C2D{Properties: map[string]string{"a": strings.Repeat("°", 15000)}}); !errors.Is(err, ErrC2DTooLarge) {
		t.Errorf("too large for a topic: %v", err)
	}
	for i := range maxC2DPending {
		sendC2D(t, h, fmt.Sprint(i))
	}
	if err := h.SendC2D("lora1", C2D{}); !errors.Is(err, ErrQueueFull) {
		t.Errorf("queue full: %v", err)
	}
	now = now.Add(time.Hour)
	sendC2D(t, h, "fresh")
	if e := wait(t, h, EventC2DDropped, "lora1", maxC2DPending); e.Reason != ReasonC2DExpired {
		t.Errorf("got %+v", e)
	}
}

func TestC2DPurge(t *testing.T) {
	for name, test := range map[string]struct {
		quirks Quirks
		clean  bool
	}{
		"connected without subscription": {Quirks{PurgeUnsubscribed: true}, false},
		"clean session":                  {Quirks{PurgeOnClean: true}, true},
	} {
		h := serve(t, Options{Quirks: test.quirks})
		sendC2D(t, h, "waits")
		open(t, h, "lora1", test.clean)
		if e := wait(t, h, EventC2DDropped, "lora1", 1); e.Reason != ReasonC2DPurged {
			t.Errorf("%s: got %+v", name, e)
		}
	}
}

// A message that is never acknowledged is given up.
func TestC2DDeliveryCount(t *testing.T) {
	inBubble(t, Options{MaxDeliveries: 3}, func(t *testing.T, h *Hub, c *client) {
		c.connectFor(600, time.Hour)
		c.subscribe(1, c2dFilter("lora1"))
		if err := h.SendC2D("lora1", C2D{ID: "poison", Ack: "negative"}); err != nil {
			t.Fatal(err)
		}
		for i := range 3 {
			if p := nextPublish(c); p.Dup != (i > 0) {
				t.Errorf("delivery %d: DUP %v", i, p.Dup)
			}
		}
		start := time.Now()
		if e := waitIn(t.Context(), t, h, EventC2DDropped, "lora1", 1); e.Reason != ReasonC2DDeliveryCount || time.Since(start) != time.Minute {
			t.Errorf("got %+v after %v", e, time.Since(start))
		}
		if _, records := h.feedback.receive(h.now()); len(records) != 1 || records[0].Status != feedbackCount {
			t.Errorf("got %+v", records)
		}
	})
}
