package picocell

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

const (
	commandTimeout = time.Second // of every command but `f`
	writeTimeout   = time.Second
	closeTimeout   = 300 * time.Millisecond
	drainTimeout   = 2 * time.Second

	// stopGrace is how long a command may go on once the context has ended,
	// so that the port is left between two commands if that is possible.
	stopGrace = 300 * time.Millisecond

	// hangups is how many reads in a row may end at once without data
	// before the port counts as unplugged: a read of a live port that has
	// nothing to say takes readTimeout.
	hangups = 5
)

var (
	errHangUp = errors.New("port ends at once")
	errStuck  = errors.New("device takes no data")
	errNoise  = errors.New("device keeps talking")
)

// goneError is the loss of the port: it must be opened anew.
type goneError struct{ err error }

func (e *goneError) Error() string {
	return "port is gone, is the concentrator unplugged? " + e.err.Error()
}
func (e *goneError) Unwrap() error { return e.err }

// timeoutError is an answer that did not come, or not all of it.
type timeoutError struct {
	id      byte
	got     int
	wait    time.Duration
	stopped bool // the wait was cut short
}

func (e *timeoutError) Error() string {
	if e.stopped {
		return fmt.Sprintf("stopped before the answer to command %q", e.id)
	}
	if e.got == 0 {
		return fmt.Sprintf("no answer to command %q within %s", e.id, e.wait)
	}
	return fmt.Sprintf("answer to command %q still incomplete after %s (%d bytes)", e.id, e.wait, e.got)
}

// link carries commands over an open port, one at a time: strictly request
// and answer. Owner: the goroutine of Run.
type link struct {
	rw     io.ReadWriteCloser
	clock  Clock
	count  *counters
	in     []byte
	out    []byte
	quick  int // reads in a row that ended at once
	gone   error
	writes chan []byte
	wrote  chan error
}

// newLink takes over rw. A Read of rw must return within readTimeout or so.
func newLink(rw io.ReadWriteCloser, clock Clock, count *counters) *link {
	l := &link{
		rw: rw, clock: clock, count: count,
		in:     make([]byte, 0, 4*maxResponseData),
		writes: make(chan []byte),
		wrote:  make(chan error, 1),
	}
	go l.writer()
	return l
}

// writer is a goroutine because a write to a device that does not read may
// block for ever; close then leaves it behind.
func (l *link) writer() {
	for b := range l.writes {
		n, err := l.rw.Write(b)
		if err == nil && n < len(b) {
			err = io.ErrShortWrite
		}
		l.wrote <- err
	}
}

// close gives the port back. It does not wait for a port that hangs.
func (l *link) close() {
	l.gone = errHangUp
	close(l.writes)
	_ = l.flush() // frees a write that is stuck, which would hold up Close
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = l.rw.Close()
	}()
	select {
	case <-done:
	case <-l.clock.After(closeTimeout):
	}
}

// flush discards what waits in either direction, where the port can.
func (l *link) flush() error {
	if f, ok := l.rw.(interface{ Flush() error }); ok {
		return f.Flush()
	}
	return nil
}

// exchange sends c and returns its answer, whose data is valid until the next
// call. After a *goneError the link is of no use; after any other error,
// call resync.
func (l *link) exchange(ctx context.Context, c command, timeout time.Duration) (response, error) {
	if err := l.write(ctx, c); err != nil {
		return response{}, err
	}
	return l.await(ctx, c.id, timeout)
}

// lose remembers that the port is gone.
func (l *link) lose(err error) error {
	l.gone = err
	return &goneError{err}
}

func (l *link) write(ctx context.Context, c command) error {
	if l.gone != nil {
		return &goneError{l.gone}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	l.out = c.append(l.out[:0])
	rest, err := l.tryWrite(l.out)
	if err != nil || len(rest) == 0 {
		return l.written(err)
	}
	l.writes <- rest
	timeout := l.clock.After(writeTimeout)
	done := ctx.Done()
	for {
		select {
		case err := <-l.wrote:
			return l.written(err)
		case <-done:
			done, timeout = nil, l.clock.After(stopGrace)
		case <-timeout:
			// This process itself may have stood still: look once more.
			select {
			case err := <-l.wrote:
				return l.written(err)
			default:
				return l.lose(errStuck)
			}
		}
	}
}

// tryWrite writes what can be written at once, where the port can tell, and
// returns the rest: nearly always nothing, and then nobody has to be woken for
// it and back.
func (l *link) tryWrite(b []byte) (rest []byte, err error) {
	t, ok := l.rw.(interface{ TryWrite(b []byte) (int, error) })
	if !ok {
		return b, nil
	}
	n, err := t.TryWrite(b)
	return b[n:], err
}

// written takes the result of a write.
func (l *link) written(err error) error {
	if err != nil {
		return l.lose(err)
	}
	l.count.sent(len(l.out))
	return nil
}

// await reads until the answer to id is whole, out of step, or too late.
func (l *link) await(ctx context.Context, id byte, timeout time.Duration) (response, error) {
	start := l.clock.Now()
	deadline := start.Add(timeout)
	stop := ctx.Done()
	silent := false // the last read brought nothing
	for l.in = l.in[:0]; ; {
		r, n, err := parseResponse(id, l.in)
		if err == nil && n < len(l.in) {
			err = &desyncError{fmt.Sprintf("%d bytes follow the answer to command %q", len(l.in)-n, id)}
		}
		if !errors.Is(err, errShort) {
			return r, err
		}
		now := l.clock.Now()
		select {
		case <-stop:
			stop = nil
			if grace := now.Add(stopGrace); grace.Before(deadline) {
				deadline = grace
			}
		default:
		}
		// Never without a look: this process itself may have stood still.
		if silent && !now.Before(deadline) {
			return response{}, &timeoutError{id, len(l.in), now.Sub(start).Round(time.Millisecond), stop == nil}
		}
		had := len(l.in)
		if err := l.read(); err != nil {
			return response{}, err
		}
		silent = len(l.in) == had
	}
}

// read appends what comes within readTimeout, perhaps nothing, to l.in.
func (l *link) read() error {
	if l.gone != nil {
		return &goneError{l.gone}
	}
	start := l.clock.Now()
	n, err := l.rw.Read(l.in[len(l.in):cap(l.in)])
	switch {
	case n > 0:
		l.in = l.in[:len(l.in)+n]
		l.quick = 0
		l.count.received(n)
	case err != nil && !errors.Is(err, io.EOF): // EOF: nothing came in time
		return l.lose(err)
	case l.clock.Now().Sub(start) >= readTimeout/2:
		l.quick = 0
	default:
		if l.quick++; l.quick >= hangups {
			return l.lose(errHangUp)
		}
	}
	return nil
}

// resync gets in step with a device that may be in the middle of something, or
// sent garbage or nothing: it drops input until the line is silent and asks
// for the version, whatever that is.
func (l *link) resync(ctx context.Context) error {
	var err error
	for range 3 {
		if err = l.drain(ctx); err != nil {
			return err
		}
		if _, err = l.exchange(ctx, helloCommand(), commandTimeout); err == nil || ctx.Err() != nil || l.gone != nil {
			return err
		}
	}
	return err
}

// drain drops input until one read brings nothing.
func (l *link) drain(ctx context.Context) error {
	if err := l.flush(); err != nil {
		return l.lose(err)
	}
	deadline := l.clock.Now().Add(drainTimeout)
	for l.clock.Now().Before(deadline) {
		if err := ctx.Err(); err != nil {
			return err
		}
		l.in = l.in[:0]
		if err := l.read(); err != nil {
			return err
		}
		if len(l.in) == 0 {
			return nil
		}
	}
	return errNoise
}
