package bridge

import (
	"bytes"
	"context"
	"encoding/json"
	"time"

	"go.uber.org/zap"

	"gatewayd/radio"
)

// kitOrderKey is what a decoder of the starter kit calls the downlink that it
// orders. It is no part of the message.
const kitOrderKey = "cloudToDeviceMessage"

// takeOrder takes the downlink that a decoder orders out of v, with the other
// keys as they were; nil if it orders none.
func (v *valuesBody) takeOrder() (order json.RawMessage) {
	if v == nil || !bytes.Contains(v.Data, []byte(kitOrderKey)) {
		return nil
	}
	dec := json.NewDecoder(bytes.NewReader(v.Data))
	if begin, err := dec.Token(); err != nil || begin != json.Delim('{') {
		return nil
	}
	rest := []byte{'{'}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return nil
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return nil
		}
		if key == kitOrderKey {
			order = value
			continue
		}
		name, err := json.Marshal(key)
		if err != nil {
			return nil
		}
		if len(rest) > 1 {
			rest = append(rest, ',')
		}
		rest = append(append(append(rest, name...), ':'), value...)
	}
	if order == nil {
		return nil
	}
	rest = append(rest, '}')
	v.Data = rest
	if string(order) == "null" {
		return nil
	}
	return order
}

// orderTimeout is how long an order may take to be queued.
const orderTimeout = 30 * time.Second

// takeUp queues what a decoder ordered with the message id, without waiting: a
// message must not. The same message, rendered again, orders the same downlink.
func (b *Bridge) takeUp(node Node, id string, raw json.RawMessage) {
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), orderTimeout)
		defer cancel()
		if err := b.obey(ctx, node, id, raw); err != nil {
			b.log.Warn("the downlink that a decoder ordered is not queued", zap.String("node", node.Name), zap.Error(err))
		}
	}()
}

func (b *Bridge) obey(ctx context.Context, node Node, id string, raw json.RawMessage) error {
	d, err := parseKit(raw)
	if err != nil {
		return &RejectError{RejectMalformed, err.Error()}
	}
	d.ID, d.Once = or(d.ID, "decoder-"+id), true
	device := node.DeviceID
	var r kitRequest
	if err := json.Unmarshal(raw, &r); err == nil && r.DevEUI != "" {
		if eui, err := radio.ParseEUI64(r.DevEUI); err != nil || eui != node.DevEUI {
			if device, err = b.kitDevice(ctx, "", raw); err != nil {
				return err
			}
		}
	}
	return b.Enqueue(ctx, device, d)
}
