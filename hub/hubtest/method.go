package hubtest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// Limits of direct methods. Source: Microsoft's "Understand and invoke direct
// methods from IoT Hub".
const (
	maxMethodPayload      = 131072
	minResponseTimeout    = 5 * time.Second
	maxMethodTimeout      = 300 * time.Second
	defaultMethodResponse = 30 * time.Second
)

var (
	// ErrNotOnline is returned for a device that is not connected, or has not
	// subscribed to methods, within the connect time-out.
	ErrNotOnline = errors.New("timed out waiting for device to connect (404103 DeviceNotOnline)")
	// ErrNoAnswer is returned when a device does not answer in time.
	ErrNoAnswer = errors.New("timed out waiting for the response from device (504101 GatewayTimeout)")
	// ErrMethod is returned for a call that the hub does not pass on.
	ErrMethod = errors.New("want a method name of printable ASCII, 5 s to 300 s for the response, at most 300 s to connect, and JSON of at most 128 KB")
)

// Method is a call of a direct method.
type Method struct {
	Name    string
	Payload json.RawMessage // JSON, or none
	// ResponseTimeout is 5 s to 300 s, default 30 s; ConnectTimeout 0 to
	// 300 s.
	ResponseTimeout, ConnectTimeout time.Duration
}

// MethodResult is a device's answer.
type MethodResult struct {
	Status  int
	Payload json.RawMessage // JSON, or none
}

// methodName is what the hub takes for one: printable ASCII without the
// separators of HTTP.
var methodName = regexp.MustCompile(`^[!#%&'*+\-.0-9A-Z^_` + "`" + `a-z|~]{1,100}$`)

// withDefaults checks m.
func (m Method) withDefaults() (Method, error) {
	if m.ResponseTimeout == 0 {
		m.ResponseTimeout = defaultMethodResponse
	}
	ok := methodName.MatchString(m.Name) && len(m.Payload) <= maxMethodPayload &&
		(len(m.Payload) == 0 || json.Valid(m.Payload)) &&
		m.ResponseTimeout >= minResponseTimeout && m.ResponseTimeout <= maxMethodTimeout &&
		m.ConnectTimeout >= 0 && m.ConnectTimeout <= maxMethodTimeout
	if !ok {
		return m, fmt.Errorf("method %.40q: %w", m.Name, ErrMethod)
	}
	return m, nil
}

// Invoke calls a method of a device, or of a "device/module", and waits for
// the answer. Errors: ErrUnknownDevice, ErrNotOnline, ErrNoAnswer, ErrMethod,
// ErrThrottled, ErrQuota, and ctx's own.
func (h *Hub) Invoke(ctx context.Context, name string, m Method) (MethodResult, error) {
	m, err := m.withDefaults()
	if err != nil {
		return MethodResult{}, err
	}
	d, err := h.device(name)
	if err != nil {
		return MethodResult{}, err
	}
	size := len(m.Payload)
	if !h.throttle.methods.allow(max(1, (size+4095)/4096) * 4096) {
		return MethodResult{}, fmt.Errorf("device %q: %w", name, ErrThrottled)
	}
	if !h.meter.take(h.now(), size) {
		return MethodResult{}, fmt.Errorf("device %q: %w", name, ErrQuota)
	}
	rid, answer, err := h.call(ctx, d, m)
	if err != nil {
		return MethodResult{}, fmt.Errorf("device %q: %w", name, err)
	}
	defer d.forget(rid)
	late := time.NewTimer(m.ResponseTimeout)
	defer late.Stop()
	select {
	case r := <-answer:
		return r, nil
	case <-late.C:
		return MethodResult{}, fmt.Errorf("device %q: %w", name, ErrNoAnswer)
	case <-ctx.Done():
		return MethodResult{}, ctx.Err()
	}
}

// call sends the request as soon as the device is there for it.
func (h *Hub) call(ctx context.Context, d *device, m Method) (string, <-chan MethodResult, error) {
	late := time.NewTimer(m.ConnectTimeout)
	defer late.Stop()
	for {
		rid, answer, ready := d.tryCall(m)
		if answer != nil {
			return rid, answer, nil
		}
		if m.ConnectTimeout == 0 {
			return "", nil, ErrNotOnline
		}
		select {
		case <-ready:
		case <-late.C:
			return "", nil, ErrNotOnline
		case <-ctx.Done():
			return "", nil, ctx.Err()
		}
	}
}

// tryCall sends the request if the device is connected and has subscribed to
// methods. If not, ready is closed when that may have changed.
func (d *device) tryCall(m Method) (rid string, answer chan MethodResult, ready <-chan struct{}) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, ok := d.subs[methodFilter]; !ok || d.session == nil {
		if d.ready == nil {
			d.ready = make(chan struct{})
		}
		return "", nil, d.ready
	}
	if d.calls == nil {
		d.calls = map[string]chan MethodResult{}
	}
	d.called++
	rid = strconv.FormatUint(d.called, 16)
	answer = make(chan MethodResult, 1)
	d.calls[rid] = answer
	p := publishPacketTo("$iothub/methods/POST/"+m.Name+"/?$rid="+rid, m.Payload)
	d.session.post(outgoing{p, Event{Kind: EventMethod, Topic: p.TopicName, Body: m.Payload}})
	return rid, answer, nil
}

// forget ends the wait for an answer.
func (d *device) forget(rid string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.calls, rid)
}

// methodAnswered passes an answer on to who waits for it. Nobody waits for
// late ones.
func (s *session) methodAnswered(rid string, p *packets.PublishPacket) error {
	status := methodStatus(p.TopicName)
	if err := s.emit(Event{Kind: EventMethodAnswer, Topic: p.TopicName, Code: status, Body: p.Payload}); err != nil {
		return err
	}
	payload := bytes.TrimSpace(p.Payload)
	if len(payload) > maxMethodPayload || len(payload) > 0 && !json.Valid(payload) {
		return nil // as good as no answer
	}
	s.device.mu.Lock()
	defer s.device.mu.Unlock()
	if answer, ok := s.device.calls[rid]; ok {
		delete(s.device.calls, rid)
		answer <- MethodResult{status, payload} // has room for one
	}
	return nil
}
