package hubtest

import (
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"strconv"
	"time"
)

// deviceBody is an identity in the registry's JSON. Source: Microsoft's
// "Devices" of the service REST API.
type deviceBody struct {
	DeviceID       string    `json:"deviceId"`
	ModuleID       string    `json:"moduleId,omitempty"`
	Generation     string    `json:"generationId"`
	ETag           string    `json:"etag"`
	Connection     string    `json:"connectionState"`
	Status         string    `json:"status,omitempty"`
	StatusReason   string    `json:"statusReason,omitempty"`
	StatusUpdated  time.Time `json:"statusUpdatedTime"`
	Updated        time.Time `json:"connectionStateUpdatedTime"`
	LastActivity   time.Time `json:"lastActivityTime"`
	Waiting        int       `json:"cloudToDeviceMessageCount"`
	Authentication *authBody `json:"authentication,omitempty"`
}

// authBody is how an identity proves itself, in the registry's JSON.
type authBody struct {
	Type AuthKind `json:"type,omitempty"`
	Keys struct {
		Primary   string `json:"primaryKey,omitempty"`
		Secondary string `json:"secondaryKey,omitempty"`
	} `json:"symmetricKey"`
	Thumbprints struct {
		Primary   string `json:"primaryThumbprint,omitempty"`
		Secondary string `json:"secondaryThumbprint,omitempty"`
	} `json:"x509Thumbprint"`
}

// auth reads the authentication of a PUT: keys are made if none are given.
func (b *authBody) auth() (auth, error) {
	switch {
	case b != nil && b.Type == AuthCA:
		return auth{kind: AuthCA}, nil
	case b != nil && (b.Type == AuthSelfSigned || b.Type == "" && b.Thumbprints.Primary+b.Thumbprints.Secondary != ""):
		return thumbprintAuth([]string{b.Thumbprints.Primary, b.Thumbprints.Secondary})
	case b != nil && b.Type != "" && b.Type != AuthSAS:
		return auth{}, &apiError{400, "ArgumentInvalid", 400004, "authentication type " + strconv.Quote(string(b.Type)) + ": want sas, selfSigned or certificateAuthority"}
	case b == nil || b.Keys.Primary == "" && b.Keys.Secondary == "":
		return keyAuth([]string{newKey(), newKey()})
	case b.Keys.Primary == "" || b.Keys.Secondary == "":
		return auth{}, &apiError{400, "ArgumentInvalid", 400004, "want both keys, or none"}
	}
	return keyAuth([]string{b.Keys.Primary, b.Keys.Secondary})
}

// newKey is a random key in base64.
func newKey() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails
	return base64.StdEncoding.EncodeToString(b[:])
}

// newAuthBody shows a to the service.
func newAuthBody(a auth) *authBody {
	b := &authBody{Type: a.kind}
	for i, key := range a.keys {
		text := base64.StdEncoding.EncodeToString(key)
		if i == 0 {
			b.Keys.Primary = text
		}
		b.Keys.Secondary = text // the registry always has two
	}
	for i, t := range a.thumbprints {
		if i == 0 {
			b.Thumbprints.Primary = t
		} else {
			b.Thumbprints.Secondary = t
		}
	}
	return b
}

// body shows d to the service.
func (d *device) body() deviceBody {
	d.mu.Lock()
	defer d.mu.Unlock()
	b := deviceBody{
		DeviceID: d.id, ModuleID: d.module, Generation: d.generation, ETag: tag(d.etag),
		Connection: d.connection(), StatusReason: d.reason, StatusUpdated: d.changed.UTC(),
		Updated: d.seen.UTC(), LastActivity: d.seen.UTC(), Waiting: len(d.queue), Authentication: newAuthBody(d.auth),
	}
	if d.module == "" {
		b.Status = d.status()
	}
	return b
}

// connection is the connection state, as the registry calls it. The caller
// holds d.mu.
func (d *device) connection() string {
	if d.session != nil {
		return "Connected"
	}
	return "Disconnected"
}

// status is whether d may connect, as the registry calls it. The caller holds
// d.mu.
func (d *device) status() string {
	if d.disabled {
		return "disabled"
	}
	return "enabled"
}

// tag is an entity tag.
func tag(n int) string { return base64.StdEncoding.EncodeToString([]byte(strconv.Itoa(n))) }

func (h *Hub) registryOperation() error {
	if !h.throttle.registry.allow(1) {
		return ErrThrottled
	}
	return nil
}

func (h *Hub) getDevice(r *http.Request) (reply, error) {
	if err := h.registryOperation(); err != nil {
		return reply{}, err
	}
	d, err := h.target(r)
	if err != nil {
		return reply{}, err
	}
	b := d.body()
	return reply{body: b, etag: b.ETag}, nil
}

// putDevice makes an identity, or changes it if there is an If-Match.
func (h *Hub) putDevice(r *http.Request) (reply, error) {
	if err := h.registryOperation(); err != nil {
		return reply{}, err
	}
	var b deviceBody
	if err := readJSON(r, &b); err != nil {
		return reply{}, err
	}
	id, module := r.PathValue("id"), r.PathValue("module")
	if b.DeviceID != "" && b.DeviceID != id || b.ModuleID != "" && b.ModuleID != module {
		return reply{}, &apiError{400, "ArgumentInvalid", 400004, "the body is about another identity than the path"}
	}
	d, err := h.target(r)
	update := r.Header.Get("If-Match") != ""
	switch {
	case err == nil && !update:
		return reply{}, &apiError{409, "DeviceAlreadyExists", 409001, "the device is registered already: want an If-Match to change it"}
	case err != nil && update:
		return reply{}, err
	case err == nil:
		err = checkMatch(r, d.body().ETag)
	case module != "":
		_, err = h.device(id)
	default:
		err = nil
	}
	if err != nil {
		return reply{}, err
	}
	return h.store(d, id, module, b)
}

// store registers what b says; d is what there was, or nil.
func (h *Hub) store(d *device, id, module string, b deviceBody) (reply, error) {
	var a auth
	var err error
	if d != nil && b.Authentication == nil {
		a, _ = d.credentials()
	} else if a, err = b.Authentication.auth(); err != nil {
		return reply{}, err
	}
	if err := h.register(id, module, a); err != nil {
		return reply{}, err
	}
	d, err = h.device(login{device: id, module: module}.clientID())
	if err != nil {
		return reply{}, err
	}
	if b.Status == "disabled" {
		d.disable(b.StatusReason)
		d.kill(ReasonDisabledDevice)
	}
	d.mu.Lock()
	d.changed = h.now()
	d.mu.Unlock()
	b = d.body()
	return reply{body: b, etag: b.ETag}, nil
}

func (h *Hub) deleteDevice(r *http.Request) (reply, error) {
	if err := h.registryOperation(); err != nil {
		return reply{}, err
	}
	d, err := h.target(r)
	if err != nil {
		return reply{}, err
	}
	if err := checkMatch(r, d.body().ETag); err != nil {
		return reply{}, err
	}
	return reply{}, h.RemoveDevice(d.name)
}

// maxList is how many devices a list has at most.
const maxList = 1000

func (h *Hub) listDevices(r *http.Request) (reply, error) {
	if err := h.registryOperation(); err != nil {
		return reply{}, err
	}
	top := maxList
	if text := r.URL.Query().Get("top"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > maxList {
			return reply{}, &apiError{400, "ArgumentInvalid", 400004, "top: want 1 to 1000"}
		}
		top = n
	}
	list := []deviceBody{}
	for _, d := range h.all() {
		if d.module == "" && len(list) < top {
			list = append(list, d.body())
		}
	}
	return reply{body: list}, nil
}

func (h *Hub) listModules(r *http.Request) (reply, error) {
	if err := h.registryOperation(); err != nil {
		return reply{}, err
	}
	d, err := h.target(r)
	if err != nil {
		return reply{}, err
	}
	list := []deviceBody{}
	for _, m := range h.modules(d) {
		list = append(list, m.body())
	}
	return reply{body: list}, nil
}
