package serialport

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// The PING of the CoreCell's USB microcontroller, and its answer: a header of
// 4 bytes - an id that the answer repeats, the payload's size, the order, or
// 0x40 and the order in the answer - then 12 bytes of unique id and the
// firmware's version. Source: loragw_mcu.h of Semtech's sx1302_hal V2.1.0.
const (
	headerSize  = 4
	orderPing   = 0x00
	orderAnswer = 0x40
	uniqueSize  = 12
	versionSize = 9
	pongSize    = headerSize + uniqueSize + versionSize

	// pingID is one that a PicoCell takes for a command it does not know, which
	// it leaves without an answer.
	pingID = 0x01
)

// pingTimeout is how long an answer may take.
const pingTimeout = 500 * time.Millisecond

var errNoCoreCell = errors.New("no answer to the PING of a CoreCell")

// pingFrame asks a CoreCell who it is.
func pingFrame() []byte { return []byte{pingID, 0, 0, orderPing} }

// parsePong reads the answer: the firmware's version, e.g. "V01.00.00".
func parsePong(b []byte) (version string, err error) {
	head := []byte{pingID, 0, uniqueSize + versionSize, orderAnswer | orderPing}
	if len(b) != pongSize || !bytes.Equal(b[:headerSize], head) {
		return "", errNoCoreCell
	}
	text := b[headerSize+uniqueSize:]
	for _, c := range text {
		if c < ' ' || c > '~' {
			return "", errNoCoreCell
		}
	}
	return string(text), nil
}

// Ping asks the device behind a port whether it is a CoreCell, and returns its
// firmware's version. Nobody else may be using the port: a packet forwarder
// would take the answer for its own. Ask only what is an STM32: other devices
// may make something of the four bytes.
func Ping(device string) (version string, err error) {
	f, err := os.OpenFile(device, os.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
	if err != nil {
		return "", fmt.Errorf("ask who is there: %w", err)
	}
	defer func() { _ = f.Close() }()
	if err := prepare(f); err != nil {
		return "", fmt.Errorf("ask who is at %s: %w", device, err)
	}
	if err := f.SetDeadline(time.Now().Add(pingTimeout)); err != nil {
		return "", fmt.Errorf("ask who is at %s: %w", device, err)
	}
	if _, err := f.Write(pingFrame()); err != nil {
		return "", fmt.Errorf("ask who is at %s: %w", device, err)
	}
	answer := make([]byte, pongSize)
	if _, err := io.ReadFull(f, answer); err != nil {
		return "", errNoCoreCell
	}
	return parsePong(answer)
}

// prepare locks the port against the programs that ask, and makes it raw.
func prepare(f *os.File) error {
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var inner error
	if err := raw.Control(func(fd uintptr) { inner = makeRaw(int(fd)) }); err != nil {
		return err
	}
	return inner
}

// errInUse is a port that a driver of gatewayd holds, or another program.
var errInUse = errors.New("in use by another program")

func makeRaw(fd int) error {
	if err := unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return errInUse
	}
	t, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		return err
	}
	t.Iflag, t.Oflag, t.Lflag = unix.IGNPAR, 0, 0
	t.Cflag = unix.CS8 | unix.CREAD | unix.CLOCAL | unix.B115200
	t.Cc[unix.VMIN], t.Cc[unix.VTIME] = 1, 0
	if err := unix.IoctlSetTermios(fd, unix.TCSETS, t); err != nil {
		return err
	}
	return unix.IoctlSetInt(fd, unix.TCFLSH, unix.TCIOFLUSH)
}
