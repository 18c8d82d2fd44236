package hubtest

import (
	"fmt"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// subackFailure is the SUBACK return code of a filter that is not granted.
const subackFailure = 0x80

// subscribe serves a SUBSCRIBE: the documented filters only, QoS 1 at most.
func (c *conn) subscribe(p *packets.SubscribePacket) error {
	ack := packets.NewControlPacket(packets.Suback).(*packets.SubackPacket)
	ack.MessageID = p.MessageID
	for i, filter := range p.Topics {
		code, err := c.grant(filter, min(p.Qoss[i], 1))
		if err != nil {
			return err
		}
		ack.ReturnCodes = append(ack.ReturnCodes, code)
	}
	if err := c.write(ack); err != nil {
		return err
	}
	return c.deliver()
}

// grant subscribes to one filter and returns its SUBACK code.
func (c *conn) grant(filter string, qos byte) (byte, error) {
	if !knownFilter(c.device.id, filter) {
		switch c.hub.opts.Quirks.UnknownFilter {
		case FilterClose:
			return 0, &stop{ReasonBadSubscription, "unknown filter " + filter}
		case FilterRefuse:
			return subackFailure, nil
		case FilterIgnore:
		}
	}
	if !c.device.subscribe(filter, qos) {
		return 0, &stop{ReasonBadSubscription, fmt.Sprintf("more than %d subscriptions", maxSubscriptions)}
	}
	return qos, c.hub.emit(Event{Kind: EventSubscribed, Device: c.device.id, Topic: filter, QoS: qos})
}

func (c *conn) unsubscribe(p *packets.UnsubscribePacket) error {
	for _, filter := range p.Topics {
		c.device.unsubscribe(filter)
		if err := c.hub.emit(Event{Kind: EventUnsubscribed, Device: c.device.id, Topic: filter}); err != nil {
			return err
		}
	}
	ack := packets.NewControlPacket(packets.Unsuback).(*packets.UnsubackPacket)
	ack.MessageID = p.MessageID
	return c.write(ack)
}
