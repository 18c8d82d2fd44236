package hubtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// The topics that a device publishes to, up to their query.
const (
	dpsRegisterTopic = "$dps/registrations/PUT/iotdps-register/"
	dpsStatusTopic   = "$dps/registrations/GET/iotdps-get-operationstatus/"
)

// operation is a registration that a device asks about.
type operation struct {
	registration string
	polls        int // answers "assigning" that are left
	result       registrationResult
}

// registrationResult is the final answer. Source: Microsoft's "Runtime
// Registration" of the provisioning device API.
type registrationResult struct {
	Operation string             `json:"operationId"`
	Status    string             `json:"status"`
	State     *registrationState `json:"registrationState,omitempty"`
}

// registrationState is where a device has been assigned to.
type registrationState struct {
	Registration string          `json:"registrationId"`
	Created      time.Time       `json:"createdDateTimeUtc"`
	Hub          string          `json:"assignedHub,omitempty"`
	Device       string          `json:"deviceId,omitempty"`
	Status       string          `json:"status"`
	Substatus    string          `json:"substatus,omitempty"`
	ErrorCode    int             `json:"errorCode,omitempty"`
	ErrorMessage string          `json:"errorMessage,omitempty"`
	Updated      time.Time       `json:"lastUpdatedDateTimeUtc"`
	ETag         string          `json:"etag"`
	Payload      json.RawMessage `json:"payload,omitempty"`
}

// dpsError is an answer that is an error.
type dpsError struct {
	status, code int
	message      string
}

func (e *dpsError) Error() string { return e.message }

// published serves a PUBLISH, which has its PUBACK.
func (s *dpsSession) published(p *packets.PublishPacket) error {
	topic, query, _ := strings.Cut(p.TopicName, "?")
	rid := requestID(query)
	var serve func(query string, body []byte) (int, any, error)
	switch {
	case rid == "":
		return &stop{ReasonMissingRID, p.TopicName}
	case topic == dpsRegisterTopic:
		serve = s.register
	case topic == dpsStatusTopic:
		serve = s.status
	default:
		return &stop{ReasonUnknownTopic, p.TopicName}
	}
	f, faulty := s.p.faults.take(s.registration, FaultKind.atProvision)
	if faulty {
		return s.fault(f, rid)
	}
	status, answer, err := serve(query, p.Payload)
	if err != nil {
		return s.fail(rid, err)
	}
	body, err := json.Marshal(answer)
	if err != nil {
		return s.fail(rid, err)
	}
	return s.answer(rid, status, body)
}

// fault lets f strike an operation.
func (s *dpsSession) fault(f Fault, rid string) error {
	_ = s.p.hub().emit(Event{Kind: EventFault, Device: s.registration, Reason: Reason(f.Kind)})
	switch f.Kind {
	case FaultError:
		return s.fail(rid, &dpsError{f.Status, f.Status*1000 + 1, "a fault on order"})
	case FaultThrottle:
		return s.fail(rid, &dpsError{429, 429001, "too many requests"})
	case FaultNoAnswer:
		return nil
	case FaultReset:
		s.line.reset()
	default: // FaultDrop: nothing but the close
	}
	return &stop{ReasonFault, string(f.Kind)}
}

// fail answers with an error.
func (s *dpsSession) fail(rid string, err error) error {
	var e *dpsError
	if !errors.As(err, &e) {
		e = &dpsError{500, 500001, err.Error()}
	}
	return s.answer(rid, e.status, errorBody(e.code, e.message, s.p.hub().now()))
}

// answer records and sends an answer, to who has subscribed to answers.
func (s *dpsSession) answer(rid string, status int, body []byte) error {
	query := "$rid=" + rid
	if status == 202 || status >= 429 {
		wait := "retry-after=" + strconv.Itoa(int(s.p.opts.RetryAfter/time.Second))
		if s.p.opts.RetryAfterFirst {
			query = wait + "&" + query
		} else {
			query += "&" + wait
		}
	}
	topic := "$dps/registrations/res/" + strconv.Itoa(status) + "/?" + query
	err := s.p.hub().emit(Event{Kind: EventDPSAnswer, Device: s.registration, Code: status, Topic: topic, Body: body})
	if err != nil {
		return &stop{ReasonNotRecorded, err.Error()}
	}
	if !s.subscribed {
		return nil
	}
	return s.publish(topic, body)
}

// register begins an operation.
func (s *dpsSession) register(_ string, body []byte) (int, any, error) {
	var request struct {
		Registration string          `json:"registrationId"`
		Payload      json.RawMessage `json:"payload"`
	}
	if err := json.Unmarshal(body, &request); err != nil || !strings.EqualFold(request.Registration, s.registration) {
		return 0, nil, &dpsError{400, 400004, "the body is not JSON with the registrationId of the connection"}
	}
	switch e := s.enrollment; {
	case e == nil:
		return 0, nil, &dpsError{401, 401002, "Invalid certificate."}
	case !s.p.current(e):
		return 0, nil, &dpsError{404, 404204, "Enrollment not found."}
	case e.Disabled:
		r := s.p.result("", "disabled", s.registration)
		return 200, r, nil
	}
	o := &operation{registration: s.registration, polls: s.p.opts.Polls}
	id := fmt.Sprintf("5.%016x.%s", rand.Uint64(), newUUID())
	o.result = s.assign(id, request.Payload)
	s.p.mu.Lock()
	s.p.operations[id] = o
	s.p.mu.Unlock()
	return 202, registrationResult{Operation: id, Status: "assigning"}, nil
}

// result is the final answer of a registration.
func (p *Provisioning) result(operation, status, registration string) registrationResult {
	now := p.hub().now().UTC()
	p.mu.Lock()
	defer p.mu.Unlock()
	created, ok := p.created[registration]
	if !ok {
		created = now
		p.created[registration] = now
	}
	return registrationResult{Operation: operation, Status: status, State: &registrationState{
		Registration: registration, Created: created, Status: status, Updated: now, ETag: newUUID(),
	}}
}

// assign chooses the hub and registers the device there.
func (s *dpsSession) assign(id string, payload json.RawMessage) registrationResult {
	e, name := s.enrollment, s.enrollment.Hub
	device := e.DeviceID
	if device == "" {
		device = s.registration
	}
	var answer json.RawMessage
	var err error
	if e.Allocate != nil {
		name, answer, err = e.Allocate(s.registration, payload)
	}
	h, unknown := s.p.findHub(name)
	if err == nil {
		err = unknown
	}
	if err == nil {
		err = h.adopt(device, s.auth, e.CA)
	}
	if err != nil {
		r := s.p.result(id, "failed", s.registration)
		r.State.ErrorCode, r.State.ErrorMessage = 400207, err.Error()
		return r
	}
	r := s.p.result(id, "assigned", s.registration)
	r.State.Hub, r.State.Device, r.State.Substatus, r.State.Payload = h.opts.Hostname, device, "initialAssignment", answer
	_ = h.emit(Event{Kind: EventDPSAssigned, Device: s.registration, Detail: h.opts.Hostname + "/" + device})
	return r
}

// adopt registers a device that a provisioning service sends.
func (h *Hub) adopt(id string, a auth, ca []byte) error {
	if a.kind == AuthCA {
		if err := h.TrustCA(ca); err != nil {
			return err
		}
	}
	return h.register(id, "", a)
}

// status answers what became of an operation.
func (s *dpsSession) status(query string, _ []byte) (int, any, error) {
	if !s.p.mayPoll(s.registration) {
		return 0, nil, &dpsError{429, 429001, "too many polls"}
	}
	s.p.mu.Lock()
	defer s.p.mu.Unlock()
	id := unescape(queryValue(query, "operationId"))
	o := s.p.operations[id]
	switch {
	case o == nil || !strings.EqualFold(o.registration, s.registration):
		return 0, nil, &dpsError{404, 404002, "Operation not found."}
	case o.polls > 0:
		o.polls--
		return 202, registrationResult{Operation: id, Status: "assigning"}, nil
	}
	return 200, o.result, nil
}
