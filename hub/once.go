package hub

import (
	"context"
	"fmt"
	"time"
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
	token, _, err := credential.Token(Resource(o.Host, deviceID), o.Clock.Now(), o.TokenTTL)
	if err != nil {
		return err
	}
	s, err := openSession(ctx, o, login{deviceID, token}, func(string) {})
	if err != nil {
		return explain(err)
	}
	defer context.AfterFunc(ctx, s.link.abort)()
	defer s.close()
	id, err := s.publish(topic, m.Body)
	if err != nil {
		return explain(err)
	}
	if err := awaitPubAck(ctx, s.link, id, o.PubAckTimeout); err != nil {
		return explain(err)
	}
	return nil
}

// awaitPubAck waits for the acknowledgement of the only message sent.
func awaitPubAck(ctx context.Context, l *link, id uint16, timeout time.Duration) error {
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	for {
		select {
		case got := <-l.acks:
			if got == id {
				return nil
			}
		case <-l.down:
			select {
			case got := <-l.acks:
				if got == id {
					return nil
				}
			default:
			}
			return l.reason()
		case <-timer.C:
			return errNoPubAck
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", errNoPubAck, ctx.Err())
		}
	}
}
