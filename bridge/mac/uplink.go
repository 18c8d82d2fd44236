package mac

import (
	"time"

	"github.com/brocaar/lorawan"

	"gatewayd/radio"
)

// Uplink is what the MAC layer needs to know of one new uplink frame.
type Uplink struct {
	Commands []byte // decrypted: FOpts, or the FRMPayload of port 0

	ADR       bool
	ADRACKReq bool
	ClassB    bool

	DR       uint8 // index
	DataRate radio.DataRate
	Channel  int     // number; -1 if it is no channel of the plan
	SNR      float32 // dB, the best of all gateways
	Gateways int     // that heard it

	FCnt uint32
	// GPSTime is the time since 1980-01-06 00:00:00 UTC, leap seconds
	// counted, at the end of the uplink. nil: the clock cannot be trusted, and
	// nodes are not told the time.
	GPSTime *time.Duration
	Now     time.Time // for the age of the node's status
}

// Outcome is what follows from an uplink.
type Outcome struct {
	// Answers are MAC commands, in order, that belong in the downlink to this
	// uplink. At most 15 bytes, so that they always fit FOpts.
	Answers []byte
	// Reply says that a downlink is due to this uplink even if it carries
	// nothing else: the node waits for an answer, or for a sign that it is
	// heard.
	Reply  bool
	Events []Event
}

func (o *Outcome) answer(command []byte) {
	o.Answers = append(o.Answers, command...)
	o.Reply = true
}

func (o *Outcome) event(e Event) { o.Events = append(o.Events, e) }

// uplink is an Uplink as it is worked on.
type uplink struct {
	Uplink
	want   *Desired
	out    Outcome
	before lately // of the uplink before
	done   uint64 // bit per CID: what this uplink has asked for already
	// LinkADRAns of this uplink, put together.
	linkAns   byte
	linkCount int
}

// Uplink takes in what an uplink says, and how it came.
func (s *State) Uplink(want *Desired, in Uplink) Outcome {
	u := uplink{Uplink: in, want: want, before: s.lately, linkAns: linkAccepted}
	s.lately = 0
	s.countDown()
	u.commands(s)
	if u.linkCount > 0 {
		s.linkAnswered(&u)
	}
	followed := s.observe(&u)
	s.missed(&u, followed)
	if in.ClassB {
		s.refuseClassB(&u, 0)
	}
	if in.ADRACKReq {
		u.out.Reply = true
	}
	return u.out
}

// countDown brings the next attempts nearer by one uplink.
func (s *State) countDown() {
	for k := range s.asks {
		if a := &s.asks[k]; a.wait > 0 {
			a.wait--
		}
	}
}

// commands deals with each command up to the first that cannot be read.
func (u *uplink) commands(s *State) {
	for b := u.Commands; len(b) > 0; {
		c, rest, ok := next(b, s.Version)
		if !ok {
			s.once(u, lateUnknown, Event{Kind: UnknownCommand, CID: c.cid})
			return
		}
		s.command(u, c)
		b = rest
	}
}

func (s *State) command(u *uplink, c command) {
	if sticky(c.cid, s.Version) {
		u.out.Reply = true
	}
	if !s.request(u, c) {
		s.answer(u, c)
	}
}

// once reports e unless the uplink before had the same to say.
func (s *State) once(u *uplink, bit lately, e Event) {
	if !u.before.has(bit) && !s.lately.has(bit) {
		u.out.event(e)
	}
	s.lately |= bit
}

// missed closes what the uplink should have answered and did not.
func (s *State) missed(u *uplink, followed bool) {
	for k := range slots {
		a := &s.asks[k]
		ignored := a.open
		if k == slotLinkADR {
			ignored = ignored || !followed
			if !ignored && s.obeys(u) {
				a.silent = 0
			}
		}
		if !ignored {
			continue
		}
		if a.miss(); a.silent == manySilent {
			u.out.event(Event{Kind: Unanswered, CID: k.cid()})
		}
	}
}

// refuseClassB says once that class B is not served. Its commands are left
// without an answer: a node may not go to class B without one (LoRaWAN 1.0.4
// section 12.1).
func (s *State) refuseClassB(u *uplink, cid lorawan.CID) {
	s.once(u, lateClassB, Event{Kind: ClassBRefused, CID: cid})
}
