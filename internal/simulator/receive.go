package simulator

import (
	"bytes"
	"fmt"
	"time"

	"gatewayd/radio/radiotest"
)

// hear judges whether the node can have heard em, and records why not. u is
// the uplink that em answers. n.mu is held.
func (n *Node) hear(em radiotest.Emission, join bool) (u *uplink, w window, offset time.Duration, ok bool) {
	u, w, offset = n.history.match(em.Count, join)
	if u == nil {
		n.violate(em, fault{RuleWindow, "the node has opened no window yet"})
		return u, w, offset, false
	}
	if faults := w.faults(em, offset, n.cfg.Tolerance); len(faults) > 0 {
		n.violate(em, faults...)
		return u, w, offset, false
	}
	if u.closed {
		n.violate(em, fault{RuleWindow, w.name + ": the uplink was answered already, so the node did not listen"})
		return u, w, offset, false
	}
	return u, w, offset, true
}

// close notes that u was answered.
func (u *uplink) close() {
	u.closed = true
	close(u.answered)
}

// violate records faults of em against this node.
func (n *Node) violate(em radiotest.Emission, faults ...fault) {
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
func (n *Node) stand(f dataFrame, phy []byte) standing {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.session == nil || n.session.devAddr != f.devAddr {
		return stranger
	}
	if _, c := n.session.place(f, phy); c == counterUnknown {
		return namesake
	}
	return addressee
}

// receiveData judges a data downlink for this node and takes it if the node
// can have heard it.
func (n *Node) receiveData(em radiotest.Emission, f dataFrame) {
	n.mu.Lock()
	defer n.mu.Unlock()
	s := n.session
	u, w, offset, ok := n.hear(em, false)
	if !ok {
		return
	}
	fCnt, c := s.place(f, em.Payload)
	if detail, bad := c.refusal(fCnt, s.fCntDown); bad {
		n.violate(em, fault{RuleFCnt, detail})
		return
	}
	s.fCntDown = fCnt + 1
	s.ack = f.mType == confirmedDown
	n.acknowledged(em, f, u)
	n.rec.receive(Received{
		Node: n.cfg.Name, DevAddr: s.devAddr, Count: em.Count, Window: w.name, Offset: offset,
		FCnt: fCnt, ACK: f.fCtrl&fCtrlACK != 0, FPending: f.fCtrl&fCtrlFPending != 0,
		Confirmed: f.mType == confirmedDown, FOpts: bytes.Clone(f.fOpts), HasFPort: f.hasPort, FPort: f.fPort,
		Payload: cryptPayload(s.payloadKey(f.fPort), down, s.devAddr, fCnt, f.payload),
	})
	u.close()
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

// acknowledged notes the ACK bit of a downlink that answers u.
func (n *Node) acknowledged(em radiotest.Emission, f dataFrame, u *uplink) {
	if f.fCtrl&fCtrlACK == 0 {
		return
	}
	if !u.frame.Confirmed {
		n.violate(em, fault{RuleACK, fmt.Sprintf("ACK to uplink %d, which was not confirmed", u.frame.FCnt)})
		return
	}
	if !n.rec.acked(u.frame) {
		n.violate(em, fault{RuleACK, fmt.Sprintf("second ACK to uplink %d", u.frame.FCnt)})
	}
}
