package hubtest

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"time"
)

// twinBody shows the twin of d to the service. Source: Microsoft's "Understand
// and use device twins in IoT Hub".
func (d *device) twinBody() (properties, string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	etag := tag(d.twin.version)
	body := properties{
		"deviceId": d.id, "etag": etag, "deviceEtag": tag(d.etag), "version": d.twin.version,
		"status": d.status(), "statusUpdateTime": d.changed.UTC(), "connectionState": d.connection(),
		"lastActivityTime": d.seen.UTC(), "cloudToDeviceMessageCount": len(d.queue),
		"authenticationType": d.auth.kind, "x509Thumbprint": newAuthBody(d.auth).Thumbprints,
		"tags":         d.twin.tags,
		"properties":   properties{"desired": d.twin.desired.forService(), "reported": d.twin.reported.forService()},
		"capabilities": properties{"iotEdge": false},
	}
	if d.module != "" {
		body["moduleId"] = d.module
	}
	if d.modelID != "" {
		body["modelId"] = d.modelID
	}
	return body, etag
}

func (h *Hub) getTwin(r *http.Request) (reply, error) {
	if !h.throttle.twinReads.allow(1) {
		return reply{}, ErrThrottled
	}
	d, err := h.target(r)
	if err != nil {
		return reply{}, err
	}
	body, etag := d.twinBody()
	return reply{body: body, etag: etag}, nil
}

func (h *Hub) patchTwin(r *http.Request) (reply, error) { return h.changeTwin(r, false) }
func (h *Hub) putTwin(r *http.Request) (reply, error)   { return h.changeTwin(r, true) }

// changeTwin merges what the request says into tags and desired properties,
// or puts it in their place.
func (h *Hub) changeTwin(r *http.Request, replace bool) (reply, error) {
	if !h.throttle.twinUpdates.allow(1) {
		return reply{}, ErrThrottled
	}
	d, err := h.target(r)
	if err != nil {
		return reply{}, err
	}
	text, err := io.ReadAll(r.Body)
	if err != nil {
		return reply{}, err
	}
	body, err := parseObject(text)
	if err != nil {
		return reply{}, err
	}
	if _, etag := d.twinBody(); checkMatch(r, etag) != nil {
		return reply{}, checkMatch(r, etag)
	}
	if !h.meter.take(h.now(), len(text)) {
		return reply{}, ErrQuota
	}
	if err := h.applyTwin(d, newTwinChange(body), replace); err != nil {
		return reply{}, err
	}
	answer, etag := d.twinBody()
	return reply{body: answer, etag: etag}, nil
}

// twinChange is what a service wants of a twin.
type twinChange struct {
	tags, desired       properties // without what the hub itself writes
	hasTags, hasDesired bool
}

func newTwinChange(body properties) twinChange {
	var c twinChange
	var tags, desired any
	tags, c.hasTags = body["tags"]
	inner, _ := body["properties"].(properties)
	desired, c.hasDesired = inner["desired"]
	c.tags, c.desired = written(tags), written(desired)
	return c
}

// written is an object without the members that only the hub writes.
func written(v any) properties {
	object, _ := v.(properties)
	object = maps.Clone(object)
	delete(object, "$metadata")
	delete(object, "$version")
	if object == nil {
		object = properties{}
	}
	return object
}

// applyTwin changes both parts or none.
func (h *Hub) applyTwin(d *device, c twinChange, replace bool) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	t, now := d.twin, h.now()
	tags := c.tags
	if !replace {
		tags = mergePatch(t.tags, c.tags)
	}
	if err := checkProperties(tags, maxTags); err != nil {
		return err
	}
	if c.hasDesired || replace {
		change, err := t.desired.change(c.desired, replace, now)
		if err != nil {
			return err
		}
		h.notifyDesired(d, change)
	}
	if c.hasTags || replace {
		t.tags = tags
	}
	t.version++
	return nil
}

// change is patch or replace of desired properties; it returns what changed.
func (h *half) change(values properties, replace bool, now time.Time) (properties, error) {
	if replace {
		return h.replace(values, maxDesired, now)
	}
	return values, h.patch(values, maxDesired, now)
}

// methodBody is the call of a method, in the API's JSON.
type methodBody struct {
	Name     string          `json:"methodName"`
	Payload  json.RawMessage `json:"payload"`
	Response *int            `json:"responseTimeoutInSeconds"`
	Connect  int             `json:"connectTimeoutInSeconds"`
}

func (h *Hub) postMethod(r *http.Request) (reply, error) {
	d, err := h.target(r)
	if err != nil {
		return reply{}, err
	}
	var b methodBody
	if err := readJSON(r, &b); err != nil {
		return reply{}, err
	}
	m := Method{Name: b.Name, Payload: b.Payload, ConnectTimeout: time.Duration(b.Connect) * time.Second}
	if b.Response != nil {
		if m.ResponseTimeout = time.Duration(*b.Response) * time.Second; m.ResponseTimeout == 0 {
			return reply{}, ErrMethod
		}
	}
	result, err := h.Invoke(r.Context(), d.name, m)
	if err != nil {
		return reply{}, err
	}
	payload := result.Payload
	if len(payload) == 0 {
		payload = json.RawMessage("null")
	}
	return reply{body: map[string]any{"status": result.Status, "payload": payload}}, nil
}
