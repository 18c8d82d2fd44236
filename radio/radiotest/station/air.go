package station

import (
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"gatewayd/radio/radiotest"
)

// Of s2conf.h.
const (
	aimGap      = 20 * time.Millisecond  // TX_AIM_GAP
	minGap      = 10 * time.Millisecond  // TX_MIN_GAP
	maxAhead    = 600 * time.Second      // TX_MAX_AHEAD
	backoff     = 100 * time.Millisecond // CLASS_C_BACKOFF_BY
	backoffs    = 10                     // CLASS_C_BACKOFF_MAX
	sessionBits = 48

	// emissionsBuffered is the size of the Emissions channel. When nobody
	// reads, later emissions are left out of it.
	emissionsBuffered = 1024
)

// air is a concentrator's time and transmitter. All its methods are safe for
// concurrent use.
type air struct {
	emissions chan radiotest.Emission

	mu      sync.Mutex // guards the rest
	session int64      // above the microseconds of xtime; 0: off
	powered time.Time
	first   int64 // microseconds at powered
	jobs    []*job
	sent    uint64
}

// job is a frame on the queue or on air.
type job struct {
	start, end time.Time
	emission   radiotest.Emission
	timer      *time.Timer
	onAir      func(xtime int64)
}

func newAir() *air { return &air{emissions: make(chan radiotest.Emission, emissionsBuffered)} }

// start powers the radio up in a new session, with its counter at first. What
// was queued is gone.
func (a *air) start(first int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.clear()
	old := a.session
	for a.session == old {
		a.session = int64(rand.N(255) + 1)
	}
	a.powered, a.first = time.Now(), first
}

// stop switches it off.
func (a *air) stop() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.clear()
	a.session = 0
}

func (a *air) clear() {
	for _, j := range a.jobs {
		j.timer.Stop()
	}
	a.jobs = nil
}

// xtime is the station's time now, 0 if it is off.
func (a *air) xtime() int64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.session == 0 {
		return 0
	}
	return a.at(time.Now())
}

func (a *air) at(t time.Time) int64 {
	return a.session<<sessionBits + a.first + t.Sub(a.powered).Microseconds()
}

// host is the reverse; false for another session.
func (a *air) host(xtime int64) (time.Time, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	us := xtime&(1<<sessionBits-1) - a.first
	return a.powered.Add(time.Duration(us) * time.Microsecond), a.session != 0 && xtime>>sessionBits == a.session
}

// deaf reports whether the concentrator sends during any part of a packet that
// ends now and lasts airtime.
func (a *air) deaf(airtime time.Duration) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Now()
	return slices.ContainsFunc(a.jobs, func(j *job) bool {
		return !j.start.After(now) && j.end.After(now.Add(-airtime))
	})
}

// add queues em for start; false if it cannot be sent then. onAir is called
// when it is.
func (a *air) add(em radiotest.Emission, start time.Time, onAir func(xtime int64)) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Now()
	a.jobs = slices.DeleteFunc(a.jobs, func(j *job) bool { return j.end.Before(now.Add(-5 * time.Second)) })
	ahead := start.Sub(now)
	if ahead < aimGap || ahead > maxAhead || a.busy(start, em.Airtime) {
		return false
	}
	em.Count, em.Ahead = uint32(a.at(start)), ahead
	j := &job{start: start, end: start.Add(em.Airtime), emission: em, onAir: onAir}
	j.timer = time.AfterFunc(ahead, func() { a.emit(j) })
	a.jobs = append(a.jobs, j)
	return true
}

func (a *air) busy(start time.Time, airtime time.Duration) bool {
	return slices.ContainsFunc(a.jobs, func(j *job) bool {
		return start.Before(j.end.Add(minGap)) && j.start.Before(start.Add(airtime+minGap))
	})
}

// emit puts j on air, unless it was called off.
func (a *air) emit(j *job) {
	a.mu.Lock()
	on := slices.Contains(a.jobs, j)
	if on {
		a.sent++
		select {
		case a.emissions <- j.emission:
		default:
		}
	}
	xtime := a.at(j.start)
	a.mu.Unlock()
	if on {
		j.onAir(xtime)
	}
}

func (a *air) count() uint64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.sent
}
