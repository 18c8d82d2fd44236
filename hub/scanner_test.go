package hub

import (
	"strings"
	"testing"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

func TestScanner(t *testing.T) {
	const connack = "\x20\x02\x00\x00"
	tests := []struct {
		name, stream, want string
	}{
		{"CONNACK", connack, ""},
		{"all kinds", connack + "\x90\x03\x00\x01\x01" + "\x40\x02\x00\x02" + "\xd0\x00" + "\x32\x05\x00\x01a\x00\x07", ""},
		{"not CONNACK first", "\xd0\x00", "out of turn"},
		{"CONNACK twice", connack + connack, "out of turn"},
		{"long CONNACK", "\x20\x03\x00\x00\x00", "type 2"},
		{"CONNECT", connack + "\x10\x00", "type 1"},
		{"PUBREC", connack + "\x50\x02\x00\x01", "type 5"},
		{"SUBACK of two", connack + "\x90\x04\x00\x01\x01\x01", "type 9"},
		{"SUBACK twice", connack + "\x90\x03\x00\x01\x01\x90\x03\x00\x01\x01", "type 9"},
		{"QoS 2", connack + "\x34\x05\x00\x01a\x00\x07", "type 3"},
		{"QoS 3", connack + "\x36\x05\x00\x01a\x00\x07", "type 3"},
		{"256 MB", connack + "\x30\xff\xff\xff\x7f", "type 3"},
		{"length without end", connack + "\x30\xff\xff\xff\xff", "no end"},
		{"empty PUBLISH", connack + "\x30\x00", "type 3"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var s scanner
			var err error
			for i := 0; i < len(tt.stream) && err == nil; i++ {
				_, _, err = s.next(tt.stream[i])
			}
			checkError(t, err, tt.want, "")
		})
	}
}

// Whatever comes, the scanner finds the packets that the library would, and
// lets nothing pass that the library cannot take.
func FuzzScanner(f *testing.F) {
	f.Add([]byte("\x20\x02\x00\x00\x90\x03\x00\x01\x01\x40\x02\x00\x02"))
	f.Add([]byte("\x20\x02\x00\x00\x32\x07\x00\x01a\x00\x07hi\xd0\x00"))
	f.Add([]byte("\x20\x82\x00\x00\x00\x30\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, stream []byte) {
		var s scanner
		reader := strings.NewReader(string(stream))
		start := 0
		for i, b := range stream {
			p, complete, err := s.next(b)
			if err != nil {
				return
			}
			if !complete {
				continue
			}
			packet, err := packets.ReadPacket(reader)
			if end := len(stream) - reader.Len(); end != i+1 {
				t.Fatalf("packet at %d ends at %d, the library reads to %d: %v, %v", start, i+1, end, packet, err)
			}
			if ack, ok := packet.(*packets.PubackPacket); ok && (p.kind != typePuback || p.id() != ack.MessageID) {
				t.Fatalf("PUBACK %d taken for type %d, id %d", ack.MessageID, p.kind, p.id())
			}
			start = i + 1
		}
	})
}

// The packet id is found in what the library writes.
func FuzzPublishID(f *testing.F) {
	f.Add("devices/lora1/messages/events/", "body", uint16(1))
	f.Add("", strings.Repeat("x", 20_000), uint16(65535))
	f.Fuzz(func(t *testing.T, topic, body string, id uint16) {
		if len(topic) > maxTopic {
			return
		}
		pub := packets.NewControlPacket(packets.Publish).(*packets.PublishPacket)
		pub.Qos, pub.TopicName, pub.Payload, pub.MessageID = 1, topic, []byte(body), id
		var b strings.Builder
		if err := pub.Write(&b); err != nil {
			t.Fatal(err)
		}
		if got, ok := publishID([]byte(b.String())); !ok || got != id {
			t.Errorf("got %d, %v, want %d", got, ok, id)
		}
		_, _ = publishID([]byte(body)) // must end, whatever it is
	})
}
