package store

import (
	"errors"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// File is an open segment.
type File interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
	// Sync returns when everything written is on the device.
	Sync() error
}

// FS is the directory of a store. Options.FS replaces it where a test wants a
// disk that fails.
type FS interface {
	// Names lists the files.
	Names() ([]string, error)
	// Open opens a file to read what is on the device, and to write.
	Open(name string) (File, error)
	// Create makes a file of size bytes whose space is reserved.
	Create(name string, size int64) (File, error)
	// Rename, Remove and Create are durable after Sync.
	Rename(from, to string) error
	Remove(name string) error
	Sync() error
}

// directory is the FS of a directory of the machine.
type directory struct {
	path     string
	readOnly bool
	scratch  *scratch // nil: everything goes through the page cache
}

var _ FS = directory{}

func (d directory) Names() ([]string, error) {
	entries, err := os.ReadDir(d.path)
	if err != nil {
		return nil, err
	}
	names := make([]string, 0, len(entries))
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names, nil
}

// Open makes the kernel forget what it has in memory of the file: after a
// write that failed in an earlier process, that is not what the device holds.
func (d directory) Open(name string) (File, error) {
	flag := os.O_RDWR
	if d.readOnly {
		flag = os.O_RDONLY
	}
	f, err := os.OpenFile(filepath.Join(d.path, name), flag, 0)
	if err != nil {
		return nil, err
	}
	if d.readOnly {
		return &osFile{File: f}, nil
	}
	if err := f.Sync(); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	// Only advice: a file system that knows none has nothing to forget.
	_ = unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED)
	return &osFile{f, openDirect(f.Name(), d.scratch)}, nil
}

func (d directory) Create(name string, size int64) (File, error) {
	f, err := os.OpenFile(filepath.Join(d.path, name), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	if err := reserve(f, size); err != nil {
		return nil, errors.Join(err, f.Close(), os.Remove(f.Name()))
	}
	return &osFile{f, openDirect(f.Name(), d.scratch)}, nil
}

// reserve gives f its space, by writing it where the file system cannot
// reserve.
func reserve(f *os.File, size int64) error {
	err := unix.Fallocate(int(f.Fd()), 0, 0, size)
	if !errors.Is(err, unix.ENOTSUP) {
		return os.NewSyscallError("fallocate", err)
	}
	zeros := make([]byte, 1<<16)
	for at := int64(0); at < size; at += int64(len(zeros)) {
		if _, err := f.WriteAt(zeros[:min(int64(len(zeros)), size-at)], at); err != nil {
			return err
		}
	}
	return nil
}

func (d directory) Rename(from, to string) error {
	return os.Rename(filepath.Join(d.path, from), filepath.Join(d.path, to))
}

func (d directory) Remove(name string) error { return os.Remove(filepath.Join(d.path, name)) }

func (d directory) Sync() error { return syncDir(d.path) }

// syncDir makes the names in a directory durable.
func syncDir(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// osFile is a file of the machine.
type osFile struct {
	*os.File
	direct *direct // nil: none
}

// WriteAt goes past the page cache where it can.
func (f *osFile) WriteAt(p []byte, off int64) (int, error) {
	if !f.direct.takes(len(p), off) {
		return f.File.WriteAt(p, off)
	}
	refused, err := f.direct.write(p, off)
	if refused {
		err = f.direct.close()
		f.direct = nil
		if err == nil {
			return f.File.WriteAt(p, off)
		}
	}
	if err != nil {
		return 0, err
	}
	return len(p), nil
}

// unit is what the device is given at least, in bytes.
func (f *osFile) unit() int64 {
	if f.direct != nil {
		return sector
	}
	return page
}

// Close closes both descriptors.
func (f *osFile) Close() error { return errors.Join(f.direct.close(), f.File.Close()) }

// Sync uses fdatasync: the times of a segment are of no interest, and its size
// never changes.
func (f *osFile) Sync() error { return os.NewSyscallError("fdatasync", unix.Fdatasync(int(f.Fd()))) }
