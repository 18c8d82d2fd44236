package bridge

import (
	"context"
	"errors"

	"go.uber.org/zap"

	"gatewayd/hub"
)

// endpoint is where what the hub sends to one device arrives.
type endpoint struct {
	bridge *Bridge
	device string
}

var _ hub.Handler = endpoint{}

// Handler takes what the hub sends to node's device.
func (b *Bridge) Handler(node Node) hub.Handler { return endpoint{b, node.DeviceID} }

// CloudMessage queues a downlink. nil means that it need not be offered
// again: it is durable, or was rejected, which the sender has been told.
func (e endpoint) CloudMessage(ctx context.Context, m hub.CloudMessage) error {
	d, malformed := e.bridge.shown(e.device).downlinkOf(ctx, m)
	var err error
	if malformed != nil {
		err = e.reject(ctx, m, malformed)
	} else {
		err = e.bridge.Enqueue(ctx, e.device, d)
	}
	rejected, ok := errors.AsType[*RejectError](err)
	if !ok || rejected.Reason == RejectStore {
		return err // offered again, it may find room
	}
	e.bridge.log.Warn("downlink rejected", zap.String("device", e.device), zap.String("id", m.ID), zap.Error(err))
	return nil
}

// reject tells the sender that m is no downlink.
func (e endpoint) reject(ctx context.Context, m hub.CloudMessage, why error) error {
	return e.bridge.do(ctx, func(bt *batch) error {
		n, err := e.bridge.node(e.device)
		if err != nil {
			return err
		}
		i := item{ID: m.ID, CorrelationID: m.CorrelationID}
		e.bridge.event(bt, n, i, stateRejected, string(RejectMalformed)+": "+why.Error())
		return &RejectError{RejectMalformed, why.Error()}
	})
}

// Twin takes over desired properties.
func (e endpoint) Twin(ctx context.Context, d hub.Desired) {
	if err := e.bridge.desire(ctx, e.device, d); err != nil && ctx.Err() == nil {
		e.bridge.log.Warn("desired properties not taken over", zap.String("device", e.device), zap.Error(err))
	}
}

// Method answers a direct method.
func (e endpoint) Method(ctx context.Context, call hub.MethodCall) hub.MethodResult {
	switch call.Name {
	case "downlink":
		return e.downlink(ctx, call.Payload)
	case "flush-queue":
		dropped, err := e.bridge.FlushQueue(ctx, e.device)
		return result(map[string]int{"dropped": dropped}, err)
	case "queue":
		queue, err := e.bridge.Queue(ctx, e.device)
		return result(map[string]any{"queue": queue}, err)
	case "session":
		info, err := e.bridge.Session(ctx, e.device)
		return result(info, err)
	case "reset-nonces":
		return result(struct{}{}, e.bridge.ResetNonces(ctx, e.device))
	case "force-rejoin":
		return result(struct{}{}, e.bridge.ForceRejoin(ctx, e.device))
	case "reconnect":
		again := e.bridge.operator != nil && e.bridge.operator.Reconnect(e.device)
		return result(map[string]bool{"reconnecting": again}, nil)
	case "ping":
		return result(map[string]string{"pong": e.bridge.clock.Now().UTC().Format(timeFormat)}, nil)
	}
	if answer, ok := e.bridge.KitMethod(ctx, e.device, call); ok {
		return answer
	}
	return failure(statusNotFound, "unknown_method", "there is no method "+call.Name+": want downlink, flush-queue, queue, session, "+
		"reset-nonces, force-rejoin, reconnect or ping")
}

// downlink is Enqueue by a method call.
func (e endpoint) downlink(ctx context.Context, payload []byte) hub.MethodResult {
	id, err := e.bridge.EnqueueJSON(ctx, e.device, payload)
	return result(map[string]string{"id": id}, err)
}
