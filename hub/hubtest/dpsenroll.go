package hubtest

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

// Enrollment lets one device, or a group of them, be provisioned.
type Enrollment struct {
	// ID is the registration id of one device, in any case, or the name of a
	// group.
	ID string
	// Keys are symmetric keys in base64, primary first; those of a group's
	// devices derive from them.
	Keys []string
	// Thumbprints are those of one device's certificates.
	Thumbprints []string
	// CA signs the certificates of a group's devices: PEM.
	CA []byte
	// DeviceID is what one device is called in the hub. Default: its
	// registration id, as for all devices of groups.
	DeviceID string
	// Hub is the host name of the hub. Default: the first hub.
	Hub string
	// Disabled enrolments assign nothing.
	Disabled bool
	// Allocate is a custom allocation policy: it names the hub, and may
	// answer with a payload for the device. An error fails the registration.
	Allocate func(registration string, payload json.RawMessage) (hub string, answer json.RawMessage, err error)
}

// enrolled is an enrolment that has been checked.
type enrolled struct {
	Enrollment
	group   bool
	auth    auth // what Keys or Thumbprints say
	signers *trustedCAs
}

// registrationID is Microsoft's alphabet for registration ids.
var registrationID = regexp.MustCompile(`^[a-zA-Z0-9\-._:]{0,127}[a-zA-Z0-9\-]$`)

// Enroll lets one device be provisioned. It replaces an enrolment with the
// same id.
func (p *Provisioning) Enroll(e Enrollment) error {
	if !registrationID.MatchString(e.ID) {
		return fmt.Errorf("registration id %q: want 1 to 128 letters, digits or any of -._: and a letter, a digit or - at the end", e.ID)
	}
	return p.enroll(strings.ToLower(e.ID), &enrolled{Enrollment: e})
}

// EnrollGroup lets all devices be provisioned whose keys derive from the
// group's, or whose certificates its CA signed.
func (p *Provisioning) EnrollGroup(e Enrollment) error {
	if e.ID == "" || e.DeviceID != "" || len(e.Thumbprints) > 0 {
		return fmt.Errorf("group %q: want a name, and neither device id nor thumbprints", e.ID)
	}
	return p.enroll(e.ID, &enrolled{Enrollment: e, group: true})
}

// Remove forgets an enrolment of either kind. Devices stay in their hub.
func (p *Provisioning) Remove(id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.individuals, strings.ToLower(id))
	delete(p.groups, id)
}

// enroll checks e and keeps it under id.
func (p *Provisioning) enroll(id string, e *enrolled) (err error) {
	e.signers = &trustedCAs{}
	switch {
	case len(e.Keys) > 0:
		e.auth, err = keyAuth(e.Keys)
	case len(e.Thumbprints) > 0:
		e.auth, err = thumbprintAuth(e.Thumbprints)
	default:
		e.auth, err = auth{kind: AuthCA}, e.signers.add(e.CA)
	}
	if err != nil {
		return fmt.Errorf("enrolment %q: %w", e.ID, err)
	}
	if _, err := p.findHub(e.Hub); err != nil {
		return fmt.Errorf("enrolment %q: %w", e.ID, err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if e.group {
		p.groups[id] = e
	} else {
		p.individuals[id] = e
	}
	return nil
}

// findHub returns the hub of that name, or the first for "".
func (p *Provisioning) findHub(name string) (*Hub, error) {
	for _, h := range p.hubs {
		if name == "" || strings.EqualFold(name, h.opts.Hostname) {
			return h, nil
		}
	}
	return nil, fmt.Errorf("no hub is called %q", name)
}

// candidates are the enrolments that may be about a registration id: its own,
// or else all groups.
func (p *Provisioning) candidates(id string) []*enrolled {
	p.mu.Lock()
	defer p.mu.Unlock()
	if e := p.individuals[strings.ToLower(id)]; e != nil {
		return []*enrolled{e}
	}
	var groups []*enrolled
	for _, e := range p.groups {
		groups = append(groups, e)
	}
	return groups
}

// current reports whether e has been neither removed nor replaced.
func (p *Provisioning) current(e *enrolled) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.groups[e.ID] == e || p.individuals[strings.ToLower(e.ID)] == e
}

// deviceAuth is what a device with that registration id must show.
func (e *enrolled) deviceAuth(registration string) auth {
	a := e.auth
	if e.group && a.kind == AuthSAS {
		a.keys = nil
		for _, key := range e.auth.keys {
			a.keys = append(a.keys, deriveKey(key, registration))
		}
	}
	return a
}

// deriveKey is the key of a group's device.
func deriveKey(group []byte, registration string) []byte {
	mac := hmac.New(sha256.New, group)
	mac.Write([]byte(registration))
	return mac.Sum(nil)
}

// knows reports whether a client's chain is what the enrolment is about.
func (e *enrolled) knows(h *Hub, chain []*x509.Certificate) bool {
	switch e.auth.kind {
	case AuthSelfSigned:
		return e.auth.knows(chain[0])
	case AuthCA:
		return e.signers.verify(chain, h.now()) == nil
	default:
		return false
	}
}
