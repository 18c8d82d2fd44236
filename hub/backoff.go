package hub

import "time"

// Limits of the waits between attempts.
const (
	minBackoff    = time.Second
	maxBackoff    = 5 * time.Minute
	minSlow       = time.Minute
	maxSlow       = 5 * time.Minute
	minQuarantine = 10 * time.Minute
	maxQuarantine = time.Hour
)

// backoff spaces the attempts of one device: exponential with full jitter, so
// that devices which lost the hub together do not come back together.
type backoff struct {
	limit      time.Duration  // of the latest wait
	quarantine time.Duration  // the latest, before its jitter
	random     func() float64 // in [0,1)
	haste      int            // how many times shorter each wait is; tests have no hours
}

// next returns the next wait, from nothing to a limit that doubles each time.
func (b *backoff) next() time.Duration {
	b.limit = min(max(2*b.limit, minBackoff), maxBackoff)
	return b.hurried(b.random() * float64(b.limit))
}

// slow returns a wait for what a quick attempt cannot cure.
func (b *backoff) slow() time.Duration {
	return b.hurried(float64(minSlow) + b.random()*float64(maxSlow-minSlow))
}

// isolate returns a wait for what an attempt makes worse: half an hour and
// more, in the end.
func (b *backoff) isolate() time.Duration {
	b.quarantine = min(max(2*b.quarantine, minQuarantine), maxQuarantine)
	return b.hurried(float64(b.quarantine) * (1 + b.random()) / 2)
}

// reset starts again from the shortest wait. A quarantine is only forgotten
// by forgive: the connection that it is for works, too, for a moment.
func (b *backoff) reset() { b.limit = 0 }

// forgive forgets everything.
func (b *backoff) forgive() { b.limit, b.quarantine = 0, 0 }

func (b *backoff) hurried(wait float64) time.Duration {
	return time.Duration(wait) / time.Duration(max(b.haste, 1))
}
