package hubtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// maxFaultOrder bounds the body of POST /faults, in bytes.
const maxFaultOrder = 4096

// Admin is an HTTP interface to the hub, for tests in other languages. It has
// no authentication: serve it on the loopback address.
//
//	POST   /devices/{id}/messages/devicebound?name=value  send C2D: the body is the payload, each
//	                                                      query parameter a property; $.mid, $.cid,
//	                                                      $.uid, $.ct, $.ce and iothub-ack are the
//	                                                      system properties. 204
//	DELETE /devices/{id}/connection                       close the device's connection. 204
//	GET    /twins/{id}                                    the twin, as the device reads it
//	GET    /messages                                      what devices have sent: a JSON array of
//	                                                      d2c record lines
//	GET    /events                                        all that has happened, likewise
//	POST   /faults                                        order a fault: {"device": "lora1",
//	                                                      "fault": "refuse", "code": 5, "delay": "2s",
//	                                                      "count": 1, "store": true}. 204
//	DELETE /faults?device=lora1                           forget its faults; without device all. 204
//
// Errors are text with status 400, 403 (queue full), 404 or 413.
func (h *Hub) Admin() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /devices/{id}/messages/devicebound", h.adminC2D)
	mux.HandleFunc("DELETE /devices/{id}/connection", func(w http.ResponseWriter, r *http.Request) {
		answer(w, h.Disconnect(r.PathValue("id")))
	})
	mux.HandleFunc("GET /twins/{id}", func(w http.ResponseWriter, r *http.Request) {
		document, err := h.Twin(r.PathValue("id"))
		if err != nil {
			answer(w, err)
			return
		}
		answerJSON(w, document)
	})
	mux.HandleFunc("GET /messages", func(w http.ResponseWriter, _ *http.Request) {
		answerJSON(w, h.events(func(e Event) bool { return e.Kind == EventD2C }))
	})
	mux.HandleFunc("GET /events", func(w http.ResponseWriter, _ *http.Request) {
		answerJSON(w, h.events(func(Event) bool { return true }))
	})
	mux.HandleFunc("POST /faults", h.adminFault)
	mux.HandleFunc("DELETE /faults", func(w http.ResponseWriter, r *http.Request) {
		h.ClearFaults(r.URL.Query().Get("device"))
		answer(w, nil)
	})
	return mux
}

// events returns the kept events that match, never nil.
func (h *Hub) events(match func(Event) bool) []Event {
	found := []Event{}
	for _, e := range h.History() {
		if match(e) {
			found = append(found, e)
		}
	}
	return found
}

func (h *Hub) adminC2D(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxC2DSize))
	if err != nil {
		answer(w, fmt.Errorf("%w: %w", ErrC2DTooLarge, err))
		return
	}
	m := C2D{Body: body, Properties: map[string]string{}}
	system := map[string]*string{
		"$.mid": &m.ID, "$.cid": &m.CorrelationID, "$.uid": &m.UserID,
		"$.ct": &m.ContentType, "$.ce": &m.ContentEncoding, "iothub-ack": &m.Ack,
	}
	for name, values := range r.URL.Query() {
		if field, ok := system[name]; ok {
			*field = values[0]
		} else {
			m.Properties[name] = values[0]
		}
	}
	answer(w, h.SendC2D(r.PathValue("id"), m))
}

// faultOrder is the body of POST /faults.
type faultOrder struct {
	Device string    `json:"device"`
	Fault  FaultKind `json:"fault"`
	Count  int       `json:"count"`
	Code   byte      `json:"code"`
	Delay  string    `json:"delay"`
	Store  bool      `json:"store"`
}

func (h *Hub) adminFault(w http.ResponseWriter, r *http.Request) {
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxFaultOrder))
	d.DisallowUnknownFields()
	var o faultOrder
	if err := d.Decode(&o); err != nil {
		answer(w, fmt.Errorf("fault order: %w", err))
		return
	}
	f := Fault{Kind: o.Fault, Count: o.Count, Code: o.Code, Store: o.Store}
	if o.Delay != "" {
		var err error
		if f.Delay, err = time.ParseDuration(o.Delay); err != nil {
			answer(w, fmt.Errorf("fault order: delay: %w", err))
			return
		}
	}
	answer(w, h.Inject(o.Device, f))
}

// answer answers with 204, or with err and its status.
func answer(w http.ResponseWriter, err error) {
	switch {
	case err == nil:
		w.WriteHeader(http.StatusNoContent)
	case errors.Is(err, ErrUnknownDevice):
		http.Error(w, err.Error(), http.StatusNotFound)
	case errors.Is(err, ErrQueueFull):
		http.Error(w, err.Error(), http.StatusForbidden)
	case errors.Is(err, ErrC2DTooLarge):
		http.Error(w, err.Error(), http.StatusRequestEntityTooLarge)
	default:
		http.Error(w, err.Error(), http.StatusBadRequest)
	}
}

func answerJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v) // the client went away
}
