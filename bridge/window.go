package bridge

import (
	"time"

	"gatewayd/radio"
)

// macOverhead is what a MACPayload has beside FOpts and FRMPayload: DevAddr,
// FCtrl, FCnt and FPort.
const macOverhead = 4 + 1 + 2 + 1

// window is one receive window of a node: when after the end of its uplink,
// and how the downlink must be sent.
type window struct {
	delay     time.Duration
	frequency uint32 // Hz; 0: there is no such window
	dataRate  radio.DataRate
	max       int // bytes of MACPayload
}

// fits reports whether a MACPayload of size bytes may be sent in w.
func (w window) fits(size int) bool { return w.frequency != 0 && size <= w.max }

// dataWindows are RX1 and RX2 after a data uplink, as the session's node uses
// them.
func (b *Bridge) dataWindows(s *session, f *dataFrame) (rx1, rx2 window) {
	p := &s.mac.Params
	delay := time.Duration(p.RXDelay) * time.Second
	if at, dr, ok := b.region.RX1(f.Frequency, f.dataRate, p.RX1DROffset, p.DownlinkDwell); ok && f.rateKnown {
		rx1 = b.window(delay, p.RX1Frequency(f.channel, at), dr, p.DownlinkDwell)
	}
	return rx1, b.window(delay+time.Second, p.RX2Frequency, p.RX2DataRate, p.DownlinkDwell)
}

// joinWindows are RX1 and RX2 after a join request: those of the region,
// whatever the node is to use afterwards.
func (b *Bridge) joinWindows(up radio.Uplink) (rx1, rx2 window) {
	d := b.region.Defaults()
	if dr, ok := b.region.DataRateIndex(up.DataRate, true); ok {
		if f, down, ok := b.region.RX1(up.Frequency, dr, 0, false); ok {
			rx1 = b.window(d.JoinDelay1, f, down, false)
		}
	}
	return rx1, b.window(d.JoinDelay2, d.JoinRX2Frequency, d.JoinRX2DataRate, false)
}

// window is the zero window where the region has no such data rate.
func (b *Bridge) window(delay time.Duration, frequency uint32, dr uint8, dwell bool) window {
	rate, ok := b.region.DataRate(dr)
	if !ok {
		return window{}
	}
	return window{delay: delay, frequency: frequency, dataRate: rate, max: b.region.MaxPayload(dr, dwell)}
}

// pushWindow is where a node that listens all the time does so: RX2.
func (b *Bridge) pushWindow(n *nodeState, s *session) window {
	if n.node.Multicast {
		return b.window(0, n.node.Group.Frequency, n.node.Group.DataRate, false)
	}
	p := &s.mac.Params
	return b.window(0, p.RX2Frequency, p.RX2DataRate, p.DownlinkDwell)
}
