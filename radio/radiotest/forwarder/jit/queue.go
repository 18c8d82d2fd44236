package jit

import (
	"sync"
	"time"

	"gatewayd/radio/radiotest"
)

// Refusals of Add, as Semtech's forwarder writes them.
const (
	TooLate   = "TOO_LATE"
	TooEarly  = "TOO_EARLY"
	Collision = "COLLISION_PACKET"
	QueueFull = "QUEUE_FULL"
)

const (
	startDelay = 1500 * time.Microsecond // TX_START_DELAY
	margin     = time.Millisecond        // TX_MARGIN_DELAY
	jitDelay   = 30 * time.Millisecond   // TX_JIT_DELAY
	least      = 52500 * time.Microsecond
	horizon    = 128 * time.Second // TX_MAX_ADVANCE_DELAY without beacons
	size       = 32                // JIT_QUEUE_MAX

	// emissionsBuffered is the size of the Emissions channel. When nobody
	// reads, later emissions are left out of it.
	emissionsBuffered = 1024
)

// Queue is a concentrator's time and transmitter. All its methods are safe
// for concurrent use.
type Queue struct {
	emissions chan radiotest.Emission

	mu      sync.Mutex // guards the rest
	powered time.Time
	first   uint32 // counter at power-up
	entries []*entry
	sent    uint64
}

// entry is a downlink on the queue or on air.
type entry struct {
	start, end time.Time
	emission   radiotest.Emission
	timer      *time.Timer
}

// New powers the concentrator up with its counter at count.
func New(count uint32) *Queue {
	q := &Queue{emissions: make(chan radiotest.Emission, emissionsBuffered)}
	q.Restart(count)
	return q
}

// Restart powers it up anew: what was queued is gone.
func (q *Queue) Restart(count uint32) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.clear()
	q.powered, q.first = time.Now(), count
}

// Stop empties the queue: nothing more goes on air.
func (q *Queue) Stop() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.clear()
}

func (q *Queue) clear() {
	for _, e := range q.entries {
		e.timer.Stop()
	}
	q.entries = nil
}

// Count is the 32-bit microsecond counter.
func (q *Queue) Count() uint32 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.count(time.Now())
}

func (q *Queue) count(t time.Time) uint32 { return q.first + uint32(t.Sub(q.powered)/time.Microsecond) }

// Emissions gets each frame at the moment its preamble starts. The channel is
// never closed.
func (q *Queue) Emissions() <-chan radiotest.Emission { return q.emissions }

// Sent counts the emissions.
func (q *Queue) Sent() uint64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.sent
}

// Deaf reports whether the concentrator sends during any part of a packet
// that ends now and lasts airtime.
func (q *Queue) Deaf(airtime time.Duration) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := time.Now()
	for _, e := range q.entries {
		if !e.start.After(now) && e.end.After(now.Add(-airtime)) {
			return true
		}
	}
	return false
}

// Add queues em for its Count, or for as soon as possible. The answer is empty
// or one of the refusals.
func (q *Queue) Add(em radiotest.Emission, soon bool) string {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := time.Now()
	q.forget(now)
	if len(q.entries) >= size {
		return QueueFull
	}
	if soon {
		em.Count = q.count(q.free(now.Add(least+margin), em.Airtime))
	}
	// As in the forwarder, a time that has passed is one after the next wrap.
	ahead := time.Duration(em.Count-q.count(now)) * time.Microsecond
	start := now.Add(ahead)
	switch {
	case ahead <= least:
		return TooLate
	case ahead > horizon:
		return TooEarly
	case q.free(start, em.Airtime) != start:
		return Collision
	}
	em.Ahead = ahead
	e := &entry{start: start, end: start.Add(em.Airtime), emission: em}
	e.timer = time.AfterFunc(ahead, func() { q.emit(e) })
	q.entries = append(q.entries, e)
	return ""
}

// free is the first time from start on at which airtime fits.
func (q *Queue) free(start time.Time, airtime time.Duration) time.Time {
	const before = startDelay + jitDelay + margin
	for again := true; again; {
		again = false
		for _, e := range q.entries {
			if start.Add(-before).Before(e.end) && e.start.Add(-before).Before(start.Add(airtime)) {
				start, again = e.end.Add(before), true
			}
		}
	}
	return start
}

// forget drops what was on air more than a packet's length ago.
func (q *Queue) forget(now time.Time) {
	kept := q.entries[:0]
	for _, e := range q.entries {
		if e.end.After(now.Add(-5 * time.Second)) {
			kept = append(kept, e)
		}
	}
	q.entries = kept
}

// emit puts e on air, unless it was called off.
func (q *Queue) emit(e *entry) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, o := range q.entries {
		if o == e {
			q.sent++
			select {
			case q.emissions <- e.emission:
			default:
			}
			return
		}
	}
}
