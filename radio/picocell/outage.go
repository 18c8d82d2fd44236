package picocell

import (
	"errors"
	"io/fs"
	"syscall"
	"time"

	"go.uber.org/zap"

	"gatewayd/internal/serialport"
	"gatewayd/radio"
)

// outage says once that the device is down and why, again when the reason
// changes, and once that it is back. Owner: the goroutine of Run.
type outage struct {
	log      *zap.Logger
	ports    func() ([]serialport.Port, error)
	reason   string
	since    time.Time
	attempts int
	listed   bool // the ports that are there have been named
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
	if isMissing(err) && !o.listed {
		o.listed = true
		o.list()
	}
}

// list names the ports that are there: the missing one may have another name
// now, or never had the one that it was given.
func (o *outage) list() {
	ports, err := o.ports()
	if err != nil || len(ports) == 0 {
		return
	}
	o.log.Info("the port is missing; these are there", zap.Stringers("ports", ports))
}

// isMissing reports whether there is no port of that name.
func isMissing(err error) bool {
	_, images := errors.AsType[*imagesError](err) // a missing image is no missing device
	return !images && (errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENXIO) || errors.Is(err, syscall.ENODEV))
}

// reasonOf is err's text, but one and the same for the two faces of a device
// that is unplugged: the port that breaks, and then the port that is not there.
func reasonOf(err error) string {
	if _, gone := errors.AsType[*goneError](err); gone || isMissing(err) {
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
	o.reason, o.attempts, o.listed = "", 0, false
}
