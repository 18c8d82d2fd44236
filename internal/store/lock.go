package store

import (
	"errors"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// lockSuffix names the file that a process holds while it uses the store. It
// lies beside the directory, which may still have to be made.
const lockSuffix = ".lock"

// lock makes sure that no other process uses the store in dir, until it is
// closed or the process ends, however it ends.
func lock(dir string) (io.Closer, error) {
	f, err := os.OpenFile(filepath.Clean(dir)+lockSuffix, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		err = ErrLocked
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}
