package hubtest

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

func read(b string) (packets.ControlPacket, error) {
	return readPacket(bufio.NewReader(strings.NewReader(b)), 1000)
}

func TestReadPacket(t *testing.T) {
	for _, test := range []struct{ name, in, want string }{
		{"CONNECT", "\x10\x10\x00\x04MQTT\x04\x02\x00\x3c\x00\x04lor1", "CONNECT"},
		{"PUBLISH QoS 0, empty body", "\x30\x03\x00\x01a", "PUBLISH"},
		{"PUBLISH QoS 1", "\x32\x06\x00\x01a\x00\x01x", "PUBLISH"},
		{"PUBLISH, long form of its length", "\x30\x83\x80\x00\x00\x01a", "PUBLISH"},
		{"SUBSCRIBE", "\x82\x06\x00\x01\x00\x01a\x01", "SUBSCRIBE"},
		{"UNSUBSCRIBE", "\xa2\x05\x00\x01\x00\x01a", "UNSUBSCRIBE"},
		{"PINGREQ", "\xc0\x00", "PINGREQ"},
		{"DISCONNECT", "\xe0\x00", "DISCONNECT"},
	} {
		p, err := read(test.in)
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
		} else if got := packetName(p); got != test.want {
			t.Errorf("%s: got %s", test.name, got)
		}
	}
}

func TestReadPacketMalformed(t *testing.T) {
	for name, in := range map[string]string{
		"type 0":                       "\x00\x00",
		"type 15":                      "\xf0\x00",
		"PINGREQ with flags":           "\xc1\x00",
		"PINGREQ with a body":          "\xc0\x01x",
		"DISCONNECT with a body":       "\xe0\x02\x00\x00",
		"SUBSCRIBE with flags 0":       "\x80\x06\x00\x01\x00\x01a\x01",
		"SUBSCRIBE without filters":    "\x82\x02\x00\x01",
		"SUBSCRIBE with packet id 0":   "\x82\x06\x00\x00\x00\x01a\x01",
		"SUBSCRIBE with QoS 3":         "\x82\x06\x00\x01\x00\x01a\x03",
		"SUBSCRIBE without QoS":        "\x82\x05\x00\x01\x00\x01a",
		"SUBSCRIBE cut":                "\x82\x04\x00\x01\x00\x09",
		"UNSUBSCRIBE cut":              "\xa2\x05\x00\x01\x00\x09a",
		"UNSUBSCRIBE with a rest":      "\xa2\x06\x00\x01\x00\x01ax",
		"UNSUBSCRIBE without filters":  "\xa2\x02\x00\x01",
		"PUBLISH with QoS 3":           "\x36\x06\x00\x01a\x00\x01x",
		"PUBLISH with DUP and QoS 0":   "\x38\x03\x00\x01a",
		"PUBLISH with packet id 0":     "\x32\x05\x00\x01a\x00\x00",
		"PUBLISH cut in the topic":     "\x30\x03\x00\x09a",
		"PUBLISH cut in the packet id": "\x32\x04\x00\x01a\x00",
		"PUBLISH without topic":        "\x30\x02\x00\x00",
		"PUBLISH to a wildcard":        "\x30\x03\x00\x01#",
		"PUBLISH to NUL":               "\x30\x03\x00\x01\x00",
		"PUBLISH to no UTF-8":          "\x30\x03\x00\x01\xff",
		"length of five bytes":         "\x30\xff\xff\xff\xff\x01",
		"CONNECT of another protocol":  "\x10\x0a\x00\x04HTTP\x04\x02\x00\x3c",
		"CONNECT with reserved flag":   "\x10\x10\x00\x04MQTT\x04\x03\x00\x3c\x00\x04lor1",
		"CONNECT with will QoS only":   "\x10\x10\x00\x04MQTT\x04\x0a\x00\x3c\x00\x04lor1",
		"CONNECT, password alone":      "\x10\x13\x00\x04MQTT\x04\x42\x00\x3c\x00\x04lor1\x00\x01p",
		"CONNECT cut":                  "\x10\x0a\x00\x04MQTT\x04\x02\x00\x3c",
		"empty CONNECT":                "\x10\x00",
	} {
		_, err := read(in)
		var bad malformed
		if !errors.As(err, &bad) {
			t.Errorf("%s: got %v, want it malformed", name, err)
		}
	}
}

func TestReadPacketOther(t *testing.T) {
	for name, test := range map[string]struct {
		in   string
		want error
	}{
		"too large":              {"\x30\xe9\x07", errPacketSize},
		"MQTT 5":                 {"\x10\x0d\x00\x04MQTT\x05\x02\x00\x3c\x00\x00\x00", errLevel},
		"MQTT 3.1":               {"\x10\x0e\x00\x06MQIsdp\x03\x02\x00\x3c\x00\x00", errLevel},
		"nothing":                {"", io.EOF},
		"cut after one byte":     {"\x30", io.EOF},
		"cut in the body":        {"\x30\x05\x00\x01a", io.ErrUnexpectedEOF},
		"cut in the long length": {"\x30\x80", io.EOF},
	} {
		if _, err := read(test.in); !errors.Is(err, test.want) {
			t.Errorf("%s: got %v, want %v", name, err, test.want)
		}
	}
}

func FuzzReadPacket(f *testing.F) {
	f.Add([]byte("\x10\x10\x00\x04MQTT\x04\x02\x00\x3c\x00\x04lor1"))
	f.Add([]byte("\x82\x06\x00\x01\x00\x01a\x01"))
	f.Add([]byte("\x32\x06\x00\x01a\x00\x01x"))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := readPacket(bufio.NewReader(bytes.NewReader(b)), 1<<16)
		if err != nil {
			return
		}
		var again bytes.Buffer
		if err := p.Write(&again); err != nil {
			t.Fatalf("% x: %v", b, err)
		}
		if publish, ok := p.(*packets.PublishPacket); ok {
			q, err := packets.ReadPacket(&again)
			if err != nil || !bytes.Equal(q.(*packets.PublishPacket).Payload, publish.Payload) {
				t.Errorf("% x: does not survive encoding: %v", b, err)
			}
		}
	})
}
