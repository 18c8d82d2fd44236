package picocell

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/tarm/serial"
	"golang.org/x/sys/unix"
)

// readTimeout is how long one Read of the port waits. It must never be zero:
// the library could then neither stop a Read nor close the port.
const readTimeout = 100 * time.Millisecond

// ErrPortInUse is returned by opening a port that another program holds.
var ErrPortInUse = errors.New("port is in use by another program: stop that program, or give this one another port")

// port is a serial port of tarm/serial with an exclusive lock.
type port struct {
	*serial.Port
	lock  *os.File // second descriptor: flock, TIOCEXCL, reads
	close func() error
}

// Read is io.Reader's, and returns io.EOF when nothing comes within
// readTimeout. It reads from the descriptor that is not blocking: in a read
// of the library's a thread waits that the runtime has to watch over.
func (p *port) Read(b []byte) (int, error) {
	if p.lock.SetReadDeadline(time.Now().Add(readTimeout)) != nil { // nothing that can be polled
		return p.Port.Read(b)
	}
	n, err := p.lock.Read(b)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = io.EOF
	}
	return n, err
}

// openPort opens path raw and exclusively. The line speed is a formality over
// USB; a UART build of the device's firmware really runs at it.
func openPort(path string) (*port, error) {
	lock, fd, err := lockPort(path)
	if err != nil {
		return nil, err
	}
	p, err := serial.OpenPort(&serial.Config{Name: path, Baud: 115200, ReadTimeout: readTimeout})
	if err != nil {
		lock.Close()
		return nil, explainOpen(path, err)
	}
	excl := setExclusive(fd)
	return &port{Port: p, lock: lock, close: sync.OnceValue(func() error {
		err := p.Close()
		if excl {
			_ = unix.IoctlSetInt(fd, unix.TIOCNXCL, 0)
		}
		return errors.Join(err, lock.Close())
	})}, nil
}

// TryWrite writes what there is room for, and does not wait.
func (p *port) TryWrite(b []byte) (n int, err error) {
	conn, err := p.lock.SyscallConn()
	if err != nil {
		return 0, nil // Write says what is wrong
	}
	wrong := conn.Write(func(fd uintptr) bool {
		n, err = unix.Write(int(fd), b)
		return true
	})
	if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EINTR) {
		err = nil
	}
	return max(n, 0), errors.Join(wrong, err)
}

// Close releases the port and its lock; calling it again is harmless.
func (p *port) Close() error { return p.close() }

// lockPort takes the lock on a descriptor of its own, before anything about
// the port is changed: another program may be using it. fd is the file's:
// File.Fd would make it blocking.
func lockPort(path string) (f *os.File, fd int, err error) {
	fd, err = unix.Open(path, unix.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, 0, explainOpen(path, err)
	}
	f = os.NewFile(uintptr(fd), path)
	if err := unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			err = ErrPortInUse
		}
		return nil, 0, fmt.Errorf("%s: %w", path, err)
	}
	return f, fd, nil
}

// setExclusive keeps programs that know no flock (screen, ModemManager) from
// opening the port. Not on a pseudo-terminal: there the mark outlives a
// process that was killed, and would lock out its successor.
func setExclusive(fd int) bool {
	var st unix.Stat_t
	if unix.Fstat(fd, &st) != nil {
		return false
	}
	const ptsFirst, ptsLast = 136, 143 // Unix98 pty majors, devices.txt of Linux
	if major := unix.Major(st.Rdev); major >= ptsFirst && major <= ptsLast {
		return false
	}
	return unix.IoctlSetInt(fd, unix.TIOCEXCL, 0) == nil
}

// explainOpen says what to do about an open that did not work.
func explainOpen(path string, err error) error {
	hint := ""
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENXIO), errors.Is(err, syscall.ENODEV):
		hint = "no such port: is the concentrator plugged in?"
	case errors.Is(err, fs.ErrPermission):
		hint = "no permission: the user must be in the port's group (usually dialout)"
	case errors.Is(err, syscall.EBUSY):
		return fmt.Errorf("%s: %w", path, ErrPortInUse)
	case errors.Is(err, syscall.ENOTTY):
		hint = "not a serial port"
	default:
		return fmt.Errorf("%s: %w", path, err)
	}
	return fmt.Errorf("%s: %s (%w)", path, hint, bare(err))
}

// bare strips the operation and path that the message already has.
func bare(err error) error {
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		return pe.Err
	}
	return err
}
