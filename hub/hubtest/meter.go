package hubtest

import (
	"sync"
	"time"
)

// meter counts the day's messages in units of the tier: 0.5 KB for the free
// one, 4 KB else. Source: Microsoft's "Azure IoT Hub pricing information".
type meter struct {
	limit int // 0: none
	unit  int // bytes

	mu   sync.Mutex // guards what follows
	day  string
	used int
}

// newMeter makes the meter of o's tier, which has been checked.
func newMeter(o Options) *meter {
	l, _ := o.Tier.limits(o.Units)
	limit := l.daily
	if o.Quota > 0 {
		limit = o.Quota
	}
	return &meter{limit: limit, unit: l.meter}
}

// take counts a message of so many bytes, unless the day's are used up.
func (m *meter) take(now time.Time, size int) bool {
	units := max(1, (size+m.unit-1)/m.unit)
	m.mu.Lock()
	defer m.mu.Unlock()
	if day := now.UTC().Format(time.DateOnly); day != m.day {
		m.day, m.used = day, 0
	}
	if m.limit > 0 && m.used+units > m.limit {
		return false
	}
	m.used += units
	return true
}

// state is how much of how much is used.
func (m *meter) state() (used, limit int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.used, m.limit
}
