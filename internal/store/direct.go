package store

import (
	"errors"
	"io"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// directChunk is how much is handed to the device at a time, in bytes.
const directChunk = 256 << 10

// memoryAlign is what any device accepts as the alignment of memory, in bytes.
const memoryAlign = 4096

// scratch is the memory that direct writes go through, one at a time.
type scratch struct {
	buf []byte // aligned; nil: not needed yet
}

// direct writes past the page cache (open(2), O_DIRECT). A commit of one uplink
// is a sector or two; through the cache the device would be given the whole page
// around them, eight times as much.
type direct struct {
	file    writerAtCloser
	scratch *scratch
}

// writerAtCloser is what direct needs of a file.
type writerAtCloser interface {
	io.WriterAt
	io.Closer
}

// openDirect opens the file a second time; nil where its file system has no
// such thing, or without scratch.
func openDirect(path string, s *scratch) *direct {
	if s == nil {
		return nil
	}
	f, err := os.OpenFile(path, os.O_RDWR|unix.O_DIRECT, 0)
	if err != nil {
		return nil
	}
	return &direct{f, s}
}

// takes reports whether a write of size bytes at off may go past the cache.
func (d *direct) takes(size int, off int64) bool {
	return d != nil && size > 0 && size%sector == 0 && off%sector == 0
}

// write is WriteAt. refused: the device has larger sectors, nothing of this may
// be relied on, and it has to be written by other means, now and henceforth.
func (d *direct) write(p []byte, off int64) (refused bool, err error) {
	if d.scratch.buf == nil {
		d.scratch.buf = aligned(directChunk)
	}
	for len(p) > 0 {
		n := copy(d.scratch.buf, p)
		if _, err := d.file.WriteAt(d.scratch.buf[:n], off); err != nil {
			return errors.Is(err, unix.EINVAL), err
		}
		p, off = p[n:], off+int64(n)
	}
	return false, nil
}

// close closes the second descriptor; a nil direct has none.
func (d *direct) close() error {
	if d == nil {
		return nil
	}
	return d.file.Close()
}

// aligned returns n bytes of memory that a device can read from directly.
func aligned(n int) []byte {
	b := make([]byte, n+memoryAlign)
	skip := -int(uintptr(unsafe.Pointer(unsafe.SliceData(b)))) & (memoryAlign - 1)
	return b[skip : skip+n : skip+n]
}
