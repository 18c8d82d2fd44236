package hubtest

import (
	"errors"
	"strings"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// refusal is a connection that ends before it began.
type refusal struct {
	reason Reason
	code   byte // of the CONNACK; 0: none, just close
	detail string
}

// unauthorized is what the hub tells everyone it does not let in.
func unauthorized(why Reason, detail string) *refusal {
	return &refusal{why, refusedNotAuthorized, detail}
}

// firstPacket reads the CONNECT, or says what came instead.
func (c *conn) firstPacket() (*packets.ConnectPacket, *refusal) {
	control, err := c.read()
	var s *stop
	switch {
	case errors.Is(err, errLevel):
		return nil, &refusal{ReasonBadProtocolLevel, refusedLevel, err.Error()}
	case errors.As(err, &s):
		return nil, &refusal{s.reason, 0, s.detail}
	case isTimeout(err):
		return nil, &refusal{ReasonConnectTimeout, 0, "no CONNECT"}
	case err != nil:
		s = asStop(err)
		return nil, &refusal{s.reason, 0, s.detail}
	}
	p, ok := control.(*packets.ConnectPacket)
	if !ok {
		return nil, &refusal{ReasonProtocolError, 0, packetName(control) + " before CONNECT"}
	}
	c.readUntil(time.Time{})
	return p, nil
}

// connect serves the first packet. It reports whether the client is connected
// now; else it has been answered.
func (s *session) connect() bool {
	p, r := s.firstPacket()
	if r != nil {
		if r.reason == ReasonBadProtocolLevel && s.hub.opts.Quirks.CloseOnBadLevel {
			r.code = 0
		}
		s.refuse(r, "")
		return false
	}
	if s.connectFault(p) {
		return false
	}
	if r := s.admit(p); r != nil {
		s.refuse(r, claimedDevice(p))
		return false
	}
	return true
}

// refuse records r and answers it.
func (s *session) refuse(r *refusal, device string) {
	if why := s.ended(); why != "" { // whatever failed, failed because of that
		r = &refusal{reason: why}
	}
	_ = s.hub.emit(Event{Kind: EventRefused, Device: device, Reason: r.reason, Detail: r.detail, Code: int(r.code)})
	if r.code != 0 {
		_ = s.connack(r.code, false)
	}
}

// claimedDevice is the device a client says it is.
func claimedDevice(p *packets.ConnectPacket) string {
	if l, err := parseUsername(p.Username); err == nil {
		return l.device
	}
	return p.ClientIdentifier
}

// admit checks p, attaches the connection to its device and sends CONNACK.
func (s *session) admit(p *packets.ConnectPacket) *refusal {
	if !s.hub.throttle.connects.allow(1) {
		return &refusal{ReasonThrottled, refusedUnavailable, "more connections per second than the tier allows"}
	}
	l, r := s.hub.checkLogin(p)
	if r != nil {
		return r
	}
	d, err := s.hub.device(l.clientID())
	if err != nil {
		return unauthorized(ReasonUnknownDevice, "")
	}
	if r := s.authenticate(d, p); r != nil {
		return r
	}
	if s.will, r = s.hub.readWill(p, d); r != nil {
		return r
	}
	s.device, s.clean, s.modelID = d, p.CleanSession, l.params["model-id"]
	_, s.versioned = l.params["api-version"]
	s.keepAlive = s.hub.silence(p.Keepalive)
	s.heard = time.Now()
	present, ok := d.attach(s, s.hub.now())
	if !ok {
		return &refusal{reason: ReasonDisabledDevice, code: s.hub.opts.Quirks.DisabledCode}
	}
	s.welcome(present)
	return nil
}

// authenticate checks who the client is.
func (s *session) authenticate(d *device, p *packets.ConnectPacket) *refusal {
	a, disabled := d.credentials()
	if disabled {
		return &refusal{reason: ReasonDisabledDevice, code: s.hub.opts.Quirks.DisabledCode}
	}
	if a.kind != AuthSAS {
		why, detail := s.hub.checkCertificate(a, d.name, s.certificates(), p)
		if why != "" {
			return unauthorized(why, detail)
		}
		s.method = authMethod{"device", "x509"}
		return nil
	}
	t, why := s.hub.checkToken(string(p.Password), d, a.keys)
	if why != "" {
		return unauthorized(why, "")
	}
	s.expires, s.method = t.expires, t.method(d)
	return nil
}

// welcome answers an admitted client. A CONNACK that cannot be written shows
// as a lost connection at the next read.
func (s *session) welcome(present bool) {
	present = present && !s.hub.opts.Quirks.NeverSessionPresent
	why := ReasonNewSession
	if present {
		why = ReasonSessionResumed
	}
	if s.clean && s.hub.opts.Quirks.PurgeOnClean {
		s.hub.purge(s.device)
	}
	_ = s.hub.emit(s.event(Event{Kind: EventConnected, Reason: why}))
	_ = s.connack(packets.Accepted, present)
}

// checkLogin checks what user name and client identifier say.
func (h *Hub) checkLogin(p *packets.ConnectPacket) (login, *refusal) {
	q := h.opts.Quirks
	l, err := parseUsername(p.Username)
	version, versioned := l.params["api-version"]
	switch {
	case err != nil:
		return l, &refusal{ReasonMalformedUsername, q.MalformedUsernameCode, err.Error()}
	case !versioned && q.RequireAPIVersion:
		return l, &refusal{ReasonMalformedUsername, q.MalformedUsernameCode, "no api-version"}
	case versioned && !q.AnyAPIVersion && !knownAPIVersion(version):
		return l, unauthorized(ReasonBadAPIVersion, "api-version "+version+": want 2021-04-12, or another that Microsoft documents")
	case !q.AnyHost && !strings.EqualFold(withoutPort(l.host), h.opts.Hostname):
		return l, unauthorized(ReasonHostMismatch, "want "+h.opts.Hostname)
	case !q.AnyClientID && p.ClientIdentifier != l.clientID():
		return l, unauthorized(ReasonClientIDMismatch, "want "+l.clientID())
	}
	return l, nil
}

// silence is how long a client with that keep-alive, in seconds, may be
// silent.
func (h *Hub) silence(keepAlive uint16) time.Duration {
	d := time.Duration(keepAlive) * time.Second * 3 / 2
	if d == 0 || d > h.opts.MaxSilence {
		return h.opts.MaxSilence
	}
	return d
}
