package hubtest

import (
	"fmt"
	"maps"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// telemetry is a device-to-cloud message on its way in, or a will.
type telemetry struct {
	topic       string
	bag         map[string]string
	qos         byte
	dup, retain bool
	body        []byte
}

// publish serves a PUBLISH: what it addresses, then its PUBACK.
func (c *conn) publish(p *packets.PublishPacket) error {
	if p.Qos == 2 {
		return &stop{ReasonQoS2, "PUBLISH to " + p.TopicName}
	}
	if f, ok := c.hub.faults.take(c.device.id, FaultKind.atPublish); ok {
		return c.publishFault(f, p)
	}
	if err := c.accept(p); err != nil {
		return err
	}
	return c.puback(p)
}

func (c *conn) puback(p *packets.PublishPacket) error {
	if p.Qos == 0 {
		return nil
	}
	ack := packets.NewControlPacket(packets.Puback).(*packets.PubackPacket)
	ack.MessageID = p.MessageID
	return c.write(ack)
}

// accept does what p asks for. It returns only once that is recorded.
func (c *conn) accept(p *packets.PublishPacket) error {
	t, rest := parseTopic(c.device.id, p.TopicName)
	switch t {
	case toEvents:
		return c.acceptEvents(p, rest)
	case toTwinGet:
		return c.twinGet(requestID(rest))
	case toTwinPatch:
		return c.twinPatch(requestID(rest), p.Payload)
	case toMethodResponse, toCredentials:
		// Nothing here calls methods or issues certificates, and the hub
		// ignores answers nobody waits for.
		return nil
	case toForeign, toUnknown:
		return c.rejectTopic(t, p.TopicName)
	}
	return nil
}

func (c *conn) rejectTopic(t target, topic string) error {
	switch {
	case c.hub.opts.Quirks.IgnoreUnknownTopics:
		return nil
	case t == toForeign:
		return &stop{ReasonForeignTopic, topic}
	}
	return &stop{ReasonUnknownTopic, topic}
}

func (c *conn) acceptEvents(p *packets.PublishPacket, bag string) error {
	properties, err := parseBag(bag)
	if err != nil {
		return &stop{ReasonMalformedBag, fmt.Sprintf("%v: %s", err, p.TopicName)}
	}
	if _, ok := properties["$.exp"]; ok && !c.hub.opts.Quirks.AcceptD2CExpiry {
		return &stop{ReasonForbiddenExpiry, "$.exp belongs to cloud-to-device messages"}
	}
	if size := messageSize(properties, p.Payload); size > maxMessage {
		return &stop{ReasonTooLarge, fmt.Sprintf("%d bytes: want at most %d, properties included", size, maxMessage)}
	}
	return c.record(&telemetry{
		topic: p.TopicName, bag: properties, qos: p.Qos, dup: p.Dup, retain: p.Retain, body: p.Payload,
	})
}

// messageSize is what the hub counts: the body, the values of system
// properties, names and values of the others.
func messageSize(properties map[string]string, body []byte) int {
	size := len(body)
	for k, v := range properties {
		size += len(v)
		if len(k) < 2 || k[:2] != "$." {
			size += len(k)
		}
	}
	return size
}

// record stores t.
func (c *conn) record(t *telemetry) error {
	properties := maps.Clone(t.bag)
	if t.retain {
		properties["mqtt-retain"] = "true"
	}
	if t.dup {
		properties["mqtt-dup"] = "true"
	}
	body := t.body
	if body == nil {
		body = []byte{}
	}
	err := c.hub.emit(Event{
		Kind: EventD2C, Device: c.device.id, Topic: t.topic, QoS: t.qos, Dup: t.dup, Retain: t.retain,
		Properties: properties, System: c.stamp(properties), Body: body,
	})
	if err != nil {
		return &stop{ReasonNotRecorded, err.Error()}
	}
	return nil
}

// stamp is what the hub adds to a message. Source: Microsoft's "Create and
// read IoT Hub messages".
func (c *conn) stamp(properties map[string]string) map[string]string {
	system := map[string]string{
		"iothub-connection-device-id":          c.device.id,
		"iothub-connection-auth-generation-id": c.device.generation,
		"iothub-connection-auth-method":        `{"scope":"device","type":"sas","issuer":"iothub"}`,
		"iothub-enqueuedtime":                  c.hub.opts.Now().UTC().Format(time.RFC3339Nano),
		"iothub-message-source":                "Telemetry",
	}
	if c.modelID != "" {
		system["dt-dataschema"] = c.modelID
	}
	if component := properties["$.sub"]; component != "" {
		system["dt-subject"] = component
	}
	return system
}

// readWill checks the will of a CONNECT: nil if there is none to publish.
func (h *Hub) readWill(p *packets.ConnectPacket, device string) (*telemetry, *refusal) {
	if !p.WillFlag {
		return nil, nil
	}
	if p.WillQos == 2 {
		return nil, &refusal{ReasonQoS2, refusedUnavailable, "will with QoS 2"}
	}
	t, rest := parseTopic(device, p.WillTopic)
	if t != toEvents {
		if h.opts.Quirks.IgnoreForeignWill {
			return nil, nil
		}
		return nil, &refusal{ReasonUnknownTopic, refusedUnavailable, "will to " + p.WillTopic}
	}
	bag, err := parseBag(rest)
	if err != nil {
		return nil, &refusal{ReasonMalformedBag, refusedUnavailable, "will to " + p.WillTopic}
	}
	bag["iothub-MessageType"] = "Will"
	return &telemetry{topic: p.WillTopic, bag: bag, qos: p.WillQos, retain: p.WillRetain, body: p.WillMessage}, nil
}

// publishWill publishes the will, unless the client said good-bye or the hub
// itself goes.
func (c *conn) publishWill(end Reason) {
	if c.will != nil && end != ReasonClientDisconnect && end != ReasonShutdown {
		_ = c.record(c.will) // not recorded is logged already, and nobody waits for it
	}
}
