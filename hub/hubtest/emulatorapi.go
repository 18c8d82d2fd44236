package hubtest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// Control is what the real hub has not: a test's view of the emulator, and
// faults. It asks for no token: serve it where only tests can reach it.
//
//	GET    /emulator/messages                  what devices have sent: a JSON array of d2c record lines
//	GET    /emulator/events                    all that has happened, likewise
//	GET    /emulator/status                    connections, and the day's messages
//	POST   /emulator/faults                    order a fault: {"device": "lora1", "fault": "refuse",
//	                                           "code": 5, "status": 429, "delay": "2s", "rate": 1000,
//	                                           "count": 1, "store": true}. 204
//	DELETE /emulator/faults?device=lora1       forget its faults; without device all. 204
//	POST   /emulator/clock                     move the hub's clock: {"jump": "-2h"}. 204
//	POST   /emulator/certificates              trust the devices of a CA: PEM. 204
//	DELETE /emulator/connections/{id}          close the connection of a device. 204
func (h *Hub) Control() http.Handler {
	mux := http.NewServeMux()
	for pattern, serve := range map[string]apiFunc{
		"GET /emulator/messages":            h.controlMessages,
		"GET /emulator/events":              h.controlEvents,
		"GET /emulator/status":              h.controlStatus,
		"POST /emulator/faults":             controlFault(h.Inject),
		"DELETE /emulator/faults":           h.controlNoFaults,
		"POST /emulator/clock":              h.controlClock,
		"POST /emulator/certificates":       h.controlCertificate,
		"DELETE /emulator/connections/{id}": h.controlDisconnect,
		"/":                                 func(*http.Request) (reply, error) { return reply{}, errNoPath },
	} {
		mux.Handle(pattern, h.open(serve))
	}
	return mux
}

func (h *Hub) controlMessages(*http.Request) (reply, error) {
	messages := []Event{}
	for _, e := range h.History() {
		if e.Kind == EventD2C {
			messages = append(messages, e)
		}
	}
	return reply{body: messages}, nil
}

func (h *Hub) controlEvents(*http.Request) (reply, error) {
	return reply{body: append([]Event{}, h.History()...)}, nil
}

func (h *Hub) controlStatus(*http.Request) (reply, error) {
	used, limit := h.meter.state()
	connections := 0
	h.server.each(func(*conn) { connections++ })
	return reply{body: map[string]any{
		"connections": connections, "messagesToday": used, "messagesPerDay": limit, "time": h.now().UTC(),
	}}, nil
}

// faultOrder is the body of POST /emulator/faults.
type faultOrder struct {
	Device string    `json:"device"`
	Fault  FaultKind `json:"fault"`
	Count  int       `json:"count"`
	Code   byte      `json:"code"`
	Status int       `json:"status"`
	Delay  duration  `json:"delay"`
	Rate   int       `json:"rate"`
	Store  bool      `json:"store"`
}

// duration is a time.Duration as text, e.g. "2s".
type duration time.Duration

// UnmarshalText reads what time.ParseDuration reads.
func (d *duration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	*d = duration(parsed)
	return err
}

func readStrictly(r *http.Request, v any) error {
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return fmt.Errorf("the order: %w", err)
	}
	return nil
}

// controlFault serves an order of a fault.
func controlFault(inject func(device string, f Fault) error) apiFunc {
	return func(r *http.Request) (reply, error) {
		var o faultOrder
		if err := readStrictly(r, &o); err != nil {
			return reply{}, err
		}
		return reply{}, inject(o.Device, Fault{
			Kind: o.Fault, Count: o.Count, Code: o.Code, Status: o.Status, Delay: time.Duration(o.Delay), Rate: o.Rate, Store: o.Store,
		})
	}
}

func (h *Hub) controlNoFaults(r *http.Request) (reply, error) {
	h.ClearFaults(r.URL.Query().Get("device"))
	return reply{}, nil
}

func (h *Hub) controlClock(r *http.Request) (reply, error) {
	var o struct {
		Jump duration `json:"jump"`
	}
	if err := readStrictly(r, &o); err != nil {
		return reply{}, err
	}
	h.JumpClock(time.Duration(o.Jump))
	return reply{}, nil
}

func (h *Hub) controlCertificate(r *http.Request) (reply, error) {
	pem, err := io.ReadAll(r.Body)
	if err != nil {
		return reply{}, err
	}
	return reply{}, h.TrustCA(pem)
}

func (h *Hub) controlDisconnect(r *http.Request) (reply, error) {
	return reply{}, h.Disconnect(r.PathValue("id"))
}
