package picocell

import (
	"testing"
	"testing/synctest"
	"time"
)

// stalled is the clock of a process that stood still: it is two seconds later
// at each look, and every timer has expired by the time anybody asks.
type stalled struct{ now time.Time }

func (c *stalled) Now() time.Time {
	c.now = c.now.Add(2 * time.Second)
	return c.now
}

func (*stalled) After(time.Duration) <-chan time.Time {
	synctest.Wait() // meanwhile the write is over
	expired := make(chan time.Time, 1)
	expired <- time.Time{}
	return expired
}

// A write that is over and an answer that lies in the port's buffer count,
// however late this process looks.
func TestStalledProcessLooksOnceMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for range 50 {
			w := newWire(func(w *wire, _ []byte) { w.say([]byte{'q', 0, 4, 1, 9, 9, 9, 9}) })
			l := newLink(w, &stalled{}, &counters{})
			if _, err := l.exchange(t.Context(), counterCommand(), commandTimeout); err != nil {
				t.Fatal(err)
			}
			l.close()
		}
	})
}
