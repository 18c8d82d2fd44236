package mac

import "github.com/brocaar/lorawan"

// lately is a set of things that an uplink carried which nodes repeat from
// uplink to uplink: one event for a row of them is enough, and a repeated
// answer must not be taken for the answer to the next request.
type lately uint16

const (
	lateRXParam lately = 1 << iota
	lateRXTiming
	lateTXParam
	lateDLChannel
	lateReset
	lateRekey
	lateClassB
	lateUnknown
)

func (l lately) has(bits lately) bool { return l&bits != 0 }

// stickyBit is the answer of k, if nodes may repeat it. While they do, k is
// not asked again: whether the answer is for the new request or the old one
// could not be told. A node stops as soon as it has received a downlink.
func stickyBit(k slot) lately {
	switch k.cid() {
	case lorawan.RXParamSetupReq:
		return lateRXParam
	case lorawan.RXTimingSetupReq:
		return lateRXTiming
	case lorawan.TXParamSetupReq:
		return lateTXParam
	case lorawan.DLChannelReq:
		return lateDLChannel
	default:
		return 0
	}
}
