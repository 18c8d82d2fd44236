package hubtest

import (
	"errors"
	"os"
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

// connect serves the first packet. It reports whether the client is connected
// now; else it has been answered.
func (c *conn) connect() bool {
	control, err := readPacket(c.reader, maxPacket)
	if err != nil {
		c.refuse(c.hub.badFirst(err), "")
		return false
	}
	p, ok := control.(*packets.ConnectPacket)
	if !ok {
		c.refuse(&refusal{reason: ReasonProtocolError, detail: packetName(control) + " before CONNECT"}, "")
		return false
	}
	c.drained = make(chan struct{})
	_ = c.stream.SetReadDeadline(time.Time{})
	go c.readLoop()
	if c.connectFault(p) {
		close(c.stopped)
		return false
	}
	if r := c.admit(p); r != nil {
		close(c.stopped)
		c.refuse(r, claimedDevice(p))
		return false
	}
	return true
}

// badFirst explains a first packet that could not be read.
func (h *Hub) badFirst(err error) *refusal {
	switch {
	case errors.Is(err, errLevel) && h.opts.Quirks.CloseOnBadLevel:
		return &refusal{ReasonBadProtocolLevel, 0, err.Error()}
	case errors.Is(err, errLevel):
		return &refusal{ReasonBadProtocolLevel, refusedLevel, err.Error()}
	case errors.Is(err, os.ErrDeadlineExceeded):
		return &refusal{ReasonConnectTimeout, 0, "no CONNECT"}
	}
	s := asStop(err)
	return &refusal{s.reason, 0, s.detail}
}

// refuse records r and answers it.
func (c *conn) refuse(r *refusal, device string) {
	select {
	case <-c.killed: // whatever failed, failed because of that
		r = &refusal{reason: c.killedBy}
	default:
	}
	_ = c.hub.emit(Event{Kind: EventRefused, Device: device, Reason: r.reason, Detail: r.detail, Code: int(r.code)})
	if r.code != 0 {
		_ = c.connack(r.code, false)
	}
}

func (c *conn) connack(code byte, present bool) error {
	p := packets.NewControlPacket(packets.Connack).(*packets.ConnackPacket)
	p.ReturnCode, p.SessionPresent = code, present
	return c.write(p)
}

// claimedDevice is the device a client says it is.
func claimedDevice(p *packets.ConnectPacket) string {
	if l, err := parseUsername(p.Username); err == nil {
		return l.device
	}
	return p.ClientIdentifier
}

// admit checks p, attaches the connection to its device and sends CONNACK.
func (c *conn) admit(p *packets.ConnectPacket) *refusal {
	l, d, r := c.hub.identify(p)
	if r != nil {
		return r
	}
	keys, disabled := d.credentials()
	if disabled {
		return &refusal{reason: ReasonDisabledDevice, code: c.hub.opts.Quirks.DisabledCode}
	}
	expires, why := checkSAS(string(p.Password), c.hub.opts.Hostname, d.id, keys, c.hub.opts.Now(), c.hub.opts.TokenGrace)
	if why != "" {
		return &refusal{reason: why, code: refusedNotAuthorized}
	}
	if c.will, r = c.hub.readWill(p, d.id); r != nil {
		return r
	}
	c.device, c.expires, c.clean, c.modelID = d, expires, p.CleanSession, l.params["model-id"]
	c.keepAlive = c.hub.silence(p.Keepalive)
	present, ok := d.attach(c, c.clean)
	if !ok {
		return &refusal{reason: ReasonDisabledDevice, code: c.hub.opts.Quirks.DisabledCode}
	}
	c.welcome(present)
	return nil
}

// welcome answers an admitted client. A CONNACK that cannot be written shows
// as a lost connection at the next read.
func (c *conn) welcome(present bool) {
	present = present && !c.hub.opts.Quirks.NeverSessionPresent
	why := ReasonNewSession
	if present {
		why = ReasonSessionResumed
	}
	if c.clean && c.hub.opts.Quirks.PurgeOnClean {
		c.hub.purge(c.device)
	}
	_ = c.hub.emit(Event{Kind: EventConnected, Device: c.device.id, Reason: why})
	_ = c.connack(packets.Accepted, present)
}

// identify finds the device that user name and client identifier agree on.
func (h *Hub) identify(p *packets.ConnectPacket) (login, *device, *refusal) {
	l, err := parseUsername(p.Username)
	_, versioned := l.params["api-version"]
	switch {
	case err != nil:
		return l, nil, &refusal{ReasonMalformedUsername, h.opts.Quirks.MalformedUsernameCode, err.Error()}
	case !versioned && h.opts.Quirks.RequireAPIVersion:
		return l, nil, &refusal{ReasonMalformedUsername, h.opts.Quirks.MalformedUsernameCode, "no api-version"}
	case !h.opts.Quirks.AnyHost && !strings.EqualFold(l.host, h.opts.Hostname):
		return l, nil, &refusal{ReasonHostMismatch, refusedNotAuthorized, "want " + h.opts.Hostname}
	case !h.opts.Quirks.AnyClientID && p.ClientIdentifier != l.clientID():
		return l, nil, &refusal{ReasonClientIDMismatch, refusedNotAuthorized, "want " + l.clientID()}
	case l.module != "":
		return l, nil, &refusal{ReasonUnknownDevice, refusedNotAuthorized, "module identities are not kept here"}
	}
	d, err := h.device(l.device)
	if err != nil {
		return l, nil, &refusal{reason: ReasonUnknownDevice, code: refusedNotAuthorized}
	}
	return l, d, nil
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
