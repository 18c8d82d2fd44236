package simulator

import (
	"fmt"
	"time"

	"gatewayd/internal/simulator/lorawan"
	"gatewayd/internal/simulator/regional"
)

// hear judges whether the node can have heard em, and records why not. u is
// the uplink that em answers; it may be nil for a class C node. n.mu is held.
func (n *Node) hear(em heard, join bool) (u *uplink, w window, offset time.Duration, ok bool) {
	u, w, offset = n.history.match(em, join)
	faults := n.windowFaults(u, w, em, offset)
	if len(faults) == 0 {
		return u, w, offset, true
	}
	if !join && n.session != nil && n.class(n.session) == ClassC {
		rxc := n.rxc()
		always := n.rxcFaults(rxc, em)
		if len(always) == 0 {
			return n.history.latest(), rxc, 0, true
		}
		if u == nil || offset.Abs() > rx2After/2 {
			faults = always
		}
	}
	n.violate(em, faults...)
	return u, w, offset, false
}

// windowFaults lists why em cannot have been heard in w, a window of u.
func (n *Node) windowFaults(u *uplink, w window, em heard, offset time.Duration) []fault {
	if u == nil {
		return []fault{{RuleWindow, "the node has opened no window yet"}}
	}
	if faults := w.faults(em, offset, n.cfg.Tolerance, n.cfg.Region.CodingRate()); len(faults) > 0 {
		return faults
	}
	if u.closed {
		return []fault{{RuleWindow, w.name + ": the uplink was answered already, so the node did not listen"}}
	}
	return nil
}

// rxc is the window of a class C node: the settings of RX2.
func (n *Node) rxc() window {
	r := n.session.radio
	return window{name: windowRXC, hz: r.rx2Hz, rate: r.rx2Rate(n.cfg.Region)}
}

// rxcFaults lists why em cannot have been heard in w, which is open whenever
// the node does not transmit.
func (n *Node) rxcFaults(w window, em heard) []fault {
	if faults := w.faults(em, 0, n.cfg.Tolerance, n.cfg.Region.CodingRate()); len(faults) > 0 {
		return faults
	}
	for _, u := range n.history {
		if u.during(em) {
			return []fault{{RuleWindow, w.name + ": the node was transmitting"}}
		}
	}
	return nil
}

// violate records faults of em against this node.
func (n *Node) violate(em heard, faults ...fault) {
	n.rec.violate(n.cfg.Name, em.Count, faults...)
}

// standing of a data downlink with this node.
type standing uint8

const (
	stranger  standing = iota // another DevAddr
	namesake                  // this DevAddr, but the MIC is not of this session
	addressee                 // this session's, whatever its counter
)

// stand says whether f, parsed from phy, is for this node.
func (n *Node) stand(f lorawan.Data, phy []byte) standing {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.session == nil || n.session.devAddr != f.DevAddr {
		return stranger
	}
	if _, c := n.session.place(f, phy); c == counterUnknown {
		return namesake
	}
	return addressee
}

// receiveData judges a data downlink for this node and takes it if the node
// can have heard it.
func (n *Node) receiveData(em heard, f lorawan.Data) {
	n.mu.Lock()
	defer n.mu.Unlock()
	s := n.session
	u, w, offset, ok := n.hear(em, false)
	if !ok {
		return
	}
	fCnt, c := s.place(f, em.Payload)
	next := s.next(f)
	if detail, bad := c.refusal(fCnt, *next); bad {
		n.violate(em, fault{RuleFCnt, detail})
		return
	}
	f = s.open(f, fCnt)
	faults := n.frameFaults(em, f, s.radio.dwellDown)
	if faults = append(faults, s.classCFaults(em, f, w)...); len(faults) > 0 {
		n.violate(em, faults...)
		return
	}
	*next = fCnt + 1
	d := Received{
		Node: n.cfg.Name, DevAddr: s.devAddr, Site: em.site, Count: em.Count, Window: w.name, Offset: offset,
		FCnt: fCnt, ACK: f.ACK(), FPending: f.FCtrl&lorawan.FCtrlFPending != 0,
		Confirmed: f.MType == lorawan.ConfirmedDown, FOpts: f.FOpts, HasFPort: f.HasPort, FPort: f.FPort, Payload: f.Payload,
	}
	n.settle(em, s, f, u, w, &d)
	n.rec.receive(d)
	n.poke()
}

// settle does what a valid downlink asks for.
func (n *Node) settle(em heard, s *session, f lorawan.Data, u *uplink, w window, d *Received) {
	if w.name != windowRXC || s.version != lorawan.V104 {
		s.adrCount = 0 // 1.0.4 counts class A downlinks only
	}
	if s.ack = d.Confirmed; s.ack {
		s.ackFCnt, s.ackDue = uint16(d.FCnt), due{w.name, em.site, em.Count}
	}
	acks := n.acknowledged(em, f, u)
	if w.name != windowRXC {
		s.mac.delivered()
	}
	d.Commands = n.obey(em, s, f)
	s.urgent = d.Confirmed && n.class(s) == ClassC ||
		n.cfg.Prompt && (d.Confirmed || d.FPending || len(s.mac.answers) > 0)
	// At random, so that many nodes do not answer at once, and long before
	// CLASS_C_RESP_TIMEOUT.
	s.speakAt = n.now().Add(time.Second + time.Duration(n.rng.Int64N(int64(2*time.Second))))
	switch {
	case u == nil:
	case w.name != windowRXC:
		u.close()
	default:
		u.heard = true
		if acks {
			u.signal()
		}
	}
}

// frameFaults lists what is wrong with a downlink in clear whatever the
// session. dwell says whether the network limits its own downlinks.
func (n *Node) frameFaults(em heard, f lorawan.Data, dwell bool) []fault {
	var out []fault
	add := func(bad bool, rule Rule, format string, args ...any) {
		if bad {
			out = append(out, fault{rule, fmt.Sprintf(format, args...)})
		}
	}
	size := len(em.Payload) - 1 - lorawan.FHDRSize - lorawan.MICSize
	if f.HasPort {
		size-- // FPort
	}
	if dr, ok := n.cfg.Region.Index(em.DataRate); ok {
		limit := n.cfg.Region.MaxPayload(dr, false)
		add(size > limit, RuleSize, "%d bytes of FOpts and FRMPayload, %s bears %d", size, em.DataRate, limit)
	}
	add(dwell && !regional.KeepsDwell(em.Airtime), RuleDwell, "%s on the air, with DownlinkDwellTime set", em.Airtime)
	add(f.FCtrl&lorawan.FCtrlADRACKReq != 0, RuleReserved, "bit 6 of FCtrl is RFU in downlinks")
	add(f.HasPort && f.FPort > 224, RuleReserved, "FPort %d is reserved", f.FPort)
	add(f.HasPort && f.FPort == 0 && len(f.FOpts) > 0, RuleCommand, "MAC commands in FOpts and on FPort 0")
	return out
}

// classCRespTimeout is how long a network waits for the answer to a confirmed
// class C downlink before it sends another: CLASS_C_RESP_TIMEOUT.
const classCRespTimeout = 8 * time.Second

// due is a confirmed downlink that no uplink has answered yet.
type due struct {
	window string
	site   int
	count  uint32
}

// classCFaults lists what a network may not do to a node that always listens:
// section 16 of 1.0.4.
func (s *session) classCFaults(em heard, f lorawan.Data, w window) []fault {
	if w.name != windowRXC {
		return nil
	}
	var out []fault
	if s.version == lorawan.V104 && (len(f.FOpts) > 0 || f.HasPort && f.FPort == 0) {
		out = append(out, fault{RuleCommand, "MAC commands in a class C downlink: the node discards it"})
	}
	if f.MType == lorawan.ConfirmedDown && s.ack {
		waited := time.Duration(int32(em.Count-s.ackDue.count)) * time.Microsecond
		if s.ackDue.window != windowRXC || s.ackDue.site == em.site && waited < classCRespTimeout {
			out = append(out, fault{RuleConfirmed, fmt.Sprintf("confirmed, although FCntDown %d waits for its ACK", s.ackFCnt)})
		}
	}
	return out
}

// refusal says why counter fCnt is refused when next is the lowest allowed.
func (c counter) refusal(fCnt, next uint32) (string, bool) {
	switch c {
	case counterReused:
		return fmt.Sprintf("FCntDown %d, but %d was used already", fCnt, next-1), true
	case counterGap:
		return fmt.Sprintf("FCntDown %d is %d ahead of %d, more than MAX_FCNT_GAP %d allows", fCnt, fCnt-next, next, maxFCntGap), true
	case counterUnknown:
		return "no FCntDown makes the MIC right", true
	case counterFresh:
	}
	return "", false
}

// acknowledged notes the ACK bit of a downlink that answers u, and reports
// whether it has one.
func (n *Node) acknowledged(em heard, f lorawan.Data, u *uplink) bool {
	switch {
	case !f.ACK():
		return false
	case u == nil || u.frame == nil:
		n.violate(em, fault{RuleACK, "ACK without a data uplink"})
	case !u.frame.Confirmed:
		n.violate(em, fault{RuleACK, fmt.Sprintf("ACK to uplink %d, which was not confirmed", u.frame.FCnt)})
	case !n.rec.acked(u.frame):
		n.violate(em, fault{RuleACK, fmt.Sprintf("second ACK to uplink %d", u.frame.FCnt)})
	}
	return true
}
