package hubtest

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// propertyPrefix begins the names of application properties.
const propertyPrefix = "iothub-app-"

// postC2D queues a message.
func (h *Hub) postC2D(r *http.Request) (reply, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return reply{}, err
	}
	m := C2D{Body: body, Properties: map[string]string{}}
	for name, values := range r.Header {
		if err := m.set(strings.ToLower(name), values[0]); err != nil {
			return reply{}, err
		}
	}
	for name, values := range r.URL.Query() {
		if err := m.set(name, values[0]); err != nil {
			return reply{}, err
		}
	}
	return reply{}, h.SendC2D(r.PathValue("id"), m)
}

// set takes one header or query parameter. Others than the API's are not
// about the message.
func (m *C2D) set(name, value string) error {
	switch name {
	case "iothub-messageid":
		m.ID = value
	case "iothub-correlationid":
		m.CorrelationID = value
	case "iothub-userid":
		m.UserID = value
	case "iothub-contenttype":
		m.ContentType = value
	case "iothub-contentencoding":
		m.ContentEncoding = value
	case "iothub-ack":
		switch m.Ack = value; value {
		case "none", "positive", "negative", "full":
		default:
			return fmt.Errorf("iothub-ack %q: want none, positive, negative or full", value)
		}
	case "iothub-expiry":
		var err error
		if m.Expires, err = time.Parse(time.RFC3339Nano, value); err != nil {
			return fmt.Errorf("iothub-expiry %q: want a time like 2026-01-02T03:04:05Z", value)
		}
	default:
		if property, ok := strings.CutPrefix(name, propertyPrefix); ok && property != "" {
			m.Properties[property] = value
		}
	}
	return nil
}

// deleteCommands drops what waits for a device.
func (h *Hub) deleteCommands(r *http.Request) (reply, error) {
	d, err := h.target(r)
	if err != nil {
		return reply{}, err
	}
	return reply{body: map[string]any{"deviceId": d.id, "moduleId": "", "totalMessagesPurged": h.purge(d)}}, nil
}

// getFeedback hands out what became of messages: 204 if nothing is new.
func (h *Hub) getFeedback(*http.Request) (reply, error) {
	h.expireAll()
	token, records := h.feedback.receive(h.now())
	if token == "" {
		return reply{}, nil
	}
	return reply{body: records, etag: token}, nil
}

func (h *Hub) completeFeedback(r *http.Request) (reply, error) { return h.settleFeedback(r, true) }
func (h *Hub) abandonFeedback(r *http.Request) (reply, error)  { return h.settleFeedback(r, false) }

func (h *Hub) settleFeedback(r *http.Request, complete bool) (reply, error) {
	if !h.feedback.settle(r.PathValue("lock"), complete) {
		return reply{}, &apiError{412, "DeviceMessageLockLost", 412002, "the lock is not there, or no longer"}
	}
	return reply{}, nil
}
