package hub

import (
	"sync"
	"time"

	"go.uber.org/zap"
)

// QuotaPolicy says what is done when a hub's daily messages run short. When
// they are used up, messages wait for 00:00 UTC whatever the policy: the hub
// would cut every connection that sends one.
type QuotaPolicy string

// The policies.
const (
	QuotaHold    QuotaPolicy = "hold"              // go on until they are used up; the default
	QuotaBatch   QuotaPolicy = "batch"             // put several messages of a device into one, if its Feed is a Batcher
	QuotaDropLow QuotaPolicy = "drop-low-priority" // drop messages marked Low, if their Feed is a Dropper
)

// QuotaCount is what has been counted of one hub's day.
type QuotaCount struct {
	Day   string    // in UTC, as 2006-01-02
	Since time.Time // the counting began
	Used  uint64    // messages, in the tier's chunks
}

// QuotaStore keeps the counts over a restart. It may be called from any
// goroutine, every minute at most.
type QuotaStore interface {
	// Load returns what was saved for the hub of that host, or a zero value.
	Load(host string) (QuotaCount, error)
	Save(host string, c QuotaCount) error
}

// QuotaStatus is what is known of a hub's daily messages: as far as this
// gateway used them.
type QuotaStatus struct {
	Host     string
	Day      string // in UTC, as 2006-01-02
	Used     uint64 // messages so far, in the tier's chunks
	Limit    uint64 // of the tier
	Forecast uint64 // Used at the day's end, if it goes on as it did
	Short    bool   // Forecast is over Limit
}

// forecastAfter is how much of a day must have been counted to foretell the
// rest.
const forecastAfter = 30 * time.Minute

// accountant counts the messages of one hub's day and warns once when they
// run short and once when they are used up.
type accountant struct {
	host   string
	limits throttle
	policy QuotaPolicy
	now    func() time.Time
	store  QuotaStore // nil: none
	log    *zap.Logger

	mu        sync.Mutex
	count     QuotaCount
	saved     QuotaCount
	toldShort bool
	toldOut   bool
}

func newAccountant(o Options, h Hub, limits throttle) *accountant {
	a := &accountant{
		host: h.Host, limits: limits, policy: h.Quota,
		now: o.Clock.Now, store: o.QuotaStore, log: o.Log.With(zap.String("hub", h.Host)),
	}
	if a.store == nil {
		return a
	}
	count, err := a.store.Load(h.Host)
	if err != nil {
		a.log.Warn("cannot read how much of the hub's daily quota is used, counting from zero", zap.Error(err))
	}
	a.count, a.saved = count, count
	return a
}

// add counts something of that many bytes.
func (a *accountant) add(bytes int) {
	if a == nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.today()
	a.count.Used += uint64(max(1, (bytes+a.limits.chunk-1)/a.limits.chunk))
}

// today starts a new count on a new day, and returns the time in UTC. A clock
// that is set back a little brings nothing back; a day further off than
// tomorrow was counted by one that was wrong. a.mu is held.
func (a *accountant) today() time.Time {
	now := a.now().UTC()
	day, tomorrow := now.Format(time.DateOnly), midnight(now).Format(time.DateOnly)
	if day > a.count.Day || a.count.Day > tomorrow {
		a.count = QuotaCount{Day: day, Since: now}
		a.toldShort, a.toldOut = false, false
	}
	return now
}

// forecast is the use at the day's end. a.mu is held.
func (a *accountant) forecast(now time.Time) uint64 {
	counted := now.Sub(a.count.Since)
	if counted < forecastAfter {
		return a.count.Used
	}
	left := midnight(now).Sub(now)
	return a.count.Used + uint64(float64(a.count.Used)*left.Seconds()/counted.Seconds())
}

// midnight is when the day of now, in UTC, ends.
func midnight(now time.Time) time.Time {
	return now.Truncate(24 * time.Hour).Add(24 * time.Hour)
}

// advice is how to treat the next message.
type advice struct {
	hold    time.Duration // wait that long; zero: send
	batch   bool
	dropLow bool
}

// advise looks at the account, and speaks up when that has changed.
func (a *accountant) advise() advice {
	if a == nil {
		return advice{}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.today()
	if a.count.Used >= a.limits.daily {
		if !a.toldOut {
			a.toldOut = true
			a.log.Warn("the hub's daily message quota is used up: messages wait until 00:00 UTC; for more, add units to the hub",
				zap.Uint64("quota", a.limits.daily))
		}
		return advice{hold: midnight(now).Sub(now)}
	}
	forecast := a.forecast(now)
	if forecast <= a.limits.daily {
		return advice{}
	}
	if !a.toldShort {
		a.toldShort = true
		a.log.Warn("the hub's daily message quota will not last until 00:00 UTC: nodes should send less often, or the hub needs more units",
			zap.Uint64("used", a.count.Used), zap.Uint64("forecast", forecast), zap.Uint64("quota", a.limits.daily),
			zap.String("policy", string(a.policy)))
	}
	return advice{batch: a.policy == QuotaBatch, dropLow: a.policy == QuotaDropLow}
}

// status is the account for people to read.
func (a *accountant) status() QuotaStatus {
	a.mu.Lock()
	defer a.mu.Unlock()
	forecast := a.forecast(a.today())
	return QuotaStatus{
		Host: a.host, Day: a.count.Day, Used: a.count.Used,
		Limit: a.limits.daily, Forecast: forecast, Short: forecast > a.limits.daily,
	}
}

// save keeps the count, if it has changed.
func (a *accountant) save() {
	if a == nil || a.store == nil {
		return
	}
	a.mu.Lock()
	count, changed := a.count, a.count != a.saved
	a.mu.Unlock()
	if !changed {
		return
	}
	if err := a.store.Save(a.host, count); err != nil {
		a.log.Warn("cannot keep how much of the hub's daily quota is used", zap.Error(err))
		return
	}
	a.mu.Lock()
	a.saved = count
	a.mu.Unlock()
}
