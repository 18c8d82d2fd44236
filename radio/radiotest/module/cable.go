package module

import (
	"fmt"
	"os"
	"sync"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
)

// cable is one pseudo-terminal, from plug-in to unplugging.
type cable struct {
	master *os.File
	slave  *os.File // held open, so that the host's close is not a hang-up
	gone   chan struct{}
	once   sync.Once
}

func openCable() (*cable, error) {
	opened, slave, err := pty.Open()
	if err != nil {
		return nil, fmt.Errorf("open a pseudo-terminal: %w", err)
	}
	defer func() { _ = opened.Close() }()
	// pty.Open leaves the descriptor blocking; through the runtime's poller,
	// Close wakes a pending Read.
	fd, err := unix.FcntlInt(opened.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		_ = slave.Close()
		return nil, fmt.Errorf("open a pseudo-terminal: %w", err)
	}
	if err := unix.SetNonblock(fd, true); err != nil {
		_ = unix.Close(fd)
		_ = slave.Close()
		return nil, fmt.Errorf("open a pseudo-terminal: %w", err)
	}
	return &cable{master: os.NewFile(uintptr(fd), opened.Name()), slave: slave, gone: make(chan struct{})}, nil
}

// close hangs up: the host's reads end and its writes fail. Idempotent.
func (c *cable) close() {
	c.once.Do(func() {
		close(c.gone)
		_ = c.slave.Close()
		_ = c.master.Close()
	})
}
