package hub

import "time"

// flight is a message on its way to the hub, or a batch of them.
type flight struct {
	id   uint16 // MQTT packet id
	seq  uint64 // of the last message in it
	more []uint64
	sent time.Time
}

// window holds what was sent in one session and waits for its PUBACK, in the
// order it was sent.
type window struct {
	flights []flight // nil when there are none: most of the time there are
	latest  uint16   // packet id
}

// add appends a flight and gives it a packet id that none in flight has.
func (w *window) add(f flight) (id uint16) {
	for w.latest++; w.latest == 0 || w.has(w.latest); w.latest++ {
		continue
	}
	f.id = w.latest
	w.flights = append(w.flights, f)
	return f.id
}

func (w *window) has(id uint16) bool {
	for _, f := range w.flights {
		if f.id == id {
			return true
		}
	}
	return false
}

// settle removes the flight with packet id and returns it.
func (w *window) settle(id uint16) (f flight, ok bool) {
	for i, f := range w.flights {
		if f.id != id {
			continue
		}
		w.flights = append(w.flights[:i], w.flights[i+1:]...)
		if len(w.flights) == 0 {
			w.flights = nil
		}
		return f, true
	}
	return flight{}, false
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
