package duty

import "time"

const (
	// bucket is the grain of the account: an emission counts up to this much
	// longer than an hour.
	bucket = 10 * time.Second
	// reach is how far apart the times in use at one moment may lie: bookings
	// ahead of the clock and questions about now.
	reach = 10 * time.Minute
	// buckets hold an hour before the oldest time in use, to the latest.
	buckets = int64((hour+reach)/bucket) + 2
)

// window is airtime by the time it ended, over the last hour and more: a ring
// of buckets. Times are since the ledger's start. The zero value is empty.
type window struct {
	ring [buckets]time.Duration
	last int64 // number of the latest bucket
}

// number is the bucket of t. Those before the start are counted down.
func number(t time.Duration) int64 {
	n := int64(t / bucket)
	if t%bucket < 0 {
		n--
	}
	return n
}

func slot(n int64) int64 { return (n%buckets + buckets) % buckets }

// first is the earliest bucket that is kept.
func (w *window) first() int64 { return w.last - buckets + 1 }

// add books airtime that ends at end and returns its bucket. What ends before
// everything that is kept counts as if it ended there.
func (w *window) add(end, airtime time.Duration) int64 {
	n := max(number(end), w.first())
	if n > w.last {
		for i := max(w.last+1, n-buckets+1); i <= n; i++ {
			w.ring[slot(i)] = 0
		}
		w.last = n
	}
	w.ring[slot(n)] += airtime
	return n
}

func (w *window) remove(n int64, airtime time.Duration) {
	if n >= w.first() && n <= w.last {
		w.ring[slot(n)] = max(0, w.ring[slot(n)]-airtime)
	}
}

// since is the airtime that may have ended after t. No hour that touches an
// emission beginning at t+hour holds more: what is booked ahead counts too.
func (w *window) since(t time.Duration) time.Duration {
	var sum time.Duration
	for n := max(number(t), w.first()); n <= w.last; n++ {
		sum += w.ring[slot(n)]
	}
	return sum
}

// wait is how long after at the hour before holds at most room, 0 if no
// waiting helps.
func (w *window) wait(at, room time.Duration) time.Duration {
	if room < 0 {
		return 0
	}
	used := w.since(at - hour)
	for n := max(number(at-hour), w.first()); n <= w.last && used > room; n++ {
		used -= w.ring[slot(n)]
		if used <= room {
			return time.Duration(n+1)*bucket + hour - at
		}
	}
	return 0
}
