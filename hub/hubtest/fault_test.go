package hubtest

import (
	"errors"
	"io"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

func inject(t *testing.T, h *Hub, device string, f Fault) {
	t.Helper()
	if err := h.Inject(device, f); err != nil {
		t.Fatal(err)
	}
}

func TestConnectFaults(t *testing.T) {
	for _, test := range []struct {
		fault Fault
		check func(*client)
	}{
		{Fault{Kind: FaultRefuse, Count: 1}, func(c *client) {
			if ack := receive[*packets.ConnackPacket](c); ack.ReturnCode != 3 {
				c.t.Errorf("CONNACK %d", ack.ReturnCode)
			}
			c.closed()
		}},
		{Fault{Kind: FaultRefuse, Code: 5, Count: 1}, func(c *client) {
			if ack := receive[*packets.ConnackPacket](c); ack.ReturnCode != 5 {
				c.t.Errorf("CONNACK %d", ack.ReturnCode)
			}
		}},
		{Fault{Kind: FaultCloseConnect, Count: 1}, (*client).closed},
		{Fault{Kind: FaultResetConnect, Count: 1}, (*client).wasReset},
	} {
		t.Run(string(test.fault.Kind), func(t *testing.T) {
			h := serve(t, Options{})
			inject(t, h, "lora1", test.fault)
			open(t, h, "lora2", true) // not meant
			c := dial(t, h)
			c.send(connectPacket("lora1"))
			test.check(c)
			if e := wait(t, h, EventRefused, "lora1", 1); e.Reason != ReasonFault {
				t.Errorf("got %+v", e)
			}
			open(t, h, "lora1", true) // once only
		})
	}
}

// wasReset expects a TCP RST.
func (c *client) wasReset() {
	c.t.Helper()
	if _, err := packets.ReadPacket(c.conn); !errors.Is(err, syscall.ECONNRESET) {
		c.t.Errorf("got %v, want a reset", err)
	}
}

func TestHang(t *testing.T) {
	h := serve(t, Options{})
	inject(t, h, "", Fault{Kind: FaultHang})
	c := dial(t, h)
	c.send(connectPacket("lora1"))
	wait(t, h, EventFault, "lora1", 1)
	c.send(packets.NewControlPacket(packets.Disconnect))
	if got := len(h.History()); got != 1 {
		t.Errorf("%d events: want the hub to say nothing", got)
	}
	_ = c.conn.Close()
	wait(t, h, EventRefused, "lora1", 1)
	h.ClearFaults("")
	open(t, h, "lora1", true)
}

func TestHangEndsWithHub(t *testing.T) {
	h := serve(t, Options{})
	inject(t, h, "", Fault{Kind: FaultHang})
	c := dial(t, h)
	c.send(connectPacket("lora1"))
	wait(t, h, EventFault, "lora1", 1)
	if err := h.Close(); err != nil { // returns
		t.Fatal(err)
	}
	if e := wait(t, h, EventRefused, "lora1", 1); e.Reason != ReasonShutdown {
		t.Errorf("got %+v", e)
	}
}

func TestPublishFaults(t *testing.T) {
	for _, test := range []struct {
		kind  FaultKind
		check func(*client)
	}{
		{FaultDrop, (*client).closed},
		{FaultReset, (*client).wasReset},
		{FaultCutPuback, func(c *client) {
			got, err := io.ReadAll(c.conn)
			if string(got) != "\x40\x02" || err != nil {
				c.t.Errorf("got % x, %v: want half a PUBACK", got, err)
			}
		}},
	} {
		for _, store := range []bool{false, true} {
			t.Run(string(test.kind), func(t *testing.T) {
				h := serve(t, Options{})
				inject(t, h, "lora1", Fault{Kind: test.kind, Count: 1, Store: store})
				c := open(t, h, "lora1", true)
				c.send(publishPacket(testTopic, 1, 1, "x"))
				test.check(c)
				if e := wait(t, h, EventDisconnected, "lora1", 1); e.Reason != ReasonFault {
					t.Errorf("got %+v", e)
				}
				if got := len(h.Messages()) == 1; got != store {
					t.Errorf("stored %v, want %v", got, store)
				}
				c = open(t, h, "lora1", true)
				c.send(publishPacket(testTopic, 1, 2, "x"))
				receive[*packets.PubackPacket](c)
			})
		}
	}
}

func TestNoPuback(t *testing.T) {
	h := serve(t, Options{})
	inject(t, h, "lora1", Fault{Kind: FaultNoPuback, Count: 2})
	c := open(t, h, "lora1", true)
	for id := range uint16(3) {
		c.send(publishPacket(testTopic, 1, id+1, "x"))
	}
	if ack := receive[*packets.PubackPacket](c); ack.MessageID != 3 {
		t.Errorf("PUBACK %d, want only the third", ack.MessageID)
	}
}

func TestInjectRefuses(t *testing.T) {
	h := serve(t, Options{})
	for _, f := range []Fault{{}, {Kind: "explode"}, {Kind: FaultDrop, Count: -1}, {Kind: FaultSlow, Delay: -1}} {
		if err := h.Inject("", f); err == nil {
			t.Errorf("%+v: accepted", f)
		}
	}
}

func TestFaultsAfterConnack(t *testing.T) {
	for _, test := range []struct {
		kind  FaultKind
		check func(*client)
	}{
		{FaultCloseConnected, (*client).closed},
		{FaultResetConnected, (*client).wasReset},
	} {
		h := serve(t, Options{})
		inject(t, h, "lora1", Fault{Kind: test.kind, Count: 1})
		c := open(t, h, "lora1", true)
		test.check(c)
		if e := wait(t, h, EventDisconnected, "lora1", 1); e.Reason != ReasonFault {
			t.Errorf("%s: got %+v", test.kind, e)
		}
		open(t, h, "lora1", true).disconnect()
	}
}

func TestSubscribeFaults(t *testing.T) {
	for _, test := range []struct {
		kind  FaultKind
		check func(*client)
	}{
		{FaultRefuseSubscribe, func(c *client) {
			if got := nextSuback(c); len(got) != 2 || got[0] != 0x80 || got[1] != 0x80 {
				c.t.Errorf("SUBACK %x", got)
			}
		}},
		{FaultCloseSubscribe, (*client).closed},
		{FaultResetSubscribe, (*client).wasReset},
	} {
		h := serve(t, Options{})
		inject(t, h, "", Fault{Kind: test.kind})
		c := open(t, h, "lora1", true)
		c.send(subscribePacket(1, methodFilter, twinResponseFilter))
		test.check(c)
	}
}

func TestTwinFaults(t *testing.T) {
	h := serve(t, Options{})
	c := open(t, h, "lora1", true)
	c.subscribe(0, twinResponseFilter)
	for _, f := range []Fault{{Kind: FaultNoAnswer, Count: 1}, {Kind: FaultError, Count: 1}, {Kind: FaultError, Status: 503, Count: 1}, {Kind: FaultThrottle, Count: 1}} {
		inject(t, h, "lora1", f)
	}
	for range 5 {
		c.send(publishPacket("$iothub/twin/PATCH/properties/reported/?$rid=1", 0, 0, `{"a":1}`))
	}
	for _, want := range []string{"500", "503", "429", "204"} {
		if p := nextPublish(c); !strings.HasPrefix(p.TopicName, "$iothub/twin/res/"+want+"/") {
			t.Errorf("got %s, want %s", p.TopicName, want)
		}
	}
	if got, _ := h.Twin("lora1"); !strings.Contains(string(got), `"reported":{"$version":2,`) {
		t.Errorf("the refused ones were done: %s", got)
	}
}

func TestThrottleFault(t *testing.T) {
	h := serve(t, Options{})
	inject(t, h, "lora1", Fault{Kind: FaultThrottle, Count: 1})
	c := dial(t, h)
	c.send(connectPacket("lora1"))
	if ack := receive[*packets.ConnackPacket](c); ack.ReturnCode != 3 {
		t.Errorf("CONNACK %d", ack.ReturnCode)
	}
	c = open(t, h, "lora1", true)
	inject(t, h, "lora1", Fault{Kind: FaultThrottle, Count: 1})
	c.send(publishPacket(testTopic, 1, 1, "x"))
	c.closed()
	if e := wait(t, h, EventDisconnected, "lora1", 1); e.Reason != ReasonThrottled {
		t.Errorf("got %+v", e)
	}
}

func TestLostAnswers(t *testing.T) {
	h := serve(t, Options{LockTime: 50 * time.Millisecond})
	inject(t, h, "lora1", Fault{Kind: FaultNoPingresp, Count: 1})
	inject(t, h, "lora1", Fault{Kind: FaultIgnorePuback, Count: 1})
	c := open(t, h, "lora1", true)
	c.send(packets.NewControlPacket(packets.Pingreq))
	c.subscribe(1, c2dFilter("lora1")) // and no PINGRESP before
	sendC2D(t, h, "one")
	c.puback(c.expectC2D("one", false))
	if e := wait(t, h, EventC2DIgnored, "lora1", 1); e.Reason != Reason(FaultIgnorePuback) {
		t.Errorf("got %+v", e)
	}
	c.puback(c.expectC2D("one", true))
	wait(t, h, EventC2DComplete, "lora1", 1)
}
