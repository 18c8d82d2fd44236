package hubtest

import (
	"fmt"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// subackFailure is the SUBACK return code of a filter that is not granted.
const subackFailure = 0x80

// subscribe serves a SUBSCRIBE: the documented filters only, QoS 1 at most.
func (s *session) subscribe(p *packets.SubscribePacket) error {
	f, faulty := s.fault(FaultKind.atSubscribe)
	if faulty && f.Kind != FaultRefuseSubscribe {
		return s.cut(f, p.Topics[0])
	}
	ack := packets.NewControlPacket(packets.Suback).(*packets.SubackPacket)
	ack.MessageID = p.MessageID
	for i, filter := range p.Topics {
		if faulty {
			ack.ReturnCodes = append(ack.ReturnCodes, subackFailure)
			continue
		}
		code, err := s.grant(filter, min(p.Qoss[i], 1))
		if err != nil {
			return err
		}
		ack.ReturnCodes = append(ack.ReturnCodes, code)
	}
	if err := s.write(ack); err != nil {
		return err
	}
	s.send()
	return nil
}

// grant subscribes to one filter and returns its SUBACK code.
func (s *session) grant(filter string, qos byte) (byte, error) {
	if !knownFilter(s.device, filter) {
		switch s.hub.opts.Quirks.UnknownFilter {
		case FilterClose:
			return 0, &stop{ReasonBadSubscription, "unknown filter " + filter}
		case FilterRefuse:
			return subackFailure, nil
		case FilterIgnore:
		}
	}
	if !s.device.subscribe(filter, qos) {
		return 0, &stop{ReasonBadSubscription, fmt.Sprintf("more than %d subscriptions", maxSubscriptions)}
	}
	return qos, s.emit(Event{Kind: EventSubscribed, Topic: filter, QoS: qos})
}

func (s *session) unsubscribe(p *packets.UnsubscribePacket) error {
	for _, filter := range p.Topics {
		s.device.unsubscribe(filter)
		if err := s.emit(Event{Kind: EventUnsubscribed, Topic: filter}); err != nil {
			return err
		}
	}
	ack := packets.NewControlPacket(packets.Unsuback).(*packets.UnsubackPacket)
	ack.MessageID = p.MessageID
	return s.write(ack)
}
