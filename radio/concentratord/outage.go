package concentratord

import (
	"errors"
	"time"

	"go.uber.org/zap"
)

// outage says once that Concentratord is away and why, again when the reason
// changes, and once that it is back. Owner: the goroutine of Run.
type outage struct {
	log    *zap.Logger
	reason string
	since  time.Time
}

func (o *outage) failed(err error, now time.Time) {
	if o.since.IsZero() {
		o.since = now
	}
	if r := reasonOf(err); r != o.reason {
		o.reason = r
		o.log.Warn("concentrator is down; trying again", zap.Error(err))
	}
}

// reasonOf is err's text, but one and the same for the two faces of a
// Concentratord that ends: the connection that breaks, and then nobody there.
func reasonOf(err error) string {
	if errors.Is(err, errGone) || errors.Is(err, errNobody) {
		return "absent"
	}
	return err.Error()
}

func (o *outage) over(s *session, now time.Time) {
	fields := []zap.Field{zap.Stringer("gateway_eui", s.gateway), zap.Stringer("concentratord", s.dialect)}
	if o.since.IsZero() {
		o.log.Info("concentrator receives", fields...)
	} else {
		o.log.Info("concentrator is back and receives", append(fields, zap.Duration("away", now.Sub(o.since)))...)
	}
	o.reason, o.since = "", time.Time{}
}
