package hubtest

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/time/rate"
)

var (
	// ErrThrottled is returned when the tier's operations per second or
	// minute are used up.
	ErrThrottled = errors.New("too many requests for the tier (429001 ThrottlingException)")
	// ErrQuota is returned when the day's messages are used up.
	ErrQuota = errors.New("the day's messages are used up until 00:00 UTC (403002 IotHubQuotaExceeded)")
)

// Tier is a size of hub, with the throttles and the daily quota of one unit.
type Tier string

// The tiers. TierNone has neither throttles nor a quota.
const (
	TierNone Tier = ""
	TierF1   Tier = "F1"
	TierS1   Tier = "S1"
	TierS2   Tier = "S2"
	TierS3   Tier = "S3"
)

// limits are what a tier allows a hub of some units. Source: Microsoft's "IoT
// Hub quotas and throttling"; messages per day of the paid tiers: the pricing
// page.
type limits struct {
	connects, d2c          float64 // per second
	twinReads, twinUpdates float64 // per second
	c2d, registry, queries float64 // per second: the page says per minute
	methodBytes            float64 // per second, in steps of 4 KB
	daily, meter           int     // messages; bytes that count as one
}

func (t Tier) limits(units int) (limits, error) {
	u := float64(units)
	perUnit := func(least, each float64) float64 { return max(least, each*u) }
	small := limits{
		connects: perUnit(100, 12), d2c: perUnit(100, 12), twinReads: 100, twinUpdates: 50,
		c2d: 100 * u / 60, registry: 100 * u / 60, queries: 20 * u / 60, methodBytes: 160 << 10 * u, meter: 4096,
	}
	switch t {
	case TierNone:
		return limits{meter: 4096}, nil
	case TierF1:
		small.daily, small.meter = 8000, 512
		return small, nil
	case TierS1:
		small.daily = 400_000 * units
		return small, nil
	case TierS2:
		small.connects, small.d2c = 120*u, 120*u
		small.twinReads, small.twinUpdates = perUnit(100, 10), perUnit(50, 5)
		small.methodBytes, small.daily = 480<<10*u, 6_000_000*units
		return small, nil
	case TierS3:
		return limits{
			connects: 6000 * u, d2c: 6000 * u, twinReads: 500 * u, twinUpdates: 250 * u,
			c2d: 5000 * u / 60, registry: 5000 * u / 60, queries: 1000 * u / 60,
			methodBytes: 24 << 20 * u, daily: 300_000_000 * units, meter: 4096,
		}, nil
	}
	return limits{}, fmt.Errorf("tier %q: want F1, S1, S2 or S3", string(t))
}

// shaper is one throttle: a burst goes through at once, then work is delayed
// to the rate, then it is refused. Microsoft calls it traffic shaping. A nil
// shaper lets everything through.
type shaper struct {
	limiter *rate.Limiter
	queue   time.Duration // the longest delay
}

// newShaper allows perSecond, bursts of so many seconds' worth on top, and
// that delay; nil if perSecond is 0.
func newShaper(perSecond float64, burst, queue time.Duration) *shaper {
	if perSecond == 0 {
		return nil
	}
	size := max(1, int(perSecond*burst.Seconds()))
	return &shaper{rate.NewLimiter(rate.Limit(perSecond), size), queue}
}

// delay is how long one piece of work must wait; ok is false when it is
// refused.
func (s *shaper) delay() (d time.Duration, ok bool) {
	if s == nil {
		return 0, true
	}
	now := time.Now() // throttles run on real time, whatever the hub's clock says
	r := s.limiter.ReserveN(now, 1)
	if d = r.DelayFrom(now); d > s.queue {
		r.CancelAt(now)
		return 0, false
	}
	return d, true
}

// allow lets n units of work through that cannot wait, or not.
func (s *shaper) allow(n int) bool {
	if s == nil {
		return true
	}
	return s.limiter.AllowN(time.Now(), min(n, s.limiter.Burst()))
}

// throttles are the throttles of one hub, which all its devices share.
type throttles struct {
	connects, d2c, c2d     *shaper
	twinReads, twinUpdates *shaper
	registry, queries      *shaper
	methods                *shaper // bytes
}

// newThrottles makes the throttles of o's tier, which has been checked.
func newThrottles(o Options) *throttles {
	l, _ := o.Tier.limits(o.Units)
	// Connections are counted over a second: devices that come back together
	// feel it. The rest may exceed its rate for a while, as the page says.
	burst := func(perSecond float64) *shaper { return newShaper(perSecond, o.ThrottleBurst, o.ThrottleQueue) }
	return &throttles{
		connects: newShaper(l.connects, time.Second, 0), d2c: burst(l.d2c), c2d: burst(l.c2d),
		twinReads: burst(l.twinReads), twinUpdates: burst(l.twinUpdates),
		registry: burst(l.registry), queries: burst(l.queries), methods: burst(l.methodBytes),
	}
}
