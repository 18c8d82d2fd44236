package hub

import (
	"sync"
	"time"
)

// alarm names one deadline of a device.
type alarm uint8

// The deadlines.
const (
	alarmPing    alarm = iota // the line has been quiet: PINGREQ
	alarmSilence              // PINGRESP is overdue
	alarmPubAck               // the oldest PUBACK is overdue
	alarmRenew                // the token should be renewed
	alarmExpiry               // it must be, whoever else renews
	alarmSteady               // the connection has lasted
	alarmLinger               // nothing has happened for a while
	alarmDrain                // no more patience with what is in flight
	alarmFeed                 // the feed may be asked again
	alarmTwin                 // the twin may be read again, or its answer is overdue
	alarmReport               // the same of reported properties
	alarmCloud                // a C2D message may be offered again
	alarmCount
)

// alarms are the deadlines of one device behind one timer of the runtime,
// whose timers are one heap for all: an idle device costs a hundred bytes
// here and no goroutine.
type alarms struct {
	ring func(alarm) // called for each that is due, in a goroutine of its own

	mu    sync.Mutex
	begin time.Time
	at    [alarmCount]time.Duration // since begin, plus one; zero: not set
	armed time.Duration             // the one that timer waits for; zero: none
	timer *time.Timer
}

// set makes k ring after d, and not when it was to ring before.
func (a *alarms) set(k alarm, d time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.begin.IsZero() {
		a.begin = time.Now()
	}
	a.at[k] = time.Since(a.begin) + max(d, 0) + 1
	a.arm()
}

// clear makes k silent.
func (a *alarms) clear(k alarm) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.at[k] = 0
}

// stop makes all silent.
func (a *alarms) stop() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.at = [alarmCount]time.Duration{}
	a.armed = 0
	if a.timer != nil {
		a.timer.Stop()
	}
}

// arm sets the timer for the first deadline, unless it rings before that
// anyway. a.mu is held.
func (a *alarms) arm() {
	first := time.Duration(0)
	for _, at := range a.at {
		if at != 0 && (first == 0 || at < first) {
			first = at
		}
	}
	if first == 0 || a.armed != 0 && a.armed <= first {
		return
	}
	a.armed = first
	wait := first - 1 - time.Since(a.begin)
	if a.timer == nil {
		a.timer = time.AfterFunc(wait, a.fire)
		return
	}
	a.timer.Reset(wait)
}

// fire rings what is due.
func (a *alarms) fire() {
	for _, k := range a.due() {
		a.ring(k)
	}
}

// due takes out what is due, and sets the timer for the next.
func (a *alarms) due() []alarm {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Since(a.begin)
	var due []alarm
	for k, at := range a.at {
		if at != 0 && at-1 <= now {
			a.at[k] = 0
			due = append(due, alarm(k))
		}
	}
	a.armed = 0
	a.arm()
	return due
}
