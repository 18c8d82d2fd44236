package storetest

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
)

// sector is what a device writes at a time.
const sector = 512

// inode is a file: as the process sees it, as the device has it, and what lies
// between.
type inode struct {
	data   []byte
	synced []byte
	writes []write
}

// write has not been synced. If the sync failed, nobody knows where it is, and
// no later sync brings it to the device.
type write struct {
	off  int64
	data []byte
	lost bool
}

// put overwrites b at w, which may make b longer.
func (w write) put(b []byte) []byte {
	if end := int(w.off) + len(w.data); end > len(b) {
		b = append(b, make([]byte, end-len(b))...)
	}
	copy(b[w.off:], w.data)
	return b
}

// sectors takes w apart.
func (w write) sectors() []write {
	var parts []write
	for at := 0; at < len(w.data); at += sector {
		end := min(at+sector, len(w.data))
		parts = append(parts, write{off: w.off + int64(at), data: w.data[at:end]})
	}
	return parts
}

// cut returns what the device has after a power cut.
func (f *inode) cut(rng *rand.Rand) []byte {
	b := bytes.Clone(f.synced)
	for _, w := range f.writes {
		for _, part := range w.sectors() {
			switch rng.IntN(5) {
			case 0, 1: // not written
			case 2, 3:
				b = part.put(b)
			case 4: // torn
				garbage := bytes.Clone(part.data)
				for i := rng.IntN(len(garbage)); i < len(garbage); i++ {
					garbage[i] = byte(rng.Uint32())
				}
				b = write{off: part.off, data: garbage}.put(b)
			}
		}
	}
	return b
}

// reread makes the process see what the device has of lost writes.
func (f *inode) reread(rng *rand.Rand) {
	kept := f.writes[:0:0]
	for _, w := range f.writes {
		if !w.lost {
			kept = append(kept, w)
			continue
		}
		if rng.IntN(2) == 0 {
			f.synced = w.put(f.synced)
		}
	}
	f.writes = kept
	size := len(f.data)
	f.data = bytes.Clone(f.synced)
	f.data = append(f.data, make([]byte, max(0, size-len(f.data)))...)
	for _, w := range kept {
		f.data = w.put(f.data)
	}
}

// sync brings what can be brought to the device.
func (f *inode) sync() {
	if grown := len(f.data) - len(f.synced); grown > 0 {
		f.synced = append(f.synced, make([]byte, grown)...)
	}
	kept := f.writes[:0:0]
	for _, w := range f.writes {
		if w.lost {
			kept = append(kept, w)
			continue
		}
		f.synced = w.put(f.synced)
	}
	f.writes = kept
}

// file is an open inode. Its disk's mutex guards it.
type file struct {
	disk  *Disk
	inode *inode
	name  string
}

// ReadAt is not counted as an operation, and works without power.
func (f *file) ReadAt(b []byte, off int64) (int, error) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if f.disk.fail != nil {
		if err := f.disk.fail(Op{N: f.disk.ops, What: "read", Name: f.name, Off: off, Size: len(b)}); err != nil {
			return 0, err
		}
	}
	if off >= int64(len(f.inode.data)) {
		return 0, io.EOF
	}
	n := copy(b, f.inode.data[off:])
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

// WriteAt counts as done in part when it fails.
func (f *file) WriteAt(b []byte, off int64) (int, error) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	err := f.disk.transfer("write", f.name, off, len(b))
	done := b
	switch {
	case errors.Is(err, ErrShortWrite):
		done = b[:len(b)/2]
	case err != nil && !errors.Is(err, ErrPowerCut):
		return 0, err
	}
	w := write{off: off, data: bytes.Clone(done)}
	f.inode.writes = append(f.inode.writes, w)
	f.inode.data = w.put(f.inode.data)
	return len(done), err
}

// Sync that fails leaves everything uncertain.
func (f *file) Sync() error {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if err := f.disk.op("sync", f.name); err != nil {
		for i := range f.inode.writes {
			f.inode.writes[i].lost = true
		}
		return err
	}
	f.inode.sync()
	return nil
}

// Close has nothing to say.
func (f *file) Close() error { return nil }
