package hub

import "time"

// Limits of the waits between attempts.
const (
	minBackoff = time.Second
	maxBackoff = 5 * time.Minute
	minSlow    = time.Minute
	maxSlow    = 5 * time.Minute
)

// backoff spaces the attempts of one device: exponential with full jitter, so
// that devices which lost the hub together do not come back together.
type backoff struct {
	limit  time.Duration  // of the latest wait
	random func() float64 // in [0,1)
}

// next returns the next wait, from nothing to a limit that doubles each time.
func (b *backoff) next() time.Duration {
	b.limit = min(max(2*b.limit, minBackoff), maxBackoff)
	return time.Duration(b.random() * float64(b.limit))
}

// slow returns a wait for what a quick attempt cannot cure.
func (b *backoff) slow() time.Duration {
	return minSlow + time.Duration(b.random()*float64(maxSlow-minSlow))
}

// reset starts again from the shortest wait.
func (b *backoff) reset() { b.limit = 0 }
