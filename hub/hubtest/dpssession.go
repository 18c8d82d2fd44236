package hubtest

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// dpsResponseFilter is the one filter the provisioning service grants.
const dpsResponseFilter = "$dps/registrations/res/#"

// dpsSession is a client of the provisioning service.
type dpsSession struct {
	*conn
	p            *Provisioning
	registration string    // its id, as the client writes it
	enrollment   *enrolled // nil: the certificate is nobody's
	auth         auth      // what the hub will check
	subscribed   bool
}

// speak serves MQTT on c until the connection must end.
func (p *Provisioning) speak(c *conn) {
	s := &dpsSession{conn: c, p: p}
	silence, ok := s.connect()
	if !ok {
		return
	}
	end := s.run(silence)
	_ = p.hub().emit(Event{Kind: EventDPSDisconnected, Device: s.registration, Reason: end.reason, Detail: end.detail})
}

// refused records a client that was not let in.
func (p *Provisioning) refused(id string, r *refusal) {
	_ = p.hub().emit(Event{Kind: EventDPSRefused, Device: id, Reason: r.reason, Detail: r.detail, Code: int(r.code)})
}

// connect serves the first packet, and returns how long the client may be
// silent.
func (s *dpsSession) connect() (silence time.Duration, ok bool) {
	p, r := s.firstPacket()
	if r == nil {
		s.registration = claimedRegistration(p)
		if f, faulty := s.p.faults.take(s.registration, FaultKind.atConnect); faulty {
			_ = s.p.hub().emit(Event{Kind: EventFault, Device: s.registration, Reason: Reason(f.Kind)})
			r = s.strike(f)
		} else {
			r = s.admit(p)
		}
	}
	if r != nil {
		s.p.refused(s.registration, r)
		if r.code != 0 {
			_ = s.connack(r.code, false)
		}
		return 0, false
	}
	_ = s.p.hub().emit(Event{Kind: EventDPSConnected, Device: s.registration})
	_ = s.connack(packets.Accepted, false)
	return s.p.hub().silence(p.Keepalive), true
}

// admit checks who the client is. A certificate that is nobody's is found
// out at the registration, as the real service does.
func (s *dpsSession) admit(p *packets.ConnectPacket) *refusal {
	scope, id, version, err := parseDPSUsername(p.Username)
	switch {
	case err != nil:
		return &refusal{ReasonMalformedUsername, refusedUnavailable, err.Error()}
	case !knownDPSVersion(version):
		return unauthorized(ReasonBadAPIVersion, "api-version "+version+": want 2019-03-31")
	case scope != s.p.opts.IDScope:
		return unauthorized(ReasonForeignScope, "want "+s.p.opts.IDScope)
	case !strings.EqualFold(p.ClientIdentifier, id):
		return unauthorized(ReasonClientIDMismatch, "want "+id)
	}
	s.registration = id
	if len(p.Password) == 0 {
		return s.admitCertificate()
	}
	return s.admitToken(string(p.Password))
}

func (s *dpsSession) admitCertificate() *refusal {
	chain := s.certificates()
	if len(chain) == 0 {
		return unauthorized(ReasonMissingToken, "neither token nor certificate")
	}
	if !strings.EqualFold(chain[0].Subject.CommonName, s.registration) {
		return nil
	}
	for _, e := range s.p.candidates(s.registration) {
		if e.knows(s.p.hub(), chain) {
			s.enrollment, s.auth = e, e.auth
			return nil
		}
	}
	return nil
}

func (s *dpsSession) admitToken(password string) *refusal {
	worst := ReasonUnknownEnrollment
	for _, e := range s.p.candidates(s.registration) {
		if e.auth.kind != AuthSAS {
			continue
		}
		a := e.deviceAuth(s.registration)
		_, why := sasCheck{
			resource: []string{s.p.opts.IDScope, "registrations", s.registration},
			policies: map[string][][]byte{"registration": a.keys},
			now:      s.p.hub().now(), grace: s.p.hub().opts.TokenGrace,
		}.check(password)
		if why == "" {
			s.enrollment, s.auth = e, a
			return nil
		}
		worst = why
	}
	return unauthorized(worst, "")
}

// run serves the client until the connection must end, and says why.
func (s *dpsSession) run(silence time.Duration) *stop {
	for {
		s.readUntil(time.Now().Add(silence))
		p, err := s.read()
		if isTimeout(err) {
			return &stop{ReasonKeepAlive, "nothing heard for " + silence.String()}
		}
		if err == nil {
			err = s.handle(p)
		}
		if err != nil {
			return asStop(err)
		}
	}
}

// handle serves one packet.
func (s *dpsSession) handle(p packets.ControlPacket) error {
	switch p := p.(type) {
	case *packets.PublishPacket:
		if p.Qos == 2 {
			return &stop{ReasonQoS2, "PUBLISH to " + p.TopicName}
		}
		if err := s.puback(p); err != nil {
			return err
		}
		return s.published(p)
	case *packets.SubscribePacket:
		return s.subscribe(p)
	case *packets.UnsubscribePacket:
		s.subscribed = false
		ack := packets.NewControlPacket(packets.Unsuback).(*packets.UnsubackPacket)
		ack.MessageID = p.MessageID
		return s.write(ack)
	case *packets.PubackPacket:
		return nil
	case *packets.PingreqPacket:
		return s.write(packets.NewControlPacket(packets.Pingresp))
	case *packets.DisconnectPacket:
		return &stop{reason: ReasonClientDisconnect}
	}
	return &stop{ReasonProtocolError, packetName(p) + " from a client"}
}

func (s *dpsSession) subscribe(p *packets.SubscribePacket) error {
	ack := packets.NewControlPacket(packets.Suback).(*packets.SubackPacket)
	ack.MessageID = p.MessageID
	for i, filter := range p.Topics {
		if filter != dpsResponseFilter {
			return &stop{ReasonBadSubscription, "unknown filter " + filter}
		}
		s.subscribed = true
		ack.ReturnCodes = append(ack.ReturnCodes, min(p.Qoss[i], 1))
	}
	return s.write(ack)
}

var errDPSUsername = errors.New("want {idScope}/registrations/{registrationId}/api-version=DATE")

// parseDPSUsername reads
// "{idScope}/registrations/{registrationId}/[?]api-version=...&...".
func parseDPSUsername(s string) (scope, id, version string, err error) {
	parts := strings.Split(s, "/")
	if len(parts) != 4 || parts[0] == "" || parts[1] != "registrations" || !registrationID.MatchString(parts[2]) {
		return "", "", "", errDPSUsername
	}
	version, err = url.PathUnescape(queryValue(strings.TrimPrefix(parts[3], "?"), "api-version"))
	if err != nil || version == "" {
		return "", "", "", fmt.Errorf("api-version: %w", errDPSUsername)
	}
	return parts[0], parts[2], version, nil
}

// claimedRegistration is what a client says it is.
func claimedRegistration(p *packets.ConnectPacket) string {
	if _, id, _, err := parseDPSUsername(p.Username); err == nil {
		return id
	}
	return p.ClientIdentifier
}

// knownDPSVersion reports whether a device may name that api-version: those of
// Microsoft's pages and SDKs.
func knownDPSVersion(version string) bool {
	switch version {
	case "2018-11-01", "2019-01-15", "2019-03-31", "2021-06-01", "2021-10-01", "2025-07-01-preview", "2026-11-02-preview":
		return true
	}
	return false
}
