package concentratord

import (
	"encoding/binary"
	"time"

	"gatewayd/radio"
)

const (
	// recentSize is how many frames can be answered: eight channels at the
	// fastest data rate leave 16 s.
	recentSize = 512

	// maxDelay is the longest delay from an uplink: LoRaWAN's RX1 opens at
	// most 15 s after it, and RX2 a second later.
	maxDelay = 16 * time.Second

	// counterSize is the size of a context that is the concentrator's counter.
	counterSize = 4
)

// origin is a frame from which a downlink can be timed.
type origin struct {
	ticks   radio.Ticks
	context []byte
}

// recent holds the latest frames. The zero value is empty.
type recent struct {
	origins []origin
	next    int // the oldest, once there are recentSize
}

func (r *recent) add(o origin) {
	if len(r.origins) < recentSize {
		r.origins = append(r.origins, o)
		return
	}
	r.origins[r.next] = o
	r.next = (r.next + 1) % recentSize
}

func (r *recent) clear() { *r = recent{} }

// find returns the frame that a downlink at that time answers: a receive
// window opens whole seconds after it. A downlink that answers none is timed
// by the counter, if that is what contexts are.
func (r *recent) find(at radio.Ticks) (o origin, ok bool) {
	for _, o := range r.origins {
		if d := at.Sub(o.ticks); d > 0 && d <= maxDelay && d%time.Second == 0 {
			return o, true
		}
	}
	for _, o := range r.origins {
		if len(o.context) == counterSize {
			return origin{ticks: at, context: binary.BigEndian.AppendUint32(nil, at.Count())}, true
		}
	}
	return origin{}, false
}

// count is the counter in a context; false if it has another meaning.
func count(context []byte) (uint32, bool) {
	if len(context) != counterSize {
		return 0, false
	}
	return binary.BigEndian.Uint32(context), true
}
