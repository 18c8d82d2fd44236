package bridge

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"slices"

	"github.com/brocaar/lorawan"

	"gatewayd/bridge/crypt"
	"gatewayd/radio"
)

// Explanation is what a frame says, whose it is, and what would become of it if
// it were heard now. No key is in it.
type Explanation struct {
	Frame

	Verdict string `json:"verdict"` // accepted, joined, downlink, or the Reason why it would be dropped
	Meaning string `json:"meaning"` // of the verdict, in a sentence
	Detail  string `json:"detail,omitempty"`

	// Tried are the sessions that use the frame's DevAddr.
	Tried []TriedSession `json:"tried,omitempty"`

	// Of the node whose key fits.
	Node       string           `json:"node,omitempty"`
	Device     string           `json:"device,omitempty"`
	FullFCnt   *uint32          `json:"fullFCnt,omitempty"`   // all 32 bits
	PayloadHex string           `json:"payloadHex,omitempty"` // decrypted; as it is on the air if encrypted
	Encrypted  bool             `json:"payloadEncrypted,omitempty"`
	Commands   []ExplainCommand `json:"commands,omitempty"`
	Data       json.RawMessage  `json:"data,omitempty"` // what the codec makes of it
	Warnings   []string         `json:"warnings,omitempty"`
	Errors     []string         `json:"errors,omitempty"`
}

// TriedSession is a session that a data frame may have been of.
type TriedSession struct {
	Node    string  `json:"node"`
	Device  string  `json:"device"`
	Session string  `json:"session"`          // active, or joining: handed out and not used yet
	Last    *uint32 `json:"fCntUp,omitempty"` // last accepted; absent before the first
	MICFits bool    `json:"micFits"`
}

// Explain says what a frame is, and what would become of it. Nothing changes
// by it. Frequency and data rate may be missing: where LoRaWAN 1.1 has them in
// the MIC, all are tried.
func (b *Bridge) Explain(ctx context.Context, up radio.Uplink) (Explanation, error) {
	phy, err := radio.Decode(up.Payload)
	if err != nil {
		return Explanation{Frame: Frame{Size: len(up.Payload)}}.judged(string(Malformed), err.Error()), nil
	}
	e := Explanation{Frame: readFrame(up.Payload, phy)}
	r := reception{Uplink: up}
	switch phy.MHDR.MType {
	case lorawan.JoinRequest:
		return ask(ctx, b, func(bt *batch) (Explanation, error) { return b.explainJoin(bt, e, r, phy), nil })
	case lorawan.RejoinRequest:
		return ask(ctx, b, func(*batch) (Explanation, error) {
			found := b.checkRejoin(r, phy)
			return e.of(found.node).judgedJoin(found.reason, found.detail), nil
		})
	case lorawan.Proprietary:
		return ask(ctx, b, func(*batch) (Explanation, error) {
			if n := b.table.proprietary; n != nil {
				return e.of(n).judged(verdictAccepted, ""), nil
			}
			return e.judged(string(NotUplink), ""), nil
		})
	case lorawan.JoinAccept:
		return e.judged(verdictDownlink, "a join accept is encrypted: whose it is cannot be seen"), nil
	default:
		return b.explainData(ctx, e, r, phy)
	}
}

// explainJoin judges a join request. Called by Run.
func (b *Bridge) explainJoin(bt *batch, e Explanation, r reception, phy lorawan.PHYPayload) Explanation {
	req, ok := phy.MACPayload.(*lorawan.JoinRequestPayload)
	if !ok {
		return e.judged(string(Malformed), "")
	}
	n := b.table.byEUI[radio.EUI64(req.DevEUI)]
	if n == nil {
		return e.judged(string(UnknownDevEUI), "")
	}
	reason, detail := b.checkJoin(bt, n, phy, req, r)
	return e.of(n).judgedJoin(reason, detail)
}

// explainData judges a data frame, on copies of the sessions: trying keys must
// not hold up Run.
func (b *Bridge) explainData(ctx context.Context, e Explanation, r reception, phy lorawan.PHYPayload) (Explanation, error) {
	payload, ok := phy.MACPayload.(*lorawan.MACPayload)
	if !ok {
		return e.judged(string(Malformed), ""), nil
	}
	f := &dataFrame{reception: r, mac: payload, mic: phy.MIC, confirmed: phy.MHDR.MType == lorawan.ConfirmedDataUp, channel: -1}
	suspects, err := ask(ctx, b, func(*batch) ([]*nodeState, error) {
		f.dataRate, f.rateKnown = b.region.DataRateIndex(r.DataRate, true)
		if n, ok := b.region.ChannelOf(r.Frequency, r.DataRate); ok {
			f.channel = n
		}
		var copies []*nodeState
		for _, n := range b.table.byAddr[payload.FHDR.DevAddr] {
			copies = append(copies, n.apart())
		}
		return copies, nil
	})
	if err != nil {
		return e, err
	}
	if down := phy.MHDR.MType; down == lorawan.UnconfirmedDataDown || down == lorawan.ConfirmedDataDown {
		return e.downlink(suspects, f), nil
	}
	return e.uplink(suspects, f), nil
}

// apart is a copy for another goroutine, with key schedules of its own.
func (n *nodeState) apart() *nodeState {
	c := &nodeState{node: n.node, state: *n.view()}
	c.state.active.schedule, c.state.joining.schedule = nil, nil
	return c
}

// uplink judges a data uplink.
func (e Explanation) uplink(suspects []*nodeState, f *dataFrame) Explanation {
	if len(suspects) == 0 {
		return e.judged(string(UnknownDevAddr), "")
	}
	m := findAnywhere(suspects, f)
	e.Tried = triedBy(suspects, f, m)
	e = e.of(m.node)
	if m.node == nil {
		return e.judged(string(m.reason), "")
	}
	s, repeats := m.session(), m.repeatsLast(f.mic)
	fCnt := m.fCnt
	e.FullFCnt = &fCnt
	s.fCntUp = fCnt
	payload, commands := s.open(f)
	e.Commands, e.PayloadHex = explainCommands(true, commands), hex.EncodeToString(payload)
	rec := newRecord(kindUp, "", m.node.node.DevEUI)
	rec.uplink(f, s, payload)
	e.Encrypted = rec.Encrypted
	if v := m.node.node.values(rec, f.Received); v != nil {
		e.Data, e.Warnings, e.Errors = v.Data, v.Warnings, v.Errors
	}
	switch {
	case m.reason == Replay && repeats:
		return e.judged(string(Retransmission), "")
	case m.reason != "":
		return e.judged(string(m.reason), "")
	case !m.node.publishes(f.mac.FPort):
		return e.judged(verdictAccepted, "not published: its FPort is 0, or not among the node's fports")
	}
	return e.judged(verdictAccepted, "")
}

// maxRate and maxChannel bound what is tried where the data rate and the channel
// of a frame of LoRaWAN 1.1 are not known: their numbers in any region.
const maxRate, maxChannel = 15, 95

// findAnywhere is find, and tries all data rates and channels where they are
// not known.
func findAnywhere(suspects []*nodeState, f *dataFrame) match {
	m := find(suspects, f)
	v11 := slices.ContainsFunc(suspects, func(n *nodeState) bool { return n.state.active.v11 || n.state.joining.v11 })
	if f.rateKnown || m.reason != BadMIC || !v11 {
		return m
	}
	for rate := range uint8(maxRate + 1) {
		for channel := range maxChannel + 1 {
			f.dataRate, f.channel = rate, channel
			if m := find(suspects, f); m.reason != BadMIC {
				return m
			}
		}
	}
	f.dataRate, f.channel = 0, -1
	return m
}

// triedBy lists the sessions with the DevAddr of f.
func triedBy(suspects []*nodeState, f *dataFrame, m match) (tried []TriedSession) {
	for _, n := range suspects {
		for _, s := range []struct {
			has     bool
			session *session
			name    string
		}{{n.state.hasJoining, &n.state.joining, "joining"}, {n.state.hasActive, &n.state.active, "active"}} {
			if !s.has || s.session.devAddr != f.mac.FHDR.DevAddr {
				continue
			}
			t := TriedSession{Node: n.node.Name, Device: n.node.DeviceID, Session: s.name}
			if s.session.heard {
				last := s.session.fCntUp
				t.Last = &last
			}
			t.MICFits = m.node == n && m.session() == s.session
			tried = append(tried, t)
		}
	}
	return tried
}

// downlink says whose downlink it is, if it is one of ours: its counter must be
// among the last that were used.
func (e Explanation) downlink(suspects []*nodeState, f *dataFrame) Explanation {
	msg := f.msg()
	for _, n := range suspects {
		for _, s := range n.state.sessions() {
			for _, next := range []uint32{s.nFCntDown, s.aFCntDown} {
				fCnt, ok := fCntBelow(next, uint16(f.mac.FHDR.FCnt))
				if !ok || s.devAddr != f.mac.FHDR.DevAddr || crypt.DownlinkMIC(s.expand().sNwkSInt, s.devAddr, fCnt, 0, msg) != f.mic {
					continue
				}
				return e.of(n).sent(s, f, fCnt).judged(verdictDownlink, "sent by this gateway")
			}
		}
	}
	return e.judged(verdictDownlink, "its MIC fits none of this gateway's sessions, or it acknowledges a frame of LoRaWAN 1.1")
}

// sessions are those that there are: one that is not has a key of zeros, which
// anybody could sign with.
func (s *state) sessions() (all []*session) {
	if s.hasJoining {
		all = append(all, &s.joining)
	}
	if s.hasActive {
		all = append(all, &s.active)
	}
	return all
}

// of names the node; nil: none is known.
func (e Explanation) of(n *nodeState) Explanation {
	if n != nil {
		e.Node, e.Device = n.node.Name, n.node.DeviceID
	}
	return e
}

func (e Explanation) judgedJoin(reason Reason, detail string) Explanation {
	if reason == "" {
		return e.judged(verdictJoined, detail)
	}
	return e.judged(string(reason), detail)
}

func (e Explanation) judged(verdict, detail string) Explanation {
	e.Verdict, e.Meaning, e.Detail = verdict, Meanings()[verdict], detail
	return e
}

// sent opens a downlink of ours.
func (e Explanation) sent(s *session, f *dataFrame, fCnt uint32) Explanation {
	e.FullFCnt = &fCnt
	k, port := s.expand(), f.mac.FPort
	payload, commands := bytesOf(f.mac.FRMPayload), bytesOf(f.mac.FHDR.FOpts)
	switch {
	case port != nil && *port == 0:
		crypt.Payload(k.nwkSEnc, crypt.Down, s.devAddr, fCnt, payload)
		payload, commands = nil, payload
	case port != nil && k.app != nil:
		crypt.Payload(k.app, crypt.Down, s.devAddr, fCnt, payload)
	}
	if s.v11 && (port == nil || *port != 0) {
		crypt.FOpts(k.nwkSEnc, crypt.Down, port != nil, s.devAddr, fCnt, commands)
	}
	e.PayloadHex, e.Encrypted = hex.EncodeToString(payload), k.app == nil && len(payload) > 0
	e.Commands = explainCommands(false, commands)
	return e
}
