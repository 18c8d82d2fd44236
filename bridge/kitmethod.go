package bridge

import (
	"context"
	"encoding/json"
	"strings"

	"gatewayd/hub"
	"gatewayd/radio"
)

// Direct methods of the starter kit's network server, in lower case.
const (
	kitMessage = "cloudtodevicemessage"
	kitClear   = "clearcache"
	kitClose   = "closeconnection"
)

// KitMethod answers a direct method of the starter kit's network server, where
// the configuration speaks the kit's language; ok is false for other methods.
// device is the identity it was called on, "" the gateway's own: then devEUI in
// the payload says which node is meant.
func (b *Bridge) KitMethod(ctx context.Context, device string, call hub.MethodCall) (result hub.MethodResult, ok bool) {
	if !b.kit.Load() {
		return hub.MethodResult{}, false
	}
	switch strings.ToLower(call.Name) {
	case kitClear: // it has no cache that could be stale
		return hub.MethodResult{Status: statusOK, Payload: []byte("null")}, true
	case kitMessage, kitClose:
	default:
		return hub.MethodResult{}, false
	}
	device, err := b.kitDevice(ctx, device, call.Payload)
	if err != nil {
		return failed(err), true
	}
	if strings.EqualFold(call.Name, kitClose) {
		if b.operator == nil || !b.operator.Reconnect(device) {
			return failure(statusNotFound, string(RejectUnknown), "the device has no connection"), true
		}
		return hub.MethodResult{Status: statusOK, Payload: []byte("null")}, true
	}
	id, err := b.EnqueueJSON(ctx, device, call.Payload)
	if err != nil {
		return failed(err), true
	}
	payload, _ := json.Marshal(map[string]string{"messageId": id}) // texts always can be
	return hub.MethodResult{Status: statusOK, Payload: payload}, true
}

// kitDevice is the device that a call means.
func (b *Bridge) kitDevice(ctx context.Context, device string, payload []byte) (string, error) {
	if device != "" {
		return device, nil
	}
	var r kitRequest
	if err := json.Unmarshal(payload, &r); err != nil {
		return "", &RejectError{RejectMalformed, "want a JSON object with devEUI"}
	}
	eui, err := radio.ParseEUI64(r.DevEUI)
	if err != nil {
		return "", &RejectError{RejectMalformed, "devEUI: " + err.Error()}
	}
	return ask(ctx, b, func(*batch) (string, error) {
		for _, n := range b.table.byID {
			if n.node.DevEUI == eui {
				return n.node.DeviceID, nil
			}
		}
		return "", &RejectError{RejectUnknown, "no node has the DevEUI " + eui.String()}
	})
}
