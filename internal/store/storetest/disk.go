// Package storetest has a disk in memory that fails on order and loses power:
// what was not synced is then gone, or there, or there in part.
package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"

	"gatewayd/internal/store"
)

// ErrPowerCut is returned by everything from the operation on at which the
// power failed.
var ErrPowerCut = errors.New("power cut")

// ErrShortWrite makes a write that is ordered to fail with it store half of
// its bytes.
var ErrShortWrite = errors.New("short write")

// Op is what is about to happen to the disk.
type Op struct {
	N    int    // 0, 1, 2, ... since the disk was made; of a read: the next
	What string // create, open, read, write, sync, rename, remove, syncdir
	Name string // of the file
	Off  int64  // of a read or write
	Size int    // of the same
}

// Disk is a directory on a disk in memory. It implements store.FS, is safe
// for concurrent use, and begins empty.
type Disk struct {
	mu      sync.Mutex
	names   map[string]*inode         // as the process sees them
	durable map[string]*inode         // as they are after a power cut
	journal []func(map[string]*inode) // changes of names since the last sync
	ops     int
	stop    int // the operation at which the power fails; 0: none
	fail    func(Op) error
	rng     *rand.Rand
}

var _ store.FS = (*Disk)(nil)

// New returns an empty disk; seed decides what becomes of unsynced writes.
func New(seed uint64) *Disk {
	return &Disk{
		names: map[string]*inode{}, durable: map[string]*inode{},
		rng: rand.New(rand.NewPCG(seed, 1)),
	}
}

// Fail makes operations fail with what fail returns; nil heals the disk.
func (d *Disk) Fail(fail func(Op) error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fail = fail
}

// StopAt lets the power fail at operation n, counted from 1.
func (d *Disk) StopAt(n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.stop = n
}

// Ops is how many operations there have been, those that failed included.
func (d *Disk) Ops() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.ops
}

// op counts an operation on a file or name and decides whether it happens.
func (d *Disk) op(what, name string) error { return d.transfer(what, name, 0, 0) }

// transfer is op for size bytes at off.
func (d *Disk) transfer(what, name string, off int64, size int) error {
	d.ops++
	if d.stop > 0 && d.ops >= d.stop {
		return ErrPowerCut
	}
	if d.fail == nil {
		return nil
	}
	return d.fail(Op{N: d.ops - 1, What: what, Name: name, Off: off, Size: size})
}

// Cut returns the disk as it is found after a power cut. Of what was not
// synced, each sector is the old one, the new one, or torn; the latest
// changes of names may be missing.
func (d *Disk) Cut() *Disk {
	d.mu.Lock()
	defer d.mu.Unlock()
	after := New(d.rng.Uint64())
	names := maps.Clone(d.durable)
	for _, change := range d.journal[:d.rng.IntN(len(d.journal)+1)] {
		change(names)
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		data := names[name].cut(d.rng)
		after.names[name] = &inode{data: data, synced: bytes.Clone(data)}
	}
	after.durable = maps.Clone(after.names)
	return after
}

// Bytes returns what is in a file, nil if there is none.
func (d *Disk) Bytes(name string) []byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	if f := d.names[name]; f != nil {
		return bytes.Clone(f.data)
	}
	return nil
}

// SetBytes replaces a file, or makes it, as rot and operators do.
func (d *Disk) SetBytes(name string, data []byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f := &inode{data: bytes.Clone(data), synced: bytes.Clone(data)}
	d.names[name], d.durable[name] = f, f
}

// Names is for store.FS.
func (d *Disk) Names() ([]string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Sorted(maps.Keys(d.names)), nil
}

// Open is for store.FS.
func (d *Disk) Open(name string) (store.File, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.op("open", name); err != nil {
		return nil, err
	}
	f := d.names[name]
	if f == nil {
		return nil, fmt.Errorf("open %s: %w", name, fs.ErrNotExist)
	}
	f.reread(d.rng)
	return &file{disk: d, inode: f, name: name}, nil
}

// Create is for store.FS.
func (d *Disk) Create(name string, size int64) (store.File, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.op("create", name); err != nil {
		return nil, err
	}
	if d.names[name] != nil {
		return nil, fmt.Errorf("create %s: %w", name, fs.ErrExist)
	}
	f := &inode{data: make([]byte, size)}
	d.change(func(names map[string]*inode) { names[name] = f })
	return &file{disk: d, inode: f, name: name}, nil
}

// Rename is for store.FS.
func (d *Disk) Rename(from, to string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.op("rename", from); err != nil {
		return err
	}
	f := d.names[from]
	if f == nil {
		return fmt.Errorf("rename %s: %w", from, fs.ErrNotExist)
	}
	d.change(func(names map[string]*inode) {
		delete(names, from)
		names[to] = f
	})
	return nil
}

// Remove is for store.FS.
func (d *Disk) Remove(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.names[name] == nil {
		return fmt.Errorf("remove %s: %w", name, fs.ErrNotExist)
	}
	if err := d.op("remove", name); err != nil {
		return err
	}
	d.change(func(names map[string]*inode) { delete(names, name) })
	return nil
}

// change carries out a change of names, which is not durable yet.
func (d *Disk) change(c func(map[string]*inode)) {
	c(d.names)
	d.journal = append(d.journal, c)
}

// Sync is for store.FS.
func (d *Disk) Sync() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.op("syncdir", "."); err != nil {
		return err
	}
	d.durable, d.journal = maps.Clone(d.names), nil
	return nil
}

// Rot flips a bit of a file while it is open.
func (d *Disk) Rot(name string, at int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.names[name].data[at] ^= 1
}
