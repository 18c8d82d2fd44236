package modem

import (
	"errors"
	"fmt"
	"time"

	"gatewayd/radio"
)

var (
	errHangUp   = errors.New("port ends at once")
	errStuck    = errors.New("module takes no data")
	errNoise    = errors.New("module keeps talking: wrong baud rate, or not this kind of module")
	errBrownOut = errors.New("module has started anew by itself")
)

// goneError is the loss of the port: it must be opened anew.
type goneError struct{ err error }

func (e *goneError) Error() string {
	return "port is gone, is the module unplugged? " + e.err.Error()
}
func (e *goneError) Unwrap() error { return e.err }

// timeoutError is an answer that did not come.
type timeoutError struct {
	send string
	wait time.Duration
}

func (e *timeoutError) Error() string {
	return fmt.Sprintf("no answer to %q within %s", e.send, e.wait)
}

// refusedError is an answer that says no, or that is not the right one.
type refusedError struct {
	send, answer string
	wrong        bool // it says yes, but not what it should
}

func (e *refusedError) Error() string {
	if e.wrong {
		return fmt.Sprintf("module answers %q with %q, which is not as it should be", e.send, e.answer)
	}
	return fmt.Sprintf("module answers %q with %q", e.send, e.answer)
}

// refuse is a *radio.TxError.
func refuse(reason radio.TxReason, format string, args ...any) *radio.TxError {
	return &radio.TxError{Reason: reason, Detail: fmt.Sprintf(format, args...)}
}
