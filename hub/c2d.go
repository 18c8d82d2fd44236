package hub

import (
	"errors"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// cloudMessage reads a C2D message to deviceID. The hub encodes what it knows
// about the message as system properties; of one that is there twice the last
// counts. With errBag comes the message without what cannot be read.
func cloudMessage(deviceID string, p *packets.PublishPacket) (CloudMessage, error) {
	bag, err := parseDevicebound(deviceID, p.TopicName)
	if err != nil && !errors.Is(err, errBag) {
		return CloudMessage{}, err
	}
	m := CloudMessage{Body: p.Payload, Duplicate: p.Dup}
	for _, property := range bag {
		if !m.system(property) {
			m.Properties = append(m.Properties, property)
		}
	}
	return m, err
}

// system takes in p if it is one of the hub's own properties.
func (m *CloudMessage) system(p Property) bool {
	switch p.Key {
	case keyMessageID:
		m.ID = p.Value
	case keyCorrelationID:
		m.CorrelationID = p.Value
	case keyTo:
		m.To = p.Value
	case keyUserID:
		m.UserID = p.Value
	case keyContentType:
		m.ContentType = p.Value
	case keyContentEncoding:
		m.ContentEncoding = p.Value
	case keyAck:
		m.Ack = p.Value
	case keyExpiry:
		// A time that cannot be read is none: the hub minds the expiry itself.
		m.Expiry, _ = time.Parse(time.RFC3339, p.Value)
	default:
		return false
	}
	return true
}

// size is what the hub counts: the body and all properties.
func (m CloudMessage) size() int {
	size := len(m.Body) + len(m.ID) + len(m.CorrelationID) + len(m.To) + len(m.UserID) + len(m.ContentType) + len(m.ContentEncoding)
	for _, p := range m.Properties {
		size += len(p.Key) + len(p.Value)
	}
	return size
}
