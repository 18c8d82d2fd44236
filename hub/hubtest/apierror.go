package hubtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// apiError is an error of the service API.
type apiError struct {
	status  int
	code    string // as in the header iothub-errorcode
	number  int
	message string
}

func (e *apiError) Error() string { return e.code + ": " + e.message }

// errNoPath is returned for paths that the API does not have here.
var errNoPath = &apiError{404, "ResourceNotFound", 404000, "no such resource in this emulator"}

// asAPIError finds the code and the status of err.
func asAPIError(err error) *apiError {
	var a *apiError
	var tooLong *http.MaxBytesError
	if errors.As(err, &a) {
		return a
	}
	for _, known := range []struct {
		err    error
		status int
		code   string
		number int
	}{
		{ErrUnknownDevice, 404, "DeviceNotFound", 404001},
		{ErrQueueFull, 403, "DeviceMaximumQueueDepthExceeded", 403004},
		{ErrC2DTooLarge, 413, "MessageTooLarge", 413001},
		{ErrThrottled, 429, "ThrottlingException", 429001},
		{ErrQuota, 403, "IotHubQuotaExceeded", 403002},
		{ErrNotOnline, 404, "DeviceNotOnline", 404103},
		{ErrNoAnswer, 504, "GatewayTimeout", 504101},
		{errTwinSize, 413, "MessageTooLarge", 413001},
	} {
		if errors.Is(err, known.err) {
			return &apiError{known.status, known.code, known.number, err.Error()}
		}
	}
	if errors.As(err, &tooLong) {
		return &apiError{413, "MessageTooLarge", 413001, err.Error()}
	}
	return &apiError{400, "ArgumentInvalid", 400004, err.Error()}
}

// writeError writes err the way the real hub does.
func (h *Hub) writeError(w http.ResponseWriter, err error) {
	a := asAPIError(err)
	now := h.now().UTC().Format(time.RFC3339)
	tracking := newUUID()
	body := map[string]string{
		"Message":          fmt.Sprintf("ErrorCode:%s;%s", a.code, a.message),
		"ExceptionMessage": fmt.Sprintf("Tracking ID:%s-TimeStamp:%s", tracking, now),
	}
	if a.number == 404103 || a.number == 504101 { // methods have a form of their own
		inner, _ := json.Marshal(map[string]any{ // strings and a number: cannot fail
			"errorCode": a.number, "trackingId": tracking, "message": a.message, "timestampUtc": now,
		})
		body["Message"], body["ExceptionMessage"] = string(inner), ""
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("iothub-errorcode", a.code)
	w.WriteHeader(a.status)
	_ = json.NewEncoder(w).Encode(body) // the client went away
}
