package hubtest

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// CONNACK return codes, MQTT 3.1.1 section 3.2.2.3.
const (
	refusedLevel         = 1
	refusedUnavailable   = 3
	refusedNotAuthorized = 5
)

// maxMessage is the hub's limit for a device-to-cloud message in bytes, body
// and properties together. Source: "IoT Hub quotas and throttling".
const maxMessage = 262144

// maxPacket bounds what is read at all: the largest message with the longest
// topic. A longer packet is refused at its header.
const maxPacket = maxMessage + 65535 + 4

var (
	errPacketSize = errors.New("packet larger than any message may be")
	errLevel      = errors.New("want MQTT 3.1.1: protocol name MQTT, level 4")
)

// malformed is a packet that breaks MQTT 3.1.1.
type malformed string

func (m malformed) Error() string { return string(m) }

// readPacket reads one control packet as a server: bounded, and checked where
// the codec is not.
func readPacket(r *bufio.Reader, limit int) (packets.ControlPacket, error) {
	header, err := readHeader(r)
	if err != nil {
		return nil, err
	}
	if header.RemainingLength > limit {
		return nil, errPacketSize
	}
	body := make([]byte, header.RemainingLength)
	if _, err := io.ReadFull(r, body); err != nil {
		return nil, err
	}
	return decodePacket(header, body)
}

// readHeader reads the fixed header, MQTT 3.1.1 section 2.2.
func readHeader(r io.ByteReader) (packets.FixedHeader, error) {
	first, err := r.ReadByte()
	if err != nil {
		return packets.FixedHeader{}, err
	}
	h := packets.FixedHeader{
		MessageType: first >> 4, Dup: first&8 != 0, Qos: first >> 1 & 3, Retain: first&1 != 0,
	}
	if err := checkFlags(h, first&15); err != nil {
		return h, err
	}
	for shift := 0; shift < 28; shift += 7 {
		b, err := r.ReadByte()
		if err != nil {
			return h, err
		}
		h.RemainingLength |= int(b&127) << shift
		if b < 128 {
			return h, nil
		}
	}
	return h, malformed("remaining length of more than four bytes")
}

// checkFlags checks the type and the reserved bits of the first byte.
func checkFlags(h packets.FixedHeader, flags byte) error {
	switch h.MessageType {
	case packets.Publish:
		if h.Qos == 3 {
			return malformed("PUBLISH with QoS 3")
		}
		if h.Dup && h.Qos == 0 {
			return malformed("PUBLISH with DUP and QoS 0")
		}
		return nil
	case packets.Subscribe, packets.Unsubscribe, packets.Pubrel:
		if flags != 2 {
			return malformed(fmt.Sprintf("%s with flags %d: want 2", packets.PacketNames[h.MessageType], flags))
		}
		return nil
	case 0, 15:
		return malformed(fmt.Sprintf("packet type %d", h.MessageType))
	}
	if flags != 0 {
		return malformed(fmt.Sprintf("%s with flags %d: want 0", packets.PacketNames[h.MessageType], flags))
	}
	return nil
}

// wholeReader refuses short reads, which the codec would take for zeros.
type wholeReader struct {
	bytes.Reader
	short bool
}

func (w *wholeReader) Read(p []byte) (int, error) {
	if w.short || len(p) > w.Len() {
		w.short = true
		return 0, io.ErrUnexpectedEOF
	}
	if len(p) == 0 {
		return 0, nil
	}
	return w.Reader.Read(p)
}

// decodePacket decodes body, all of it, and checks the result.
func decodePacket(h packets.FixedHeader, body []byte) (packets.ControlPacket, error) {
	if h.MessageType == packets.Connect {
		if err := checkLevel(body); err != nil {
			return nil, err
		}
	}
	p, err := packets.NewControlPacketWithHeader(h)
	if err != nil {
		return nil, malformed(err.Error())
	}
	r := &wholeReader{}
	r.Reset(body)
	err = p.Unpack(r)
	whole := err == nil && r.Len() == 0 && !r.short
	if u, ok := p.(*packets.UnsubscribePacket); ok {
		whole = filtersSize(u.Topics) == len(body) // the codec reads these until one is short
	}
	if !whole {
		return nil, malformed(packetName(p) + " does not fit its length")
	}
	return p, checkPacket(p)
}

// filtersSize is the length of an UNSUBSCRIBE with these filters.
func filtersSize(filters []string) int {
	size := 2
	for _, f := range filters {
		size += 2 + len(f)
	}
	return size
}

// packetName is "CONNECT" and so on.
func packetName(p packets.ControlPacket) string {
	name := strings.TrimPrefix(fmt.Sprintf("%T", p), "*packets.")
	return strings.ToUpper(strings.TrimSuffix(name, "Packet"))
}

// checkLevel looks at the protocol name and level before anything else is
// decoded: another level has another layout.
func checkLevel(body []byte) error {
	for _, name := range []string{"\x00\x04MQTT", "\x00\x06MQIsdp"} {
		rest, ok := bytes.CutPrefix(body, []byte(name))
		if !ok || len(rest) == 0 {
			continue
		}
		if name == "\x00\x04MQTT" && rest[0] == 4 {
			return nil
		}
		return errLevel
	}
	return malformed("CONNECT of another protocol than MQTT")
}

// checkPacket checks the fields of a decoded packet.
func checkPacket(p packets.ControlPacket) error {
	switch p := p.(type) {
	case *packets.ConnectPacket:
		return checkConnect(p)
	case *packets.PublishPacket:
		if p.Qos > 0 && p.MessageID == 0 {
			return malformed("PUBLISH with packet id 0")
		}
		if p.TopicName == "" || strings.ContainsAny(p.TopicName, "+#") {
			return malformed("PUBLISH to an empty topic or with a wildcard")
		}
		return checkStrings(p.TopicName)
	case *packets.SubscribePacket:
		return checkFilters("SUBSCRIBE", p.MessageID, p.Topics, p.Qoss)
	case *packets.UnsubscribePacket:
		return checkFilters("UNSUBSCRIBE", p.MessageID, p.Topics, nil)
	}
	return nil
}

func checkConnect(p *packets.ConnectPacket) error {
	switch {
	case p.ReservedBit != 0:
		return malformed("CONNECT with its reserved flag set")
	case p.PasswordFlag && !p.UsernameFlag:
		return malformed("CONNECT with a password and no user name")
	case p.WillQos == 3, !p.WillFlag && (p.WillQos != 0 || p.WillRetain):
		return malformed("CONNECT with impossible will flags")
	}
	return checkStrings(p.ClientIdentifier, p.WillTopic, p.Username)
}

func checkFilters(name string, id uint16, filters []string, qos []byte) error {
	if id == 0 {
		return malformed(name + " with packet id 0")
	}
	if len(filters) == 0 {
		return malformed(name + " without a topic filter")
	}
	for _, q := range qos {
		if q > 2 {
			return malformed(name + " with QoS 3 or reserved bits")
		}
	}
	return checkStrings(filters...)
}

// checkStrings enforces MQTT 3.1.1 section 1.5.3.
func checkStrings(list ...string) error {
	for _, s := range list {
		if !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
			return malformed("a string is not UTF-8, or has a NUL")
		}
	}
	return nil
}
