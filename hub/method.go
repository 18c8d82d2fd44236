package hub

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"sync/atomic"

	"go.uber.org/zap"
)

// maxMethodPayload is the largest answer to a direct method.
const maxMethodPayload = 128 << 10

// Answers that are given without or instead of the Handler's.
const (
	statusTooMany  = 429
	statusInternal = 500
	statusTimeout  = 504
)

// invocation is a method call that is answered exactly once: by the Handler
// or, when its time is over, for it.
type invocation struct {
	session  *session
	rid      string
	call     MethodCall
	ctx      context.Context //nolint:containedctx // it begins when the call comes, not when its turn does
	cancel   context.CancelFunc
	answered atomic.Bool
}

// invoke queues a method call. The caller waits while it queues, so its time
// runs from here.
func (c *connection) invoke(s *session, rid string, call MethodCall) {
	m := &invocation{session: s, rid: rid, call: call}
	m.ctx, m.cancel = context.WithTimeout(c.ctx, c.options.MethodTimeout)
	context.AfterFunc(m.ctx, func() {
		if errors.Is(m.ctx.Err(), context.DeadlineExceeded) {
			m.answer(methodError(statusTimeout, "the gateway did not get an answer in time"))
		}
	})
	if !c.call(m) {
		m.answer(methodError(statusTooMany, "too many calls wait already"))
	}
}

// do calls the Handler, if there is still somebody to answer.
func (m *invocation) do(c *connection) {
	defer m.cancel()
	if m.ctx.Err() != nil {
		return
	}
	r := c.device.Handler.Method(m.ctx, m.call)
	if m.ctx.Err() != nil { // the caller has been told, or has gone
		return
	}
	if len(r.Payload) > maxMethodPayload || len(r.Payload) > 0 && !json.Valid(r.Payload) {
		c.logger().Error("the answer to a direct method is not JSON of at most 128 KB", zap.String("method", m.call.Name), zap.Int("bytes", len(r.Payload)))
		r = methodError(statusInternal, "the gateway's answer is not JSON of at most 128 KB")
	}
	m.answer(r)
}

func (m *invocation) drop() { m.cancel() }

// answer sends r, unless an answer has been sent.
func (m *invocation) answer(r MethodResult) {
	if m.answered.Swap(true) {
		return
	}
	m.cancel()
	m.session.endpoint.quota.add(len(m.call.Payload) + len(r.Payload))
	// A failed write ends the session, which is its reader's to tell.
	_ = m.session.publish(methodResultTopic(r.Status, m.rid), r.Payload, 0, 0)
}

// methodError is an answer that is an error.
func methodError(status int, message string) MethodResult {
	return MethodResult{Status: status, Payload: []byte(`{"error":` + strconv.Quote(message) + `}`)}
}
