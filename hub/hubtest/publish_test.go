package hubtest

import (
	"bytes"
	"strings"
	"testing"

	"github.com/eclipse/paho.mqtt.golang/packets"
	"github.com/google/go-cmp/cmp"
)

func TestPublish(t *testing.T) {
	retained, dup := publishPacket(testTopic+"a=b", 1, 4, "r"), publishPacket(testTopic, 1, 5, "d")
	retained.Retain, dup.Dup = true, true
	for _, test := range []struct {
		name string
		in   *packets.PublishPacket
		want map[string]string
	}{
		{"QoS 0", publishPacket(testTopic, 0, 0, "x"), map[string]string{}},
		{"QoS 1", publishPacket(testTopic, 1, 1, "x"), map[string]string{}},
		{"empty body", publishPacket(testTopic, 1, 2, ""), map[string]string{}},
		{"no slash", publishPacket("devices/lora1/messages/events", 1, 3, "x"), map[string]string{}},
		{"retained", retained, map[string]string{"a": "b", "mqtt-retain": "true"}},
		{"duplicate", dup, map[string]string{"mqtt-dup": "true"}},
		{"system property", publishPacket(testTopic+"?%24.mid=1&$.ct=x%2Fy", 1, 6, ""), map[string]string{"$.mid": "1", "$.ct": "x/y"}},
		{"largest", publishPacket(testTopic, 1, 7, strings.Repeat("x", maxMessage)), map[string]string{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := serve(t, Options{})
			c := open(t, h, "lora1", true)
			c.send(test.in)
			if test.in.Qos > 0 {
				if ack := receive[*packets.PubackPacket](c); ack.MessageID != test.in.MessageID {
					t.Errorf("PUBACK %d", ack.MessageID)
				}
				if len(h.Messages()) != 1 {
					t.Error("acknowledged before it was recorded")
				}
			}
			got, err := h.WaitMessages(within(t), 1)
			if err != nil {
				t.Fatal(err)
			}
			m := got[0]
			if diff := cmp.Diff(test.want, m.Properties); diff != "" {
				t.Errorf("properties (-want +got)\n%s", diff)
			}
			if m.Device != "lora1" || m.Topic != test.in.TopicName || m.QoS != test.in.Qos || !bytes.Equal(m.Body, test.in.Payload) {
				t.Errorf("got %s %s %d, %d bytes", m.Device, m.Topic, m.QoS, len(m.Body))
			}
			if m.System["iothub-connection-device-id"] != "lora1" {
				t.Errorf("stamped %v", m.System)
			}
		})
	}
}

func TestPublishCloses(t *testing.T) {
	for _, test := range []struct {
		name string
		in   *packets.PublishPacket
		want Reason
	}{
		{"QoS 2", publishPacket(testTopic, 2, 1, "x"), ReasonQoS2},
		{"unknown topic", publishPacket("hello", 1, 1, "x"), ReasonUnknownTopic},
		{"another device", publishPacket("devices/lora2/messages/events/", 1, 1, "x"), ReasonForeignTopic},
		{"malformed bag", publishPacket(testTopic+"a=b=c", 1, 1, "x"), ReasonMalformedBag},
		{"expiry", publishPacket(testTopic+"%24.exp=2026-01-01T00:00:00Z", 1, 1, "x"), ReasonForbiddenExpiry},
		{"body too large", publishPacket(testTopic, 1, 1, strings.Repeat("x", maxMessage+1)), ReasonTooLarge},
		{"properties count", publishPacket(testTopic+"a=b", 1, 1, strings.Repeat("x", maxMessage-1)), ReasonTooLarge},
		{"packet too large", publishPacket(testTopic, 1, 1, strings.Repeat("x", maxPacket)), ReasonTooLarge},
		{"twin read without rid", publishPacket("$iothub/twin/GET/", 0, 0, ""), ReasonMissingRID},
		{"wildcard", publishPacket(testTopic+"#", 1, 1, ""), ReasonProtocolError},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := serve(t, Options{})
			c := open(t, h, "lora1", true)
			c.send(test.in)
			c.closed()
			if e := wait(t, h, EventDisconnected, "lora1", 1); e.Reason != test.want {
				t.Errorf("got %+v, want %s", e, test.want)
			}
			if got := h.Messages(); len(got) != 0 {
				t.Errorf("recorded %+v", got)
			}
		})
	}
}

func TestPublishQuirks(t *testing.T) {
	h := serve(t, Options{Quirks: Quirks{IgnoreUnknownTopics: true, AcceptD2CExpiry: true, IgnoreMissingRID: true}})
	c := open(t, h, "lora1", true)
	for i, topic := range []string{"hello", "devices/lora2/messages/events/", "$iothub/twin/GET/", testTopic + "$.exp=2026-01-01T00:00:00Z"} {
		c.send(publishPacket(topic, 1, uint16(i+1), ""))
		receive[*packets.PubackPacket](c)
	}
	if got := h.Messages(); len(got) != 1 || got[0].Properties["$.exp"] == "" {
		t.Errorf("recorded %+v", got)
	}
}

func TestOtherPackets(t *testing.T) {
	for _, test := range []struct {
		name string
		in   packets.ControlPacket
		want Reason
	}{
		{"DISCONNECT", packets.NewControlPacket(packets.Disconnect), ReasonClientDisconnect},
		{"second CONNECT", connectPacket("lora1"), ReasonProtocolError},
		{"PINGRESP", packets.NewControlPacket(packets.Pingresp), ReasonProtocolError},
		{"PUBREC", packets.NewControlPacket(packets.Pubrec), ReasonProtocolError},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := serve(t, Options{})
			c := open(t, h, "lora1", true)
			c.send(packets.NewControlPacket(packets.Pingreq))
			receive[*packets.PingrespPacket](c)
			c.send(test.in)
			c.closed()
			if e := wait(t, h, EventDisconnected, "lora1", 1); e.Reason != test.want {
				t.Errorf("got %+v, want %s", e, test.want)
			}
		})
	}
}

func TestWill(t *testing.T) {
	for _, polite := range []bool{true, false} {
		h := serve(t, Options{})
		p := connectPacket("lora1")
		p.WillFlag, p.WillTopic, p.WillMessage, p.WillQos = true, testTopic+"why=power", []byte("gone"), 1
		c := openWith(t, h, p)
		if polite {
			c.disconnect()
			wait(t, h, EventDisconnected, "lora1", 1)
			if got := h.Messages(); len(got) != 0 {
				t.Errorf("a will after DISCONNECT: %+v", got)
			}
			continue
		}
		if err := c.conn.Close(); err != nil {
			t.Fatal(err)
		}
		got, err := h.WaitMessages(within(t), 1)
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]string{"why": "power", "iothub-MessageType": "Will"}
		if diff := cmp.Diff(want, got[0].Properties); diff != "" || string(got[0].Body) != "gone" {
			t.Errorf("body %q, properties (-want +got)\n%s", got[0].Body, diff)
		}
	}
}

func TestSubscribe(t *testing.T) {
	all := []string{c2dFilter("lora1"), twinResponseFilter, twinDesiredFilter, methodFilter, credentialsFilter}
	h := serve(t, Options{})
	c := open(t, h, "lora1", true)
	if diff := cmp.Diff([]byte{1, 1, 1, 1, 1}, c.subscribe(2, all...)); diff != "" {
		t.Errorf("QoS 2 (-want +got)\n%s", diff)
	}
	if diff := cmp.Diff([]byte{0, 0, 0, 0, 0}, c.subscribe(0, all...)); diff != "" {
		t.Errorf("again with QoS 0 (-want +got)\n%s", diff)
	}
	p := packets.NewControlPacket(packets.Unsubscribe).(*packets.UnsubscribePacket)
	p.MessageID, p.Topics = 3, all[:2]
	c.send(p)
	if ack := receive[*packets.UnsubackPacket](c); ack.MessageID != 3 {
		t.Errorf("UNSUBACK %d", ack.MessageID)
	}
}

func TestSubscribeUnknownFilter(t *testing.T) {
	for _, filter := range []string{"#", "hello", "devices/lora2/messages/devicebound/#", "devices/lora1/messages/devicebound/", "devices/lora1/#"} {
		h := serve(t, Options{})
		c := open(t, h, "lora1", true)
		c.send(subscribePacket(1, filter))
		c.closed()
		if e := wait(t, h, EventDisconnected, "lora1", 1); e.Reason != ReasonBadSubscription {
			t.Errorf("%s: got %+v", filter, e)
		}
	}
	h := serve(t, Options{Quirks: Quirks{UnknownFilter: FilterRefuse}})
	c := open(t, h, "lora1", true)
	if got := c.subscribe(1, "hello", twinResponseFilter); got[0] != 0x80 || got[1] != 1 {
		t.Errorf("SUBACK %x", got)
	}
	h = serve(t, Options{Quirks: Quirks{UnknownFilter: FilterIgnore}})
	c = open(t, h, "lora1", true)
	if got := c.subscribe(1, "a", "b", "c", "d", "e"); len(got) != 5 {
		t.Errorf("SUBACK %x", got)
	}
	c.send(subscribePacket(1, "f"))
	c.closed()
}
