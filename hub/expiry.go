package hub

import (
	"context"
	"time"

	"go.uber.org/zap"
)

// expiryInterval is how often ready-made tokens and certificates are looked
// at.
const expiryInterval = 10 * time.Minute

// expiryNotice returns how many of the three warnings are due for a token
// that is good for another left: a week, a day and an hour before its end.
func expiryNotice(left time.Duration) int {
	n := 0
	for _, before := range [...]time.Duration{7 * 24 * time.Hour, 24 * time.Hour, time.Hour} {
		if left <= before {
			n++
		}
	}
	return n
}

// expiryWatch warns of ready-made tokens and of certificates before they
// expire, connected or not. Its map belongs to the goroutine in run.
type expiryWatch struct {
	clock Clock
	log   *zap.Logger
	wake  chan struct{}      // capacity 1
	told  map[Credential]int // warnings given
}

func newExpiryWatch(clock Clock, log *zap.Logger) *expiryWatch {
	return &expiryWatch{clock: clock, log: log, wake: make(chan struct{}, 1), told: make(map[Credential]int)}
}

// look makes run look at once: the devices have changed.
func (w *expiryWatch) look() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// run looks at the devices from time to time until ctx ends.
func (w *expiryWatch) run(ctx context.Context, devices func() []Device) {
	if err := w.clock.WaitTrusted(ctx); err != nil {
		<-ctx.Done()
		return
	}
	tick := time.NewTicker(expiryInterval)
	defer tick.Stop()
	for {
		w.check(w.clock.Now(), devices())
		select {
		case <-tick.C:
		case <-w.wake:
		case <-ctx.Done():
			return
		}
	}
}

// check warns of each token that has passed a mark since the last time.
func (w *expiryWatch) check(now time.Time, devices []Device) {
	current := make(map[Credential]int)
	for _, d := range devices {
		expires, ready := Expiry(d.Credential)
		if !ready {
			continue
		}
		left := expires.Sub(now)
		current[d.Credential] = expiryNotice(left)
		if current[d.Credential] > w.told[d.Credential] && left > 0 {
			w.log.Warn(expirySentence(d.Credential),
				zap.String("device", d.name()), zap.Time("expires", expires), zap.Duration("in", left.Round(time.Second)))
		}
	}
	w.told = current
}

// expirySentence says what to do about a credential that is about to expire.
func expirySentence(c Credential) string {
	if _, is := c.(certificate); is {
		return "the certificate of this device is about to expire: put renewed files in its place, they are read when they change"
	}
	return "the SAS token of this device was made elsewhere and cannot be renewed: put in a new one before it expires, or the device key"
}
