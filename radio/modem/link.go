package modem

import (
	"context"
	"errors"
	"io"
	"time"
)

const (
	writeTimeout = time.Second
	closeTimeout = 300 * time.Millisecond
	drainTimeout = 3 * time.Second

	// hangups is how many reads in a row may end at once without data
	// before the port counts as unplugged: a read of a live port that has
	// nothing to say takes readTimeout.
	hangups = 5
)

// chunk is what one read brought, or why there will be no more.
type chunk struct {
	data     []byte
	from, at time.Time // when the read began and ended
	err      error
}

// link carries lines over an open port. Owner: the goroutine of Run, except
// for reader and writer, which are goroutines of their own: a read waits for
// readTimeout, too long for an emission to wait, and a write for ever if the
// module does not read.
type link struct {
	rw     io.ReadWriteCloser
	clock  Clock
	count  *counters
	chunks chan chunk
	closed chan struct{}
	writes chan []byte
	wrote  chan error
	lines  assembler
	ready  []line
	gone   error
}

// newLink takes over rw. A Read of rw must return within readTimeout or so.
func newLink(rw io.ReadWriteCloser, m *module, clock Clock, count *counters) *link {
	l := &link{
		rw: rw, clock: clock, count: count,
		chunks: make(chan chunk, 16), closed: make(chan struct{}),
		writes: make(chan []byte), wrote: make(chan error, 1),
		lines: assembler{perByte: m.lineTime(1)},
	}
	go l.reader()
	go l.writer()
	return l
}

// reader passes on what comes until the port is gone or closed.
func (l *link) reader() {
	buf := make([]byte, 1024)
	for quick := 0; ; {
		start := l.clock.Now()
		n, err := l.rw.Read(buf)
		c := chunk{from: start, at: l.clock.Now()}
		switch {
		case n > 0:
			quick = 0
			c.data = append(c.data, buf[:n]...)
		case err != nil && !errors.Is(err, io.EOF): // EOF: nothing came in time
			c.err = err
		case c.at.Sub(start) >= readTimeout/2:
			quick = 0
		default:
			if quick++; quick >= hangups {
				c.err = errHangUp
			}
		}
		if c.data == nil && c.err == nil {
			select {
			case <-l.closed:
				return
			default:
				continue
			}
		}
		select {
		case l.chunks <- c:
		case <-l.closed:
			return
		}
		if c.err != nil {
			return
		}
	}
}

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
	close(l.closed)
	close(l.writes)
	// Frees a write that is stuck, which would hold up Close.
	if f, ok := l.rw.(interface{ Flush() error }); ok {
		_ = f.Flush()
	}
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

// lose remembers that the port is gone.
func (l *link) lose(err error) error {
	l.gone = err
	return &goneError{err}
}

// write sends text as one line.
func (l *link) write(ctx context.Context, text string) error {
	if l.gone != nil {
		return &goneError{l.gone}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	l.writes <- []byte(text + "\r\n")
	var err error
	select {
	case err = <-l.wrote:
	case <-l.clock.After(writeTimeout):
		err = errStuck
		select { // this process itself may have stood still
		case err = <-l.wrote:
		default:
		}
	}
	if err != nil {
		return l.lose(err)
	}
	l.count.sent(len(text) + 2)
	return nil
}

// next returns the next line. ok is false if until passes or wake fires first.
func (l *link) next(ctx context.Context, until time.Time, wake <-chan struct{}) (_ line, ok bool, err error) {
	for {
		if len(l.ready) > 0 {
			n := l.ready[0]
			l.ready = l.ready[1:]
			return n, true, nil
		}
		more, err := l.fetch(ctx, until, wake)
		if !more || err != nil {
			return line{}, false, err
		}
	}
}

// fetch takes one chunk; more is false if none comes in time. A chunk that
// waits is taken even if the time is over.
func (l *link) fetch(ctx context.Context, until time.Time, wake <-chan struct{}) (more bool, err error) {
	if l.gone != nil {
		return false, &goneError{l.gone}
	}
	select {
	case c := <-l.chunks:
		return true, l.take(c)
	default:
	}
	left := until.Sub(l.clock.Now())
	if left <= 0 {
		return false, ctx.Err()
	}
	select {
	case c := <-l.chunks:
		return true, l.take(c)
	case <-wake:
		return false, nil
	case <-l.clock.After(left):
		return false, nil
	case <-ctx.Done():
		return false, ctx.Err()
	}
}

func (l *link) take(c chunk) error {
	if c.err != nil {
		return l.lose(c.err)
	}
	l.count.received(len(c.data))
	before := l.lines.overlong
	l.ready = l.lines.take(l.ready, c)
	l.count.malformed.Add(l.lines.overlong - before)
	return nil
}

// drain drops input until the line has been silent for quiet.
func (l *link) drain(ctx context.Context, quiet time.Duration) error {
	deadline := l.clock.Now().Add(drainTimeout + quiet)
	for l.clock.Now().Before(deadline) {
		more, err := l.fetch(ctx, l.clock.Now().Add(quiet), nil)
		l.ready = l.ready[:0]
		if err != nil {
			return err
		}
		if !more {
			l.lines.reset()
			return nil
		}
	}
	return errNoise
}
