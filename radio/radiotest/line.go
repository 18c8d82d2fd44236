package radiotest

import (
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
)

// line is one pseudo-terminal: the cable from plug-in to unplugging.
type line struct {
	master *os.File
	slave  *os.File // held open, so that the host's close is not a hang-up
	gone   chan struct{}
	once   sync.Once
}

func openLine() (*line, error) {
	master, slave, err := pty.Open()
	if err != nil {
		return nil, fmt.Errorf("open a pseudo-terminal: %w", err)
	}
	master, err = pollable(master)
	if err != nil {
		_ = slave.Close()
		return nil, fmt.Errorf("open a pseudo-terminal: %w", err)
	}
	return &line{master: master, slave: slave, gone: make(chan struct{})}, nil
}

// pollable hands f's descriptor to the runtime's poller, so that Close wakes a
// pending Read; pty.Open leaves it blocking. It closes f.
func pollable(f *os.File) (*os.File, error) {
	defer func() { _ = f.Close() }()
	fd, err := unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	if err := unix.SetNonblock(fd, true); err != nil {
		_ = unix.Close(fd)
		return nil, err
	}
	return os.NewFile(uintptr(fd), f.Name()), nil
}

// close hangs up: the host's reads end and its writes fail. Idempotent.
func (l *line) close() {
	l.once.Do(func() {
		close(l.gone)
		_ = l.slave.Close()
		_ = l.master.Close()
	})
}

// wait lets d pass, and reports whether the line is still there.
func (l *line) wait(d time.Duration) bool {
	if d <= 0 {
		select {
		case <-l.gone:
			return false
		default:
			return true
		}
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-l.gone:
		return false
	case <-t.C:
		return true
	}
}

// reads passes on what the host writes, until the line is gone.
func (l *line) reads(out chan<- []byte) {
	defer close(out)
	buf := make([]byte, 4096)
	for {
		n, err := l.master.Read(buf)
		if err != nil {
			return
		}
		select {
		case out <- append([]byte(nil), buf[:n]...):
		case <-l.gone:
			return
		}
	}
}
