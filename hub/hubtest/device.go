package hubtest

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"sync"
	"time"
)

var (
	// ErrUnknownDevice is returned for a device id that was not added.
	ErrUnknownDevice = errors.New("unknown device")
	// errIdentity is returned for ids that the registry does not take.
	errIdentity = errors.New("want 1 to 128 letters, digits or any of -.%_#*?!(),:=@$'+;")
)

// device is an identity, of a device or of a module: its credentials, its
// session, what waits for it.
type device struct {
	id, module string
	name       string // id, or id/module: also the client identifier
	generation string // identifies this incarnation of the id

	mu       sync.Mutex // guards what follows
	auth     auth
	disabled bool
	reason   string    // why it is disabled
	etag     int       // counts changes of what is above
	changed  time.Time // of disabled
	seen     time.Time // when it last connected or went
	session  *session  // the live one, or nil
	modelID  string    // as announced at the last CONNECT
	subs     map[string]byte
	queue    []*c2dEntry // oldest first; those sent come before those not
	packets  uint16      // counts packet ids
	twin     *twin
	called   uint64                       // counts method calls
	calls    map[string]chan MethodResult // that wait for an answer, by request id
	ready    chan struct{}                // closed and replaced when a subscription is added; nil: nobody waits
}

// identity is Microsoft's alphabet for the ids of devices and modules.
var identity = regexp.MustCompile(`^[A-Za-z0-9\-.%_#*?!(),:=@$'+;]{1,128}$`)

// AddDevice registers a device with its keys, primary first, in base64. A
// device that is there already gets these keys and is enabled again; its
// session, twin and waiting messages stay.
func (h *Hub) AddDevice(id string, keys ...string) error {
	a, err := keyAuth(keys)
	if err != nil {
		return fmt.Errorf("device %q: %w", id, err)
	}
	return h.register(id, "", a)
}

// AddModule registers a module of a device, like AddDevice.
func (h *Hub) AddModule(id, module string, keys ...string) error {
	a, err := keyAuth(keys)
	if err != nil {
		return fmt.Errorf("module %q of device %q: %w", module, id, err)
	}
	if _, err := h.device(id); err != nil {
		return err
	}
	return h.register(id, module, a)
}

// AddDeviceThumbprint registers a device with the thumbprints of its
// certificates: SHA-1 or SHA-256, in hexadecimal.
func (h *Hub) AddDeviceThumbprint(id string, thumbprints ...string) error {
	a, err := thumbprintAuth(thumbprints)
	if err != nil {
		return fmt.Errorf("device %q: %w", id, err)
	}
	return h.register(id, "", a)
}

// AddDeviceCA registers a device that comes with a certificate for its id,
// signed by an authority given to TrustCA.
func (h *Hub) AddDeviceCA(id string) error { return h.register(id, "", auth{kind: AuthCA}) }

// register makes or changes an identity and enables it.
func (h *Hub) register(id, module string, a auth) error {
	if !identity.MatchString(id) {
		return fmt.Errorf("device id %q: %w", id, errIdentity)
	}
	if module != "" && !identity.MatchString(module) {
		return fmt.Errorf("module id %q: %w", module, errIdentity)
	}
	d := h.create(id, module)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.auth, d.disabled, d.reason = a, false, ""
	d.etag++
	return nil
}

// create returns the identity, made if it was not there.
func (h *Hub) create(id, module string) *device {
	name := login{device: id, module: module}.clientID()
	h.mu.Lock()
	defer h.mu.Unlock()
	d := h.devices[name]
	if d == nil {
		d = &device{
			id: id, module: module, name: name, twin: newTwin(h.now()),
			generation: strconv.FormatInt(h.opts.Now().UnixNano(), 10),
		}
		h.devices[name] = d
	}
	return d
}

// RemoveDevice forgets a device, its modules and all that is kept for them,
// and closes their connections. "device/module" is a module alone.
func (h *Hub) RemoveDevice(name string) error {
	d, err := h.device(name)
	if err != nil {
		return err
	}
	gone := append([]*device{d}, h.modules(d)...)
	h.mu.Lock()
	for _, g := range gone {
		delete(h.devices, g.name)
	}
	h.mu.Unlock()
	for _, g := range gone {
		g.disable("")
		g.kill(ReasonUnknownDevice)
	}
	return nil
}

// DisableDevice refuses a device from now on and closes its connection.
// AddDevice enables it again.
func (h *Hub) DisableDevice(name string) error {
	d, err := h.device(name)
	if err != nil {
		return err
	}
	d.disable("")
	d.kill(ReasonDisabledDevice)
	return nil
}

// Disconnect closes the connection of a device, if there is one, as the hub
// does for reasons of its own.
func (h *Hub) Disconnect(name string) error {
	d, err := h.device(name)
	if err != nil {
		return err
	}
	d.kill(ReasonKicked)
	return nil
}

func (h *Hub) device(name string) (*device, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if d := h.devices[name]; d != nil {
		return d, nil
	}
	return nil, fmt.Errorf("device %q: %w", name, ErrUnknownDevice)
}

func (d *device) disable(reason string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.disabled, d.reason = true, reason
	d.etag++
}

func (d *device) kill(why Reason) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.session != nil {
		d.session.kill(why)
	}
}

// credentials returns what a client is checked against.
func (d *device) credentials() (a auth, disabled bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.auth, d.disabled
}

// event fills in whose event it is.
func (d *device) event(e Event) Event {
	e.Device, e.Module = d.id, d.module
	return e
}

// base is where the topics of the device or module begin.
func (d *device) base() string {
	if d.module == "" {
		return d.id
	}
	return d.id + "/modules/" + d.module
}
