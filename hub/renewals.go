package hub

import (
	"slices"
	"sync"
	"time"
)

// maxTurn bounds one device's turn: what it waits for may never come.
const maxTurn = 5 * time.Minute

// renewals lets one device at a time renew its token, in the order they ask:
// a fleet that was started together shall not reconnect together.
type renewals struct {
	mu     sync.Mutex
	holder *connection
	late   *time.Timer // ends the turn; nil before the first
	queue  []*connection
}

// ask calls c.renew when it is c's turn, in a goroutine of its own.
func (r *renewals) ask(c *connection) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.holder == c || slices.Contains(r.queue, c) {
		return
	}
	r.queue = append(r.queue, c)
	r.next()
}

// release ends c's turn, or its place in the queue.
func (r *renewals) release(c *connection) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.holder == c {
		r.holder = nil
		if r.late != nil {
			r.late.Stop()
		}
	} else if i := slices.Index(r.queue, c); i >= 0 {
		r.queue = slices.Delete(r.queue, i, i+1)
	}
	r.next()
}

// next gives the turn on. r.mu is held.
func (r *renewals) next() {
	if r.holder != nil || len(r.queue) == 0 {
		return
	}
	c := r.queue[0]
	r.holder, r.queue = c, slices.Delete(r.queue, 0, 1)
	r.late = time.AfterFunc(maxTurn, func() { r.release(c) })
	go c.renew()
}
