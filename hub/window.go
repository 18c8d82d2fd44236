package hub

import "time"

// flight is a message on its way to the hub.
type flight struct {
	seq  uint64
	id   uint16 // MQTT packet id
	sent time.Time
}

// window holds the messages of one session that wait for their PUBACK, in the
// order they were sent.
type window struct {
	flights []flight
}

// add appends a message. It reports false if the packet id is in use, which
// would make an acknowledgement ambiguous.
func (w *window) add(f flight) bool {
	for _, g := range w.flights {
		if g.id == f.id {
			return false
		}
	}
	w.flights = append(w.flights, f)
	return true
}

// settle removes the message with packet id and returns its Seq.
func (w *window) settle(id uint16) (seq uint64, ok bool) {
	for i, f := range w.flights {
		if f.id == id {
			w.flights = append(w.flights[:i], w.flights[i+1:]...)
			return f.seq, true
		}
	}
	return 0, false
}

// room is how many more may be sent.
func (w *window) room() int { return maxInFlight - len(w.flights) }

func (w *window) empty() bool { return len(w.flights) == 0 }

// oldest is when the first of those that wait was sent.
func (w *window) oldest() (sent time.Time, ok bool) {
	if w.empty() {
		return time.Time{}, false
	}
	return w.flights[0].sent, true
}
