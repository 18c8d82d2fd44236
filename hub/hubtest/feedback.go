package hubtest

import (
	"slices"
	"sync"
	"time"
)

// Feedback is what became of a C2D message whose sender asked. Source:
// Microsoft's "Understand cloud-to-device messaging", message feedback.
type Feedback struct {
	MessageID  string    `json:"originalMessageId"`
	Device     string    `json:"deviceId"`
	Generation string    `json:"deviceGenerationId"`
	Status     string    `json:"statusCode"` // Success, Expired, DeliveryCountExceeded, Purged
	Text       string    `json:"description"`
	At         time.Time `json:"enqueuedTimeUtc"`
}

// The status codes of feedback.
const (
	feedbackSuccess  = "Success"
	feedbackExpired  = "Expired"
	feedbackCount    = "DeliveryCountExceeded"
	feedbackPurged   = "Purged"
	maxFeedback      = 10_000 // the oldest are forgotten
	maxFeedbackBatch = 64
	feedbackLock     = time.Minute
)

// feedbackOf is the status code of a message dropped for why.
func feedbackOf(why Reason) string {
	switch why {
	case ReasonC2DExpired:
		return feedbackExpired
	case ReasonC2DDeliveryCount:
		return feedbackCount
	default:
		return feedbackPurged
	}
}

// feedbackQueue is the hub's feedback endpoint.
type feedbackQueue struct {
	mu      sync.Mutex // guards what follows
	waiting []Feedback
	locked  map[string]feedbackBatch // by lock token
}

// feedbackBatch is what a reader has got and not yet completed.
type feedbackBatch struct {
	records []Feedback
	until   time.Time
}

// add notes what became of e, if its sender wants to know.
func (q *feedbackQueue) add(d *device, e *c2dEntry, status string, now time.Time) {
	switch ack := e.message.Ack; {
	case ack == "full", ack == "positive" && status == feedbackSuccess, ack == "negative" && status != feedbackSuccess:
	default:
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waiting = append(q.waiting, Feedback{e.message.ID, d.id, d.generation, status, status, now.UTC()})
	q.waiting = q.waiting[max(0, len(q.waiting)-maxFeedback):]
}

// receive locks a batch for a minute, and returns it with its lock token; ""
// if there is none.
func (q *feedbackQueue) receive(now time.Time) (token string, records []Feedback) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for t, batch := range q.locked {
		if !batch.until.After(now) {
			q.unlock(t)
		}
	}
	n := min(len(q.waiting), maxFeedbackBatch)
	if n == 0 {
		return "", nil
	}
	records, q.waiting = slices.Clone(q.waiting[:n]), slices.Delete(q.waiting, 0, n)
	if q.locked == nil {
		q.locked = map[string]feedbackBatch{}
	}
	token = newUUID()
	q.locked[token] = feedbackBatch{records, now.Add(feedbackLock)}
	return token, records
}

// settle completes a batch, or puts it back. It reports whether the lock was
// still there.
func (q *feedbackQueue) settle(token string, complete bool) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if _, ok := q.locked[token]; !ok {
		return false
	}
	if complete {
		delete(q.locked, token)
	} else {
		q.unlock(token)
	}
	return true
}

// unlock puts a batch back. The caller holds q.mu.
func (q *feedbackQueue) unlock(token string) {
	q.waiting = append(q.locked[token].records, q.waiting...)
	delete(q.locked, token)
}
