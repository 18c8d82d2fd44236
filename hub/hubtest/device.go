package hubtest

import (
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"sync"
)

// ErrUnknownDevice is returned for a device id that was not added.
var ErrUnknownDevice = errors.New("unknown device")

// device is one identity: its credentials, its session, what waits for it.
type device struct {
	id         string
	generation string // identifies this incarnation of the id

	mu       sync.Mutex // guards what follows
	keys     [][]byte
	disabled bool
	conn     *conn           // the live connection, or nil
	session  map[string]byte // granted QoS by filter; nil: no session kept
	queue    []*c2dEntry     // oldest first; those sent come before those not
	packets  uint16          // counts packet ids
	twin     twin
}

// deviceID is Microsoft's alphabet for device ids.
var deviceID = regexp.MustCompile(`^[A-Za-z0-9\-.%_#*?!(),:=@$'+;]{1,128}$`)

// AddDevice registers a device with its keys, primary first, in base64. A
// device that is there already gets these keys and is enabled again; its
// session, twin and waiting messages stay.
func (h *Hub) AddDevice(id string, keys ...string) error {
	if !deviceID.MatchString(id) {
		return fmt.Errorf("device id %q: want 1 to 128 letters, digits or any of -.%%_#*?!(),:=@$'+;", id)
	}
	decoded := make([][]byte, 0, len(keys))
	for i, key := range keys {
		b, err := base64.StdEncoding.DecodeString(key)
		if err != nil || len(b) == 0 {
			return fmt.Errorf("device %q: key %d is not base64", id, i+1) // never quote a key
		}
		decoded = append(decoded, b)
	}
	if len(decoded) == 0 {
		return fmt.Errorf("device %q: want at least one key in base64", id)
	}
	h.mu.Lock()
	d := h.devices[id]
	if d == nil {
		d = &device{id: id, generation: strconv.FormatInt(h.opts.Now().UnixNano(), 10), twin: newTwin()}
		h.devices[id] = d
	}
	h.mu.Unlock()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.keys, d.disabled = decoded, false
	return nil
}

// RemoveDevice forgets a device and all that is kept for it, and closes its
// connection.
func (h *Hub) RemoveDevice(id string) error {
	d, err := h.device(id)
	if err != nil {
		return err
	}
	h.mu.Lock()
	delete(h.devices, id)
	h.mu.Unlock()
	d.disable()
	d.kill(ReasonUnknownDevice)
	return nil
}

// DisableDevice refuses a device from now on and closes its connection.
// AddDevice enables it again.
func (h *Hub) DisableDevice(id string) error {
	d, err := h.device(id)
	if err != nil {
		return err
	}
	d.disable()
	d.kill(ReasonDisabledDevice)
	return nil
}

// Disconnect closes the connection of a device, if there is one, as the hub
// does for reasons of its own.
func (h *Hub) Disconnect(id string) error {
	d, err := h.device(id)
	if err != nil {
		return err
	}
	d.kill(ReasonKicked)
	return nil
}

func (h *Hub) device(id string) (*device, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if d := h.devices[id]; d != nil {
		return d, nil
	}
	return nil, fmt.Errorf("device %q: %w", id, ErrUnknownDevice)
}

func (d *device) disable() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.disabled = true
}

func (d *device) kill(why Reason) {
	d.mu.Lock()
	c := d.conn
	d.mu.Unlock()
	if c != nil {
		c.kill(why)
	}
}

// credentials returns what a token is checked against.
func (d *device) credentials() (keys [][]byte, disabled bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.keys, d.disabled
}

// attach makes c the device's one connection. A connection that was there is
// told to go, and waited for. present reports a kept session; ok is false for
// a device disabled meanwhile.
func (d *device) attach(c *conn, clean bool) (present, ok bool) {
	for {
		d.mu.Lock()
		old := d.conn
		if old == nil {
			break
		}
		d.mu.Unlock()
		old.kill(ReasonEvicted)
		<-old.detached
	}
	defer d.mu.Unlock()
	if d.disabled {
		return false, false
	}
	d.conn = c
	if clean {
		d.session = nil
	}
	if present = d.session != nil; !present {
		d.session = map[string]byte{}
	}
	return present, true
}

// detach ends what attach began. Messages sent to c wait for the next
// connection.
func (d *device) detach(clean bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.conn = nil
	if clean {
		d.session = nil
	}
}

// subscribe grants filter. ok is false when the device has too many.
func (d *device) subscribe(filter string, qos byte) (ok bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, again := d.session[filter]; !again && len(d.session) >= maxSubscriptions {
		return false
	}
	d.session[filter] = qos
	return true
}

func (d *device) unsubscribe(filter string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.session, filter)
}

// subscribed returns the QoS granted for filter.
func (d *device) subscribed(filter string) (qos byte, ok bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	qos, ok = d.session[filter]
	return qos, ok
}
