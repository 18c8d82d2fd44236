package radio

import "time"

// Ticks is a concentrator's time in microseconds: its free-running 32-bit
// counter unrolled to 64 bits, so that it never wraps and two values may be
// compared and subtracted. It says nothing about wall time and starts anew
// with each bring-up of the concentrator.
type Ticks int64

// Add returns t moved by d, which is truncated to microseconds.
func (t Ticks) Add(d time.Duration) Ticks { return t + Ticks(d/time.Microsecond) }

// Sub returns t-u as a duration.
func (t Ticks) Sub(u Ticks) time.Duration { return time.Duration(t-u) * time.Microsecond }

// Count returns the 32-bit counter value that the concentrator shows at t.
func (t Ticks) Count() uint32 { return uint32(uint64(t)) }

// Unroller turns readings of a 32-bit microsecond counter, which wraps every
// 71.6 minutes, into Ticks. Readings may arrive somewhat out of order: each
// is placed within half a wrap of the latest seen, so at least one reading is
// needed every 35 minutes. The zero value is ready to use. Not safe for
// concurrent use.
type Unroller struct {
	last Ticks
	seen bool
}

// Unroll places count next to the latest reading.
func (u *Unroller) Unroll(count uint32) Ticks {
	if !u.seen {
		u.seen = true
		// One wrap up, so that a reading a little older than the first is not negative.
		u.last = Ticks(1)<<32 + Ticks(count)
		return u.last
	}
	t := u.last + Ticks(int32(count-u.last.Count()))
	if t > u.last {
		u.last = t
	}
	return t
}
