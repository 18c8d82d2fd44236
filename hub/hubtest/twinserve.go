package hubtest

import (
	"encoding/json"
	"strconv"
	"time"
)

// Twin returns the twin of a device as the device reads it: JSON with
// "desired" and "reported".
func (h *Hub) Twin(device string) (json.RawMessage, error) {
	d, err := h.device(device)
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.twin.document()
}

// SetDesired merges patch, a JSON object, into the desired properties of a
// device, and returns their new version. A device that has subscribed gets
// the patch.
func (h *Hub) SetDesired(device string, patch []byte) (version int, err error) {
	d, err := h.device(device)
	if err != nil {
		return 0, err
	}
	changes, err := parseObject(patch)
	if err != nil {
		return 0, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.twin.desired.patch(changes, maxDesired, h.now()); err != nil {
		return 0, err
	}
	d.twin.version++
	h.notifyDesired(d, changes)
	return d.twin.desired.version, nil
}

// notifyDesired sends a change of the desired properties: the patch and the
// new version. Who is away reads the twin when it is back. The caller holds
// d.mu.
func (h *Hub) notifyDesired(d *device, changes properties) {
	if _, ok := d.subs[twinDesiredFilter]; !ok || d.session == nil {
		return
	}
	patch := properties{"$version": d.twin.desired.version}
	for k, v := range changes {
		patch[k] = v
	}
	body, err := json.Marshal(patch)
	if err != nil || !h.meter.take(h.now(), len(body)) { // it came from JSON
		return
	}
	p := publishPacketTo("$iothub/twin/PATCH/properties/desired/?$version="+strconv.Itoa(d.twin.desired.version), body)
	d.session.post(outgoing{p, Event{Kind: EventTwinDesired, Topic: p.TopicName, Body: body}})
}

// twinGet answers a read of the twin.
func (s *session) twinGet(rid string) error {
	if rid == "" {
		if s.hub.opts.Quirks.IgnoreMissingRID {
			return nil
		}
		return &stop{ReasonMissingRID, "twin read without $rid"}
	}
	s.device.mu.Lock()
	document, err := s.device.twin.document()
	s.device.mu.Unlock()
	if err != nil {
		return &stop{ReasonProtocolError, err.Error()}
	}
	if done, err := s.twinRefused(EventTwinGet, rid, s.hub.throttle.twinReads, len(document)); done {
		return err
	}
	return s.twinAnswer(EventTwinGet, 200, "?$rid="+rid, document)
}

// twinPatch answers an update of the reported properties. Without $rid it is
// done and not answered.
func (s *session) twinPatch(rid string, patch []byte) error {
	if done, err := s.twinRefused(EventTwinPatch, rid, s.hub.throttle.twinUpdates, len(patch)); done {
		return err
	}
	if !s.versioned {
		return s.twinError(EventTwinPatch, rid, 400, 400004, "the user name has no api-version")
	}
	version, err := s.device.report(patch, s.hub.now())
	if err != nil {
		return s.twinError(EventTwinPatch, rid, 400, 400004, err.Error())
	}
	return s.twinAnswer(EventTwinPatch, 204, "?$rid="+rid+"&$version="+strconv.Itoa(version), nil)
}

// twinRefused refuses a twin operation for a fault, the tier's throttle or
// its quota. It reports whether it did.
func (s *session) twinRefused(kind Kind, rid string, throttle *shaper, size int) (bool, error) {
	if f, ok := s.fault(FaultKind.atTwin); ok {
		switch f.Kind {
		case FaultNoAnswer:
			return true, s.emit(Event{Kind: EventFault, Reason: Reason(f.Kind)})
		case FaultThrottle:
			return true, s.twinError(kind, rid, 429, 429001, ErrThrottled.Error())
		default: // FaultError
			return true, s.twinError(kind, rid, f.Status, f.Status*1000+1, "a fault on order")
		}
	}
	wait, ok := throttle.delay()
	if !ok {
		return true, s.twinError(kind, rid, 429, 429001, ErrThrottled.Error())
	}
	if !s.hub.meter.take(s.hub.now(), size) {
		return true, s.twinError(kind, rid, 403, 403002, ErrQuota.Error())
	}
	if wait > 0 {
		if err := s.pause(wait); err != nil {
			return true, err
		}
	}
	return false, nil
}

func (s *session) twinError(kind Kind, rid string, status, code int, message string) error {
	return s.twinAnswer(kind, status, "?$rid="+rid, errorBody(code, message, s.hub.now()))
}

// errorBody is how hub and provisioning service say what is wrong, over MQTT.
func errorBody(code int, message string, now time.Time) []byte {
	body, _ := json.Marshal(map[string]any{ // strings and a number: cannot fail
		"errorCode": code, "trackingId": newUUID(), "message": message,
		"timestampUtc": now.UTC().Format(time.RFC3339Nano),
	})
	return body
}

// report merges a patch of the device.
func (d *device) report(patch []byte, now time.Time) (version int, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	err = d.twin.report(patch, now)
	return d.twin.reported.version, err
}

// twinAnswer records and sends an answer, if the device can tell what it
// answers and has subscribed to answers: QoS 0, as the hub does.
func (s *session) twinAnswer(kind Kind, status int, query string, body []byte) error {
	topic := "$iothub/twin/res/" + strconv.Itoa(status) + "/" + query
	if err := s.emit(Event{Kind: kind, Code: status, Topic: topic, Body: body}); err != nil {
		return err
	}
	if requestID(query[1:]) == "" || !s.device.subscribed(twinResponseFilter) {
		return nil
	}
	return s.publish(topic, body)
}
