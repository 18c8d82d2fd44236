package modem

import (
	"errors"
	"io/fs"
	"syscall"
	"time"

	"go.uber.org/zap"

	"gatewayd/radio"
)

// outage says once that the device is down and why, again when the reason
// changes, and once that it is back. Owner: the goroutine of Run.
type outage struct {
	log      *zap.Logger
	reason   string
	since    time.Time
	attempts int
	spoken   bool      // that it receives
	anew     time.Time // when it was last said that it was set up anew
}

func (o *outage) failed(err error, now time.Time) {
	if o.attempts == 0 {
		o.since = now
	}
	o.attempts++
	if r := reasonOf(err); r != o.reason {
		o.reason = r
		o.log.Warn("concentrator is down; trying again", zap.Error(err))
	}
}

// reasonOf is err's text, but one and the same for the two faces of a module
// that is unplugged: the port that breaks, and then the port that is not there.
func reasonOf(err error) string {
	var gone *goneError
	if errors.As(err, &gone) || errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENXIO) || errors.Is(err, syscall.ENODEV) {
		return "absent"
	}
	return err.Error()
}

// over says that the module receives, for the first time or again.
func (o *outage) over(gateway radio.EUI64, now time.Time) {
	eui := zap.Stringer("gateway_eui", gateway)
	switch {
	case o.attempts > 0:
		o.log.Info("concentrator is back and receives", eui,
			zap.Duration("away", now.Sub(o.since)), zap.Int("attempts", o.attempts))
	case !o.spoken:
		o.log.Info("concentrator receives", eui)
	}
	o.reason, o.attempts, o.spoken = "", 0, true
}

// setUpAnew says why the module is set up anew, at most once an hour.
func (o *outage) setUpAnew(err error, now time.Time) {
	if o.anew.IsZero() || now.Sub(o.anew) >= time.Hour {
		o.anew = now
		o.log.Warn("module is set up anew", zap.Error(err))
	}
}
