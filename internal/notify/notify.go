// Package notify tells systemd how the service is doing, over the datagram
// socket that sd_notify(3) describes. Outside systemd there is no Notifier:
// every method on a nil *Notifier does nothing, so callers need no if.
package notify

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// sendTimeout bounds a send while systemd does not read its socket. Nobody
// may hang on a progress report.
const sendTimeout = 500 * time.Millisecond

// Notifier sends states to the service manager. Safe for concurrent use.
type Notifier struct {
	addr     *net.UnixAddr
	watchdog time.Duration
}

// New returns a Notifier for the environment getenv reads: NOTIFY_SOCKET,
// WATCHDOG_USEC and WATCHDOG_PID. Without NOTIFY_SOCKET it returns nil, nil.
func New(getenv func(string) string) (*Notifier, error) {
	name := getenv("NOTIFY_SOCKET")
	if name == "" {
		return nil, nil //nolint:nilnil // a nil *Notifier is the one to use outside systemd
	}
	// '@' stands for the NUL byte of an abstract socket, in package net too.
	if name[0] != '/' && name[0] != '@' {
		return nil, fmt.Errorf("NOTIFY_SOCKET %q: want a path, or @name for an abstract socket", name)
	}
	watchdog, err := watchdogInterval(getenv, os.Getpid())
	if err != nil {
		return nil, err
	}
	return &Notifier{addr: &net.UnixAddr{Name: name, Net: "unixgram"}, watchdog: watchdog}, nil
}

// watchdogInterval reads the watchdog variables, which may be meant for
// another process than pid: sd_watchdog_enabled(3).
func watchdogInterval(getenv func(string) string, pid int) (time.Duration, error) {
	usec := getenv("WATCHDOG_USEC")
	if usec == "" {
		return 0, nil
	}
	if owner := getenv("WATCHDOG_PID"); owner != "" && owner != strconv.Itoa(pid) {
		return 0, nil
	}
	const most = uint64(1<<63-1) / uint64(time.Microsecond)
	n, err := strconv.ParseUint(usec, 10, 64)
	if err != nil || n == 0 || n > most {
		return 0, fmt.Errorf("WATCHDOG_USEC %q: want a number of microseconds", usec)
	}
	return time.Duration(n) * time.Microsecond, nil
}

// WatchdogInterval is the time within which systemd wants the next Watchdog
// call, or 0 if it wants none. Call twice as often.
func (n *Notifier) WatchdogInterval() time.Duration {
	if n == nil {
		return 0
	}
	return n.watchdog
}

// Ready says that the service is up, or that a reload is over.
func (n *Notifier) Ready() error { return n.send("READY=1") }

// Stopping says that the service has begun to shut down.
func (n *Notifier) Stopping() error { return n.send("STOPPING=1") }

// Watchdog says that the service is alive.
func (n *Notifier) Watchdog() error { return n.send("WATCHDOG=1") }

// Status sets the line that "systemctl status" shows.
func (n *Notifier) Status(text string) error {
	// A second line would be read as another assignment.
	return n.send("STATUS=" + strings.Map(oneLine, text))
}

func oneLine(r rune) rune {
	if r == '\n' || r == '\r' {
		return ' '
	}
	return r
}

// Reloading says that the configuration is being read again; Ready must
// follow. The time stamp lets systemd tell this reload from an earlier one.
func (n *Notifier) Reloading() error {
	if n == nil {
		return nil
	}
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts); err != nil {
		return fmt.Errorf("notify systemd: read the monotonic clock: %w", err)
	}
	return n.send(fmt.Sprintf("RELOADING=1\nMONOTONIC_USEC=%d", ts.Nano()/int64(time.Microsecond)))
}

// send sends one datagram over a socket of its own: states are rare, and so a
// restarted manager needs no special care.
func (n *Notifier) send(state string) error {
	if n == nil {
		return nil
	}
	conn, err := net.DialUnix(n.addr.Net, nil, n.addr)
	if err != nil {
		return fmt.Errorf("notify systemd: %w", err)
	}
	err = conn.SetWriteDeadline(time.Now().Add(sendTimeout))
	if err == nil {
		_, err = conn.Write([]byte(state))
	}
	if err = errors.Join(err, conn.Close()); err != nil {
		return fmt.Errorf("notify systemd: %w", err)
	}
	return nil
}
