package hub

import (
	"errors"
	"fmt"
	"strings"
)

// Keys of the system properties in a property bag.
const (
	keyMessageID       = "$.mid"
	keyContentType     = "$.ct"
	keyContentEncoding = "$.ce"
)

// Limits of one device-to-cloud message. The hub's is 256 KB over body and
// properties, and it closes the connection instead of saying so; a little is
// left for what it counts differently.
const (
	maxMessageSize = 255_000
	maxMessageID   = 128
	maxTopic       = 65_535 // MQTT's, for any string
)

// deviceboundFilter is what a device subscribes to for C2D messages.
func deviceboundFilter(deviceID string) string {
	return "devices/" + deviceID + "/messages/devicebound/#"
}

// parseDevicebound returns the properties in the topic of a C2D message to
// deviceID. The hub has been seen to write both "devicebound" and
// "deviceBound".
func parseDevicebound(deviceID, topic string) ([]Property, error) {
	rest, ok := strings.CutPrefix(topic, "devices/"+deviceID+"/messages/")
	name, bag, _ := strings.Cut(rest, "/")
	if !ok || !strings.EqualFold(name, "devicebound") {
		return nil, fmt.Errorf("%q is not a C2D topic of device %s", topic, deviceID)
	}
	return parseBag(bag)
}

// messageID returns the value of the last message-id in bag.
func messageID(bag []Property) string {
	var value string
	for _, p := range bag {
		if p.Key == keyMessageID {
			value = p.Value
		}
	}
	return value
}

// eventsTopic returns the topic that carries m's properties to the hub. An
// error means that the hub can never take m.
func eventsTopic(deviceID string, m Message) (string, error) {
	if err := checkMessage(m); err != nil {
		return "", err
	}
	topic := "devices/" + deviceID + "/messages/events/" + encodeBag(allProperties(m))
	if len(topic) > maxTopic {
		return "", fmt.Errorf("properties take %d bytes of topic: at most %d", len(topic), maxTopic)
	}
	return topic, nil
}

// allProperties puts the system properties before the application's.
func allProperties(m Message) []Property {
	all := make([]Property, 0, 3+len(m.Properties))
	for _, p := range []Property{{keyMessageID, m.ID}, {keyContentType, m.ContentType}, {keyContentEncoding, m.ContentEncoding}} {
		if p.Value != "" {
			all = append(all, p)
		}
	}
	return append(all, m.Properties...)
}

func checkMessage(m Message) error {
	if len(m.ID) > maxMessageID {
		return fmt.Errorf("message id has %d characters: at most %d", len(m.ID), maxMessageID)
	}
	size := len(m.Body) + len(m.ID) + len(m.ContentType) + len(m.ContentEncoding)
	for _, p := range m.Properties {
		if err := CheckProperty(p); err != nil {
			return err
		}
		size += len(p.Key) + len(p.Value)
	}
	if size > maxMessageSize {
		return fmt.Errorf("message has %d bytes with its properties: at most %d", size, maxMessageSize)
	}
	return nil
}

// CheckProperty reports whether p can be an application property: its name
// is not empty and not one of the hub's own.
func CheckProperty(p Property) error {
	if p.Key == "" {
		return errors.New("property without a name")
	}
	if strings.HasPrefix(p.Key, "$.") || strings.HasPrefix(strings.ToLower(p.Key), "iothub-") {
		return fmt.Errorf("property %q: names that begin with $. or iothub- belong to the hub", p.Key)
	}
	return nil
}

// userName is the MQTT user name of a device. Of the parts only the product
// is percent-encoded.
func userName(host, deviceID, apiVersion, product string) string {
	name := host + "/" + deviceID + "/?api-version=" + apiVersion
	if product != "" {
		name += "&DeviceClientType=" + escape(product)
	}
	return name
}
