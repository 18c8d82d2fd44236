package mac

import "github.com/brocaar/lorawan"

// slot is one thing that a node can be asked for, with its own answer.
type slot uint8

const (
	slotLinkADR slot = iota
	slotDutyCycle
	slotRXParam
	slotDevStatus
	slotRXTiming
	slotTXParam
	slotADRParam
	slotRejoinParam
	slotForceRejoin
	slotNewChannel // and the following: one for each channel
	slotDLChannel  = slotNewChannel + maxChannels
	slots          = slotDLChannel + maxChannels
)

// cid is the command that a slot is asked for with.
func (k slot) cid() lorawan.CID {
	switch {
	case k >= slotDLChannel:
		return lorawan.DLChannelReq
	case k >= slotNewChannel:
		return lorawan.NewChannelReq
	}
	return [...]lorawan.CID{
		slotLinkADR: lorawan.LinkADRReq, slotDutyCycle: lorawan.DutyCycleReq, slotRXParam: lorawan.RXParamSetupReq,
		slotDevStatus: lorawan.DevStatusReq, slotRXTiming: lorawan.RXTimingSetupReq, slotTXParam: lorawan.TXParamSetupReq,
		slotADRParam: lorawan.ADRParamSetupReq, slotRejoinParam: lorawan.RejoinParamSetupReq, slotForceRejoin: lorawan.ForceRejoinReq,
	}[k]
}

// maxPayload is the longest payload of a request other than LinkADRReq.
const maxPayload = 5

const (
	maxRefusals = 3  // of one value, before it is given up
	manySilent  = 8  // unanswered requests in a row that the operator hears of
	maxWait     = 64 // uplinks between two attempts
)

// ask is one request and what has become of it.
type ask struct {
	payload [maxPayload]byte // of the last request; unused by LinkADRReq
	open    bool             // sent since the last uplink
	sent    bool             // not answered yet, be it from longer ago: an answer is still understood
	refused uint8            // times that the value was refused
	silent  uint8            // requests in a row without an answer
	wait    uint8            // uplinks before the next attempt
}

// put notes that payload has been sent.
func (a *ask) put(payload []byte) {
	a.payload = [maxPayload]byte{}
	copy(a.payload[:], payload)
	a.open, a.sent = true, true
}

// miss notes that an uplink came without the answer. The first attempts follow
// each other at once, as frames do get lost; later ones are ever rarer, as
// some nodes never answer.
func (a *ask) miss() {
	a.open = false
	a.silent = min(a.silent, 254) + 1
	if a.silent >= 3 {
		a.wait = uint8(min(1<<min(a.silent-2, 7), maxWait))
	}
}

// refuse notes that the node said no. given says that it was for the last
// time.
func (a *ask) refuse() (given bool) {
	a.open, a.sent, a.silent = false, false, 0
	a.refused = min(a.refused+1, maxRefusals)
	a.wait = 2 << a.refused
	return a.refused == maxRefusals
}

// renew forgets the refusals of another value.
func (a *ask) renew() {
	if a.refused > 0 {
		a.refused, a.wait = 0, 0
	}
}

// wish is a request that brings the node nearer to what is desired.
type wish struct {
	slot slot
	// encoded is the whole command, or the block of LinkADRReq that must not
	// be torn apart.
	encoded []byte
	link    Link // of LinkADRReq
}

func (w wish) payload() []byte { return w.encoded[1:] }

// due says whether w may be sent now.
func (s *State) due(w wish) bool {
	a := &s.asks[w.slot]
	if a.open || s.lately.has(stickyBit(w.slot)) {
		return false
	}
	if !s.asked(w) {
		a.renew()
	}
	return a.wait == 0 && a.refused < maxRefusals
}

// asked says whether w is what its slot was asked for last.
func (s *State) asked(w wish) bool {
	if w.slot == slotLinkADR {
		return s.linkAsked == w.link
	}
	var payload [maxPayload]byte
	copy(payload[:], w.payload())
	return s.asks[w.slot].payload == payload
}

func (s *State) ask(w wish) {
	if w.slot == slotLinkADR {
		s.linkAsked = w.link
		s.asks[w.slot].put(nil)
		return
	}
	s.asks[w.slot].put(w.payload())
}

// pending are the slots of a family that an answer may be for, in the order in
// which they were asked: those asked since the last uplink, and all.
func (s *State) pending(first slot) (open, sent []slot) {
	for k := first; k < first+maxChannels; k++ {
		if s.asks[k].open {
			open = append(open, k)
		}
		if s.asks[k].sent {
			sent = append(sent, k)
		}
	}
	return open, sent
}
