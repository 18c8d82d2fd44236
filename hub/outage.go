package hub

import "time"

// outage decides what is said about a device that cannot connect: each kind
// of trouble once, and the end once.
type outage struct {
	since    time.Time // zero: none
	attempts int
	said     map[string]bool
}

// failed counts a failed attempt and reports whether sentence is new in this
// outage.
func (o *outage) failed(now time.Time, sentence string) (news bool) {
	if o.since.IsZero() {
		o.since, o.said = now, make(map[string]bool)
	}
	o.attempts++
	news = !o.said[sentence]
	o.said[sentence] = true
	return news
}

// over ends the outage, if there is one, and reports since when and how many
// attempts it took, the successful one included.
func (o *outage) over() (since time.Time, attempts int, was bool) {
	if o.since.IsZero() {
		return time.Time{}, 0, false
	}
	since, attempts = o.since, o.attempts
	*o = outage{}
	return since, attempts + 1, true
}
