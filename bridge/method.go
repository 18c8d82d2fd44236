package bridge

import (
	"encoding/json"
	"errors"

	"gatewayd/hub"
)

// Statuses of method results, like those of HTTP.
const (
	statusOK          = 200
	statusBadRequest  = 400
	statusNotFound    = 404
	statusConflict    = 409
	statusUnavailable = 503
)

// result is a method's answer: v as JSON, or what went wrong.
func result(v any, err error) hub.MethodResult {
	if err != nil {
		return failed(err)
	}
	b, err := json.Marshal(v)
	if err != nil {
		return failed(err)
	}
	return hub.MethodResult{Status: statusOK, Payload: b}
}

func failed(err error) hub.MethodResult {
	rejected, ok := errors.AsType[*RejectError](err)
	if !ok {
		return failure(statusUnavailable, "unavailable", err.Error())
	}
	status := statusBadRequest
	switch rejected.Reason {
	case RejectUnknown:
		status = statusNotFound
	case RejectFull:
		status = statusConflict
	case RejectStore:
		status = statusUnavailable
	case RejectPort, RejectSize, RejectExpired, RejectKey, RejectConfirmed, RejectMalformed, RejectVersion, RejectDisabled:
	}
	return failure(status, string(rejected.Reason), rejected.Detail)
}

// failure is the form of every error: a stable word and a text for a human.
func failure(status int, reason, detail string) hub.MethodResult {
	b, err := json.Marshal(struct {
		Error struct {
			Reason string `json:"reason"`
			Detail string `json:"detail"`
		} `json:"error"`
	}{struct {
		Reason string `json:"reason"`
		Detail string `json:"detail"`
	}{reason, detail}})
	if err != nil {
		b = []byte("{}")
	}
	return hub.MethodResult{Status: status, Payload: b}
}
