package radiotest

import "time"

// instant is the simulator's time: microseconds since it was made. It never
// wraps; the device's 32-bit counter is derived from it.
type instant int64

func (t instant) add(d time.Duration) instant { return t + instant(d/time.Microsecond) }

func (t instant) sub(u instant) time.Duration { return time.Duration(t-u) * time.Microsecond }
