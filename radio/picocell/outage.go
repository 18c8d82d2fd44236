package picocell

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

// reasonOf is err's text, but one and the same for the two faces of a device
// that is unplugged: the port that breaks, and then the port that is not there.
func reasonOf(err error) string {
	var gone *goneError
	var images *imagesError
	if errors.As(err, &images) { // a missing image is no missing device
		return err.Error()
	}
	if errors.As(err, &gone) || errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENXIO) || errors.Is(err, syscall.ENODEV) {
		return "absent"
	}
	return err.Error()
}

func (o *outage) over(gateway radio.EUI64, now time.Time) {
	eui := zap.Stringer("gateway_eui", gateway)
	if o.attempts == 0 {
		o.log.Info("concentrator receives", eui)
	} else {
		o.log.Info("concentrator is back and receives", eui,
			zap.Duration("away", now.Sub(o.since)), zap.Int("attempts", o.attempts))
	}
	o.reason, o.attempts = "", 0
}
