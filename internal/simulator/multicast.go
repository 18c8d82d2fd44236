package simulator

import (
	"fmt"

	"gatewayd/internal/secret"
	"gatewayd/internal/simulator/lorawan"
)

// group is a multicast group as one node has it.
type group struct {
	Multicast
	next uint32 // the lowest counter the next downlink may have
}

// newGroups are the groups of c with the keys that McKey gives.
func newGroups(c Config) []*group {
	var out []*group
	for _, m := range c.Multicast {
		if m.McKey != (secret.AES128{}) {
			m.NwkSKey, m.AppSKey = lorawan.MulticastKeys(m.McKey, m.DevAddr)
		}
		out = append(out, &group{Multicast: m, next: m.FCntDown})
	}
	return out
}

// place finds the 32-bit counter under which phy verifies. A group's frames
// have the MIC of 1.0 whatever the node's version: TS005.
func (g *group) place(f lorawan.Data, phy []byte) (uint32, counter) {
	msg, mic := phy[:len(phy)-lorawan.MICSize], phy[len(phy)-lorawan.MICSize:]
	return place(g.next, f.FCnt, false, func(fCnt uint32) bool {
		return lorawan.MIC(g.NwkSKey, lorawan.Down, g.DevAddr, fCnt, 0, msg) == [lorawan.MICSize]byte(mic)
	})
}

// member is the node's group that f is for, nil if there is none.
func (n *Node) member(f lorawan.Data, phy []byte) *group {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, g := range n.groups {
		if g.DevAddr != f.DevAddr {
			continue
		}
		if _, c := g.place(f, phy); c != counterUnknown {
			return g
		}
	}
	return nil
}

// receiveMulticast judges a downlink to g and takes it if the node can have
// heard it.
func (n *Node) receiveMulticast(em heard, f lorawan.Data, g *group) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.session == nil {
		return // not there yet: the network cannot know
	}
	w := n.rxc()
	if g.Frequency != 0 {
		w.hz = g.Frequency
		w.rate, _ = n.cfg.Region.Rate(g.DataRate)
	}
	faults := n.rxcFaults(w, em)
	if n.class(n.session) != ClassC {
		faults = append(faults, fault{RuleWindow, "the network has not confirmed class C yet"})
	}
	fCnt, c := g.place(f, em.Payload)
	if detail, bad := c.refusal(fCnt, g.next); bad {
		faults = append(faults, fault{RuleFCnt, detail})
	}
	faults = append(faults, n.frameFaults(em, f, n.session.radio.dwellDown)...)
	if faults = append(faults, multicastFaults(f)...); len(faults) > 0 {
		n.violate(em, faults...)
		return
	}
	g.next = fCnt + 1
	n.rec.receive(Received{
		Node: n.cfg.Name, DevAddr: g.DevAddr, Multicast: true, Site: em.site, Count: em.Count, Window: w.name,
		FCnt: fCnt, FPending: f.FCtrl&lorawan.FCtrlFPending != 0, HasFPort: true, FPort: f.FPort,
		Payload: lorawan.Crypt(g.AppSKey, lorawan.Down, g.DevAddr, fCnt, f.Payload),
	})
}

// multicastFaults lists what a frame to many nodes may not have: section
// 17.2.1 of 1.1, class C multicast.
func multicastFaults(f lorawan.Data) []fault {
	var out []fault
	add := func(bad bool, detail string) {
		if bad {
			out = append(out, fault{RuleMulticast, detail})
		}
	}
	add(f.MType != lorawan.UnconfirmedDown, "confirmed: nobody can answer for all")
	add(f.FCtrl&(lorawan.FCtrlADR|lorawan.FCtrlACK|lorawan.FCtrlADRACKReq) != 0, fmt.Sprintf("FCtrl %02X: ADR, ACK and ADRACKReq must be 0", f.FCtrl))
	add(len(f.FOpts) > 0 || !f.HasPort || f.FPort == 0, "MAC commands, or no application port")
	return out
}
