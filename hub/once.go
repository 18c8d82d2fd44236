package hub

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// PublishOnce connects as deviceID, sends one message with QoS 1, waits for
// its PUBACK and disconnects. The clock is taken as it is. The error says
// what to do about it.
func PublishOnce(ctx context.Context, o Options, deviceID string, credential Credential, m Message) error {
	o, err := o.withDefaults()
	if err != nil {
		return err
	}
	if err := CheckDeviceID(deviceID); err != nil {
		return err
	}
	topic, err := eventsTopic(deviceID, m)
	if err != nil {
		return err
	}
	c := newConnection(newShared(o), Device{ID: deviceID, Credential: credential})
	e, err := c.endpoints.get(o.Host)
	if err != nil {
		return err
	}
	who, _, err := c.login(e, deviceID)
	if err != nil {
		return err
	}
	s, err := c.open(ctx, who)
	if err != nil {
		return explain(err)
	}
	defer s.close()
	defer s.endWith(ctx)()
	return publishOne(s, topic, m.Body, o.PubAckTimeout)
}

// publishOne sends the only message of a session and waits for its PUBACK.
func publishOne(s *session, topic string, body []byte, timeout time.Duration) error {
	const id = subscribeID + 1
	late := time.AfterFunc(timeout, func() { s.fail(errNoPubAck) })
	defer late.Stop()
	if err := s.publish(topic, body, 1, id); err != nil {
		return explain(fmt.Errorf("PUBLISH: %w", err))
	}
	for {
		p, err := s.read()
		if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
			err = fmt.Errorf("%w: %w", errNoPubAck, err)
		}
		if err != nil {
			return explain(err)
		}
		if ack, is := p.(*packets.PubackPacket); is && ack.MessageID == id {
			return nil
		}
	}
}
