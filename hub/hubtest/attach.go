package hubtest

import (
	"slices"
	"strings"
	"time"
)

// attach makes s the device's one connection. A connection that was there is
// told to go, and waited for. present reports a kept session; ok is false for
// a device disabled meanwhile.
func (d *device) attach(s *session, now time.Time) (present, ok bool) {
	for {
		d.mu.Lock()
		old := d.session
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
	d.session, d.modelID, d.seen = s, s.modelID, now
	if s.clean {
		d.subs = nil
	}
	if present = d.subs != nil; !present {
		d.subs = map[string]byte{}
	}
	d.wake()
	return present, true
}

// detach ends what attach began. Messages sent to the session wait for the
// next one.
func (d *device) detach(clean bool, now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.session, d.seen = nil, now
	if clean {
		d.subs = nil
	}
}

// subscribe grants filter. ok is false when the device has too many.
func (d *device) subscribe(filter string, qos byte) (ok bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, again := d.subs[filter]; !again && len(d.subs) >= maxSubscriptions {
		return false
	}
	d.subs[filter] = qos
	d.wake()
	return true
}

// wake wakes who waits for the device to be ready for method calls. The
// caller holds d.mu.
func (d *device) wake() {
	if d.ready != nil {
		close(d.ready)
		d.ready = nil
	}
}

func (d *device) unsubscribe(filter string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.subs, filter)
}

// subscribed reports whether filter was granted.
func (d *device) subscribed(filter string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	_, ok := d.subs[filter]
	return ok
}

// all returns the identities, by name.
func (h *Hub) all() []*device {
	h.mu.Lock()
	defer h.mu.Unlock()
	list := make([]*device, 0, len(h.devices))
	for _, d := range h.devices {
		list = append(list, d)
	}
	slices.SortFunc(list, func(a, b *device) int { return strings.Compare(a.name, b.name) })
	return list
}

// modules returns the modules of d, if d is a device.
func (h *Hub) modules(d *device) []*device {
	return slices.DeleteFunc(h.all(), func(m *device) bool { return m.id != d.id || m.module == "" || d.module != "" })
}
