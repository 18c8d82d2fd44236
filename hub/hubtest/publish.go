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

// published serves a PUBLISH: what it addresses, then its PUBACK.
func (s *session) published(p *packets.PublishPacket) error {
	if p.Qos == 2 {
		return &stop{ReasonQoS2, "PUBLISH to " + p.TopicName}
	}
	moment := FaultKind.atPublish
	if t, _ := parseTopic(s.device.base(), p.TopicName); t == toEvents {
		moment = FaultKind.atTelemetry
	}
	if f, ok := s.fault(moment); ok {
		return s.publishFault(f, p)
	}
	acknowledge, err := s.accept(p)
	if err != nil || !acknowledge {
		return err
	}
	return s.puback(p)
}

// accept does what p asks for, and reports whether it is to be acknowledged.
// It returns only once that is recorded.
func (s *session) accept(p *packets.PublishPacket) (acknowledge bool, err error) {
	t, rest := parseTopic(s.device.base(), p.TopicName)
	switch t {
	case toEvents:
		return s.acceptEvents(p, rest)
	case toTwinGet:
		return true, s.twinGet(requestID(rest))
	case toTwinPatch:
		return true, s.twinPatch(requestID(rest), p.Payload)
	case toMethodResponse:
		return true, s.methodAnswered(requestID(rest), p)
	case toCredentials:
		return true, nil // no certificates are issued here
	case toForeign, toUnknown:
		return true, s.rejectTopic(t, p.TopicName)
	}
	return true, nil
}

func (s *session) rejectTopic(t target, topic string) error {
	switch {
	case s.hub.opts.Quirks.IgnoreUnknownTopics:
		return nil
	case t == toForeign:
		return &stop{ReasonForeignTopic, topic}
	}
	return &stop{ReasonUnknownTopic, topic}
}

func (s *session) acceptEvents(p *packets.PublishPacket, bag string) (acknowledge bool, err error) {
	properties, err := parseBag(bag)
	if err != nil {
		return false, &stop{ReasonMalformedBag, fmt.Sprintf("%v: %s", err, p.TopicName)}
	}
	if _, ok := properties["$.exp"]; ok && !s.hub.opts.Quirks.AcceptD2CExpiry {
		return false, &stop{ReasonForbiddenExpiry, "$.exp belongs to cloud-to-device messages"}
	}
	size := messageSize(properties, p.Payload)
	if size > maxMessage {
		return false, &stop{ReasonTooLarge, fmt.Sprintf("%d bytes: want at most %d, properties included", size, maxMessage)}
	}
	if ok, err := s.meterEvents(p, size); !ok {
		return false, err
	}
	return true, s.record(&telemetry{
		topic: p.TopicName, bag: properties, qos: p.Qos, dup: p.Dup, retain: p.Retain, body: p.Payload,
	})
}

// meterEvents lets the tier's throttle and quota have their say. A throttled
// device is disconnected; one beyond the quota stays, and hears nothing, as
// seen of the real hub.
func (s *session) meterEvents(p *packets.PublishPacket, size int) (ok bool, err error) {
	wait, ok := s.hub.throttle.d2c.delay()
	if !ok {
		return false, &stop{ReasonThrottled, "more messages per second than the tier allows"}
	}
	if !s.hub.meter.take(s.hub.now(), size) {
		if s.hub.opts.Quirks.CloseOnQuota {
			return false, &stop{ReasonQuota, ErrQuota.Error()}
		}
		return false, s.emit(Event{Kind: EventQuota, Reason: ReasonQuota, Topic: p.TopicName, QoS: p.Qos})
	}
	if wait > 0 {
		return true, s.pause(wait)
	}
	return true, nil
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
func (s *session) record(t *telemetry) error {
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
	return s.emit(Event{
		Kind: EventD2C, Topic: t.topic, QoS: t.qos, Dup: t.dup, Retain: t.retain,
		Properties: properties, System: s.stamp(properties), Body: body,
	})
}

// stamp is what the hub adds to a message. Source: Microsoft's "Create and
// read IoT Hub messages".
func (s *session) stamp(properties map[string]string) map[string]string {
	system := map[string]string{
		"iothub-connection-device-id":          s.device.id,
		"iothub-connection-auth-generation-id": s.device.generation,
		"iothub-connection-auth-method":        s.method.String(),
		"iothub-enqueuedtime":                  s.hub.now().UTC().Format(time.RFC3339Nano),
		"iothub-message-source":                "Telemetry",
	}
	if s.device.module != "" {
		system["iothub-connection-module-id"] = s.device.module
	}
	if s.modelID != "" {
		system["dt-dataschema"] = s.modelID
	}
	if component := properties["$.sub"]; component != "" {
		system["dt-subject"] = component
	}
	return system
}

// readWill checks the will of a CONNECT: nil if there is none to publish.
func (h *Hub) readWill(p *packets.ConnectPacket, d *device) (*telemetry, *refusal) {
	if !p.WillFlag {
		return nil, nil
	}
	if p.WillQos == 2 {
		return nil, &refusal{ReasonQoS2, refusedUnavailable, "will with QoS 2"}
	}
	t, rest := parseTopic(d.base(), p.WillTopic)
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
func (s *session) publishWill(end Reason) {
	if s.will != nil && end != ReasonClientDisconnect && end != ReasonShutdown {
		_ = s.record(s.will) // not recorded is logged already, and nobody waits for it
	}
}
