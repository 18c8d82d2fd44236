package bridge

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"gatewayd/radio"
)

// reception is one transmission of a node as all who heard it did. The
// embedded Uplink is the best copy.
type reception struct {
	radio.Uplink
	others []radio.Uplink // best first
	held   bool           // for a while in memory, because the store could not be written
}

// receivers are all copies, best first.
func (r reception) receivers() []radio.Uplink {
	return append([]radio.Uplink{r.Uplink}, r.others...)
}

// merge orders the copies of one transmission: the best receiver, which is
// also the best transmitter for the answer, first.
func merge(copies []radio.Uplink) reception {
	best := map[receiver]radio.Uplink{}
	for _, u := range copies {
		// One concentrator hears a strong frame on neighbouring channels too.
		if b, ok := best[receiverOf(u)]; !ok || better(u, b) < 0 {
			best[receiverOf(u)] = u
		}
	}
	sorted := make([]radio.Uplink, 0, len(best))
	for _, u := range best {
		sorted = append(sorted, u)
	}
	slices.SortFunc(sorted, better)
	return reception{Uplink: sorted[0], others: sorted[1:]}
}

// better sorts by SNR, then RSSI, then name.
func better(a, b radio.Uplink) int {
	return cmp.Or(
		cmp.Compare(b.SNR, a.SNR), cmp.Compare(b.RSSI, a.RSSI),
		cmp.Compare(a.Concentrator, b.Concentrator), slices.Compare(a.Gateway[:], b.Gateway[:]),
	)
}

// receiver is one gateway: a concentrator may be a socket to several.
type receiver struct {
	concentrator string
	gateway      radio.EUI64
}

func receiverOf(u radio.Uplink) receiver { return receiver{u.Concentrator, u.Gateway} }

// dedup holds back the first copy of a frame for a window, so that one message
// can name every receiver and the best of them can answer. As long as only one
// receiver hears anything nothing is held back. Owned by Bridge.Run.
type dedup struct {
	window  time.Duration
	seen    map[receiver]time.Time // when it last heard something
	waiting map[string]*group      // by PHYPayload
	order   []*group               // by time
}

type group struct {
	key    string
	due    time.Time
	copies []radio.Uplink
}

// maxReceivers bounds what somebody who invents gateways can fill.
const maxReceivers = 256

// maxGroups bounds what a flood can hold back: beyond it frames pass at once.
const maxGroups = 1024

func newDedup(window time.Duration) *dedup {
	return &dedup{window: window, seen: map[receiver]time.Time{}, waiting: map[string]*group{}}
}

// add takes one copy heard at now. It returns the frame if it need not wait.
func (d *dedup) add(u radio.Uplink, now time.Time) (reception, bool) {
	if _, known := d.seen[receiverOf(u)]; known || len(d.seen) < maxReceivers {
		d.seen[receiverOf(u)] = now
	}
	if d.window <= 0 || d.alone(now) {
		return reception{Uplink: u}, true
	}
	key := string(u.Payload)
	if g := d.waiting[key]; g != nil {
		g.copies = append(g.copies, u)
		return reception{}, false
	}
	if len(d.order) >= maxGroups {
		return reception{Uplink: u}, true
	}
	g := &group{key: key, due: now.Add(d.window), copies: []radio.Uplink{u}}
	d.waiting[key] = g
	d.order = append(d.order, g)
	return reception{}, false
}

// forgetReceiver is when a receiver that hears nothing is no longer waited for.
const forgetReceiver = time.Hour

// alone forgets receivers that have fallen silent, and reports whether one is
// left.
func (d *dedup) alone(now time.Time) bool {
	if len(d.seen) > 1 {
		maps.DeleteFunc(d.seen, func(_ receiver, last time.Time) bool { return now.Sub(last) > forgetReceiver })
	}
	return len(d.seen) <= 1
}

// receivers are those that hear anything, in order of their names.
func (d *dedup) receivers() []receiver {
	return slices.SortedFunc(maps.Keys(d.seen), func(a, b receiver) int {
		return cmp.Or(cmp.Compare(a.concentrator, b.concentrator), slices.Compare(a.gateway[:], b.gateway[:]))
	})
}

// next is when the first window ends; zero if none is open.
func (d *dedup) next() time.Time {
	if len(d.order) == 0 {
		return time.Time{}
	}
	return d.order[0].due
}

// due returns the frames whose windows have ended by now, in order.
func (d *dedup) due(now time.Time) []reception {
	var ready []reception
	for len(d.order) > 0 && !d.order[0].due.After(now) {
		g := d.order[0]
		d.order = d.order[1:]
		delete(d.waiting, g.key)
		ready = append(ready, merge(g.copies))
	}
	return ready
}

// latest is when the last window ends.
func (d *dedup) latest() time.Time {
	if len(d.order) == 0 {
		return time.Time{}
	}
	return d.order[len(d.order)-1].due
}
