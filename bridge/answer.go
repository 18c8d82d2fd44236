package bridge

import (
	"slices"
	"time"

	"gatewayd/bridge/mac"
	"gatewayd/radio"
)

// answerData adds the downlink that follows an accepted uplink, if there is
// anything to say: an acknowledgement, a sign of life (ADRACKReq), answers to
// and requests of the MAC layer, and the next downlink of the queue. What it
// spends is part of the same commit.
func (b *Bridge) answerData(bt *batch, n *nodeState, f *dataFrame, outcome mac.Outcome) {
	b.expire(bt, n)
	st := bt.edit(n)
	s := &st.active
	if f.held {
		return // its windows have passed
	}
	windows := b.order(n, s, f)
	l := letter{ack: f.confirmed, confFCnt: uint16(s.fCntUp), commands: outcome.Answers}
	must := l.ack || outcome.Reply

	l.item = st.pick(windows, len(l.commands))
	if l.item != nil && !windows[0].fits(l.size()) {
		windows[0], windows[1] = windows[1], windows[0]
	}
	more := b.request(n, s, &l, windows[0].max)
	if !must && l.item == nil && len(l.commands) == 0 {
		return
	}
	more = more || st.pending(l.item, windows)
	b.finish(bt, n, s, l, more, b.attempts(f.reception, windows))
}

// acknowledgeAgain repeats the acknowledgement of a confirmed uplink.
func (b *Bridge) acknowledgeAgain(bt *batch, f *dataFrame, m match) {
	st := bt.edit(m.node)
	s := &st.active
	if m.joining {
		s = &st.joining
	}
	l := letter{ack: true, confFCnt: uint16(m.fCnt)}
	b.finish(bt, m.node, s, l, false, b.attempts(f.reception, b.order(m.node, s, f)))
}

// order are the windows after f, the preferred one first.
func (b *Bridge) order(n *nodeState, s *session, f *dataFrame) [2]window {
	rx1, rx2 := b.dataWindows(s, f)
	if n.node.Downlink.RX2First || rx1.frequency == 0 {
		return [2]window{rx2, rx1}
	}
	return [2]window{rx1, rx2}
}

// pick is the first downlink of the queue that fits in one of the windows
// beside commands bytes of FOpts; nil if there is none, if one is still under
// way, or if the commands need a frame of their own.
func (s *state) pick(windows [2]window, commands int) *item {
	if _, busy := s.busy(); busy || commands > maxFOpts {
		return nil
	}
	for _, i := range s.queue {
		size := letter{commands: make([]byte, commands), item: &i}.size()
		if windows[0].fits(size) || windows[1].fits(size) {
			return &i
		}
	}
	return nil
}

// request adds requests of the MAC layer where there is room. It reports
// whether there are more.
func (b *Bridge) request(n *nodeState, s *session, l *letter, most int) (more bool) {
	room := min(maxFOpts-len(l.commands), most-l.size())
	if room < 0 {
		return false
	}
	trial := s.mac
	requests, more := trial.Requests(n.desired(), b.clock.Now(), room)
	if more && l.item == nil {
		// They get a frame of their own if that holds more.
		alone := s.mac
		if wide, rest := alone.Requests(n.desired(), b.clock.Now(), most-macOverhead-len(l.commands)); len(wide) > len(requests) {
			trial, requests, more = alone, wide, rest
		}
	}
	s.mac = trial
	l.commands = append(append([]byte(nil), l.commands...), requests...)
	return more
}

// finish seals l and stages its way to the node.
func (b *Bridge) finish(bt *batch, n *nodeState, s *session, l letter, more bool, attempts []attempt) {
	st := bt.edit(n)
	l.adr = n.node.MAC.ADR.Mode != mac.ADROff && !n.node.Multicast
	l.pending = more
	size := l.size()
	raw, fCnt, ok := s.seal(l)
	if !ok {
		b.log.Warn("the downlink counter is used up: the node must join anew", nodeField(n))
		return
	}
	fl := flight{device: n.node.DeviceID, attempts: fitting(attempts, size), payload: raw}
	if l.item != nil {
		i := *l.item
		i.State, i.FCnt, fl.item = itemFlying, fCnt, i.Seq
		st.put(i)
	}
	bt.flights = append(bt.flights, fl)
}

// pending reports whether a downlink waits behind taken that fits in one of
// the windows.
func (s *state) pending(taken *item, windows [2]window) bool {
	return slices.ContainsFunc(s.queue, func(i item) bool {
		size := letter{item: &i}.size()
		return i.State == itemWaiting && (taken == nil || i.Seq != taken.Seq) && (windows[0].fits(size) || windows[1].fits(size))
	})
}

// push stages the next downlink of a node that listens all the time.
func (b *Bridge) push(bt *batch, n *nodeState) {
	s := &n.view().active
	if n.node.OTAA && (!s.heard || n.view().hasJoining && !n.last.received.After(n.joinedAt)) {
		return // it has not shown yet which session it has
	}
	w := b.pushWindow(n, s)
	next := n.view().pick([2]window{w, w}, 0)
	if next == nil {
		return
	}
	more := n.view().pending(next, [2]window{w, w})
	b.finish(bt, n, &bt.edit(n).active, letter{item: next}, more, b.pushAttempts(n, w))
}

// attempts are the ways to answer r: each window through each gateway that
// heard it, the best first.
func (b *Bridge) attempts(r reception, windows [2]window) []attempt {
	var all []attempt
	for _, w := range windows {
		if w.frequency == 0 {
			continue
		}
		for _, u := range r.receivers() {
			all = append(all, attempt{receiverOf(u), w, u.Received, radio.Downlink{
				At: u.Ticks.Add(w.delay), Frequency: w.frequency, DataRate: w.dataRate, Gateway: u.Gateway,
			}})
		}
	}
	return all
}

// pushAttempts are the ways to send at once: the gateways that heard the node
// last, then the others.
func (b *Bridge) pushAttempts(n *nodeState, w window) []attempt {
	var all []attempt
	for _, r := range b.reaching(n) {
		all = append(all, attempt{r, w, time.Time{}, radio.Downlink{
			Immediate: true, Frequency: w.frequency, DataRate: w.dataRate, Gateway: r.gateway,
		}})
	}
	return all
}

// fitting leaves out the windows that a MACPayload of size bytes does not fit
// in. An empty answer fits everywhere.
func fitting(attempts []attempt, size int) []attempt {
	var fit []attempt
	for _, a := range attempts {
		if a.window.fits(size) {
			fit = append(fit, a)
		}
	}
	return fit
}
