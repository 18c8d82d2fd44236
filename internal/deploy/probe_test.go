//go:build deploy

package deploy

import (
	"encoding/json"
	"errors"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// attempt is something that the probe tries, and what comes of it.
type attempt struct {
	Name string
	// Error is "" when it worked, else the name of the error, as EPERM.
	Error string
}

// Devices that the test makes: one of a driver for serial ports, and one of a
// number that is nobody's, which only the sandbox can refuse.
const (
	serialDevice  = "/dev/ttyS31"
	foreignDevice = "/dev/foreign"
)

// othersFile lies where every program may put and read files.
const othersFile = "/tmp/others"

// probe tries what the daemon may and may not do, and prints one attempt per
// line. It runs in the daemon's place, with the daemon's rights.
func probe(w io.Writer) error {
	print := json.NewEncoder(w)
	for _, try := range []struct {
		name string
		do   func() error
	}{
		{"port", opens(portLink, unix.O_RDWR)},
		{"serial device", opens(serialDevice, unix.O_RDWR)},
		{"foreign device", opens(foreignDevice, unix.O_RDWR)},
		{"state", creates("/var/lib/gatewayd/probe")},
		{"configuration", creates("/etc/gatewayd/probe")},
		{"system", creates("/usr/bin/probe")},
		{"other state", creates("/var/lib/probe")},
		{"run", creates("/run/probe")},
		{"own tmp", creates("/tmp/probe")},
		{"others' tmp", opens(othersFile, unix.O_RDONLY)},
		{"home", opens("/root", unix.O_RDONLY)},
		{"network", socket(unix.AF_INET6, unix.SOCK_DGRAM)},
		{"raw packets", socket(unix.AF_PACKET, unix.SOCK_DGRAM)},
		{"netlink", socket(unix.AF_NETLINK, unix.SOCK_RAW)},
		{"clock", func() error { return unix.Settimeofday(&unix.Timeval{Sec: 1}) }},
		{"namespace", func() error { return unix.Unshare(unix.CLONE_NEWUSER) }},
		{"code in memory", writesCode},
		{"core files", func() error { return unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{Cur: 1, Max: 1}) }},
	} {
		a := attempt{Name: try.name}
		if err := try.do(); err != nil {
			a.Error = name(err)
		}
		if err := print.Encode(a); err != nil {
			return err
		}
	}
	return nil
}

// denied stands for EACCES and EROFS: whether a file is refused because it is
// somebody else's or because it lies on a read-only mount is all the same.
const denied = "denied"

// name is how the manuals call an error.
func name(err error) string {
	if errors.Is(err, unix.EACCES) || errors.Is(err, unix.EROFS) {
		return denied
	}
	if number, ok := errors.AsType[unix.Errno](err); ok {
		return unix.ErrnoName(number)
	}
	return err.Error()
}

// opens uses the system call, as the error's name is what counts.
func opens(path string, flags int) func() error {
	return func() error {
		fd, err := unix.Open(path, flags|unix.O_NONBLOCK|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
		if err != nil {
			return err
		}
		return unix.Close(fd)
	}
}

func creates(path string) func() error {
	return func() error {
		if err := opens(path, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL)(); err != nil {
			return err
		}
		return os.Remove(path)
	}
}

func socket(family, kind int) func() error {
	return func() error {
		fd, err := unix.Socket(family, kind|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return err
		}
		return unix.Close(fd)
	}
}

func writesCode() error {
	page, err := unix.Mmap(-1, 0, os.Getpagesize(), unix.PROT_WRITE|unix.PROT_EXEC, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return err
	}
	return unix.Munmap(page)
}
